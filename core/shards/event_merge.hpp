// The events of all shards as one stream, in the order in which one engine would have told them: by
// input, and within one input failed audits, then the market's, then accounts' by their number,
// then the rest.
//
// Thread: whoever takes the shards' events. Cost: a look at every shard for each event. Memory: one
// event a shard.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/event.hpp"

namespace margind::core {

// Where each shard's events wait, in its order.
class ShardOutlets {
  public:
    virtual ~ShardOutlets() = default;
    // The last input all of whose events the shard has put there.
    virtual std::uint64_t passed(std::uint32_t shard) noexcept = 0;
    virtual bool try_take(std::uint32_t shard, Event& event) noexcept = 0;
};

class EventMerge {
  public:
    explicit EventMerge(std::uint32_t shards) : heads_(shards) {}

    // The next event, numbered. False: there is none, or a shard that could still have an earlier
    // one has not passed its input.
    bool next(ShardOutlets& outlets, Event& event) noexcept;

    // Numbers go on after this one. Requires: next() was not called.
    void go_on_after(std::uint64_t event_seq) noexcept { event_seq_ = event_seq; }

    // Whether events wait here for others to come before them.
    bool holds_events() const noexcept;
    bool holds_event(std::uint32_t shard) const noexcept { return heads_[shard].present; }
    // Whose the last event was.
    std::uint32_t last_shard() const noexcept { return last_shard_; }
    // Puts in what only the merge knows: how many events there have been.
    void count(EngineStatistics& statistics) const noexcept;

  private:
    struct Head {
        Event event;
        bool present = false;
        std::uint64_t passed = 0;  // read before the shard was found to have no event
    };

    void fill(ShardOutlets& outlets) noexcept;
    std::uint32_t first_shard() const noexcept;  // the one with the earliest event, or none
    void stamp(Event& event) noexcept;

    std::vector<Head> heads_;                                       // by shard
    std::array<std::uint32_t, kMarginStates> accounts_by_state_{};  // of a clock, so far
    std::uint64_t state_hash_ = 0;                                  // likewise, its sum
    std::uint32_t last_shard_ = 0;
    std::uint64_t event_seq_ = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(EventKind::count_)> events_by_kind_{};
};

}  // namespace margind::core
