// Layout `paired`: inputs on their way from the io thread to the engine's thread.
//
// Policy for "full": a price that may be overtaken waits in its source's slot, where newer ones
// replace it; its number takes one place in the queue, so all of them together take at most one per
// source. Everything else queues whole. When the queue has no room for a message, its session keeps
// it and stops reading (FeedInputs), until the engine has emptied half. A part of the queue is
// reserved for feed states and parameter batches, which cannot be refused; should the engine take
// nothing for so long that even that is used up, they wait in order in `backlog_` and every session
// waits behind them. Nothing is dropped.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/input.hpp"
#include "core/limits.hpp"
#include "core/parameters.hpp"
#include "daemon/queue.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/latest_slots.hpp"

namespace margind::daemon {

// What the queue carries: an input, or the number of a slot whose newest value is to be taken.
struct QueuedInput {
    core::SourceId slot;  // valid: `input` says nothing
    core::Input input;
};

class QueuedDelivery final : public Delivery, public InputSource {
  public:
    // `capacity`: places of the queue; raised where one message could need more. `to_engine` is
    // rung after each input when the engine's thread parks, and null when it does not.
    QueuedDelivery(const core::RiskParameters& parameters, std::size_t capacity,
                   Doorbell* to_engine);

    // io thread: Delivery.
    bool has_room(std::size_t count) noexcept override;
    bool conflates(core::SourceId source) const noexcept override;
    void price(const core::Input& input) noexcept override;
    void feed_state(const core::Input& input) noexcept override;
    void update(std::span<const core::Input> records) noexcept override;

    // io thread: a batch that must arrive in one piece (parameter changes). False while an earlier
    // one still waits in the backlog: try again.
    bool batch(std::span<const core::Input> inputs);
    // io thread: an input that may be refused but never conflates (recordings). False when full.
    bool try_whole(const core::Input& input) noexcept;
    // io thread: moves the backlog on. Returns how many inputs it moved.
    int flush_backlog() noexcept;
    bool backlog_empty() const noexcept { return backlog_.empty(); }
    bool half_empty() const noexcept { return depth() <= queue_.capacity() / 2; }

    // Engine's thread: InputSource.
    bool try_take(core::Input& input) noexcept override;

    // Any thread.
    std::size_t depth() const noexcept override { return queue_.depth(); }
    std::uint64_t conflated() const noexcept override { return slots_.conflated(); }

  private:
    static constexpr std::size_t kReserve = 1'024;
    static constexpr std::size_t kBacklogStates = 4'096;

    void push(const QueuedInput& item) noexcept;
    void remember(const core::Input& input) noexcept;

    BoundedQueue<QueuedInput> queue_;
    LatestSlots slots_;
    Doorbell* const to_engine_;
    QueuedInput taken_;                 // engine's thread
    std::vector<core::Input> backlog_;  // io thread
};

}  // namespace margind::daemon
