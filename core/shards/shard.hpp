// One of several engines that share a venue's accounts by owner. Each is a whole engine: it is
// given every input of the market, in the same order as the others, and so comes to the same prices
// and rates; of account updates it takes those of its own owners. Together they say what one engine
// would: docs/decisions/2026-11-21-shards.md.
//
// Two things need the others. A new account waits until all have passed the input before: only then
// is it known how many accounts there are, which is its number and whether there is room. A
// transfer between accounts of two shards waits until both have said whether their side is
// possible. A shard only ever waits for others to pass inputs before its own, or for the other side
// of the same transfer; the shard that is furthest behind waits for nobody, so some shard can
// always go on.
//
// Thread: one writer owns it; the board is all it shares.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "core/engine/engine.hpp"
#include "core/parameters.hpp"
#include "core/shards/shard_board.hpp"
#include "core/shards/shard_input.hpp"

namespace margind::core {

class Shard {
  public:
    struct Place {
        std::uint32_t index = 0;
        std::uint32_t shards = 1;
    };

    // Requires: as Engine; place.index < place.shards <= kShardsMax. Reserves memory for its share
    // of parameters.max_accounts, a quarter more, and takes more when owners fall unevenly.
    Shard(RiskParameters parameters, Place place, ShardBoard& board,
          const EngineOptions& options = {});

    // As Engine::load, of its own owners' accounts; it has passed the state's last input then.
    bool load(StateSource& source, std::string& problem);

    // Applies an input, or passes over one that is not its own. False: others must go further
    // first; call again with the same input. Requires: every event of the last one was fetched.
    // Allocates nothing for inputs of the market.
    bool advance(const ShardInput& input) noexcept;
    // What became of the last input; none where another shard answers for it.
    Refusal verdict() const noexcept { return verdict_; }

    // Fetches the next of this shard's events of the last input, not numbered yet: its accounts',
    // its part of a clock, and from the first shard all others. False when there is none left.
    bool next_event(Event& event) noexcept;
    void settle() noexcept { engine_.settle(); }

    // Its accounts, and those inputs it answers for: over all shards, every input once. How many
    // events there are is known to whoever numbers them.
    EngineStatistics statistics() const noexcept;
    const Engine& engine() const noexcept { return engine_; }
    std::uint32_t index() const noexcept { return place_.index; }

  private:
    bool is_linked(const ShardInput& input) const noexcept {
        return input.receiver != kNoShard &&
               (input.home == place_.index || input.receiver == place_.index);
    }
    bool advance_alone(const ShardInput& input) noexcept;
    bool advance_linked(const ShardInput& input) noexcept;
    bool count_others(std::uint64_t input_seq) noexcept;
    void answer(const ShardInput& input, Refusal refusal) noexcept;

    // Constant after construction.
    const Place place_;
    const std::uint32_t accounts_max_;  // of all shards
    ShardBoard& board_;

    Engine engine_;
    Refusal verdict_ = Refusal::none;
    LegVerdict leg_;              // the last one given
    std::uint32_t partner_ = 0;   // whom it was given to
    std::uint64_t answered_ = 0;  // inputs
    std::uint64_t refused_total_ = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(Refusal::count_)> refused_{};
};

}  // namespace margind::core
