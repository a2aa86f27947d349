// All shards on one thread, one after another: an engine as Engine is, for tests, benchmarks and
// replays. The daemon's shards have threads of their own: daemon/threads/shard_cycle.hpp.
//
// Thread: one writer owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/shards/event_merge.hpp"
#include "core/shards/shard.hpp"
#include "core/shards/shard_board.hpp"

namespace margind::core {

class ShardedEngine {
  public:
    // Requires: as Engine; 1 <= shards <= kShardsMax.
    ShardedEngine(const RiskParameters& parameters, std::uint32_t shards,
                  const EngineOptions& options = {});
    ~ShardedEngine();
    ShardedEngine(const ShardedEngine&) = delete;
    ShardedEngine& operator=(const ShardedEngine&) = delete;

    // As Engine::load; `open` gives the state once more for each shard.
    bool load(const std::function<std::unique_ptr<StateSource>()>& open, std::string& problem);
    std::uint64_t state_hash() const noexcept;
    std::uint64_t source_number(std::uint8_t origin) const noexcept;

    // As Engine's.
    Refusal apply(const Input& input) noexcept;
    bool next_event(Event& event) noexcept;
    void settle() noexcept;
    EngineStatistics statistics() const noexcept;

    const Shard& shard(std::uint32_t index) const noexcept { return *shards_[index]; }
    std::uint32_t shards() const noexcept { return static_cast<std::uint32_t>(shards_.size()); }

  private:
    class Outlets;

    bool advance(std::uint32_t shard) noexcept;

    PlainBoard board_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::unique_ptr<Outlets> outlets_;
    InputRouter router_;
    EventMerge merge_;
    ShardInput input_;
};

// Sums over shards; of events only the merge knows.
void add(EngineStatistics& sum, const EngineStatistics& shard) noexcept;

}  // namespace margind::core
