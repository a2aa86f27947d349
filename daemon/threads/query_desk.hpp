// Questions about accounts, asked by the cold thread and answered by the engine's thread in small
// slices between inputs, so that no tick waits for one. One is in flight at a time.
//
// Threads: the cold thread asks and collects; the engine's thread answers. Both sides hand the
// question over through `state_`. Memory: reserved at construction (about 300 KB).
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/engine/engine.hpp"
#include "daemon/report.hpp"

namespace margind::daemon {

class QueryDesk {
  public:
    static constexpr std::uint32_t kAccountsPerSlice = 64;

    QueryDesk();

    // Cold thread. False: one is in flight.
    bool ask(const AccountQuery& query);
    // Cold thread: the answer, ordered, or null while there is none. Valid until the next ask().
    const AccountQuery* collect();

    // Engine's thread.
    bool asked() const noexcept { return state_.load(std::memory_order_relaxed) == State::asked; }
    // Engine's thread: looks at no more than kAccountsPerSlice accounts; returns how many.
    int work(const core::Engine& engine) noexcept;

  private:
    enum class State : std::uint8_t { idle, asked, answered };

    void answer_one(const core::Engine& engine) noexcept;
    void consider(const core::AccountReport& report) noexcept;

    std::atomic<State> state_{State::idle};
    AccountQuery query_;           // whose side `state_` says
    std::uint32_t next_slot_ = 0;  // engine's thread: first account not looked at yet
};

// A desk for each shard: about one account, its owner's shard is asked; about the worst, all are.
// Thread: the cold thread's, but for what desk() gives to a shard's.
class QueryDesks {
  public:
    explicit QueryDesks(std::uint32_t shards);

    QueryDesk& desk(std::uint32_t shard) noexcept { return desks_[shard]; }
    // As a desk's.
    bool ask(const AccountQuery& query);
    const AccountQuery* collect();

  private:
    std::vector<QueryDesk> desks_;
    std::size_t first_ = 0;  // desks asked last
    std::size_t end_ = 0;
    std::vector<const AccountQuery*> answers_;  // so far
    AccountQuery merged_;
};

}  // namespace margind::daemon
