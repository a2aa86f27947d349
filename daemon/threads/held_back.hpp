// Layout `inline` with a journal whose durability is `group`: events wait on the one thread there
// is until they are on disk.
//
// Policy for "full": the thread waits for the disk; sockets are not read meanwhile. Nothing is
// dropped.
#pragma once

#include <sched.h>

#include <functional>
#include <utility>

#include "daemon/threads/event_queue.hpp"

namespace margind::daemon {

class HeldBackEvents final : public EventSink {
  public:
    // `hand_over` publishes what may leave and returns how many events that were.
    HeldBackEvents(EventQueue& queue, std::function<int()> hand_over)
        : queue_(queue), hand_over_(std::move(hand_over)) {}

    bool try_publish(const core::Event& event) noexcept override {
        while (!queue_.try_publish(event)) {
            if (hand_over_() == 0) sched_yield();
        }
        return true;
    }
    std::size_t depth() const noexcept override { return queue_.depth(); }
    std::uint64_t wakeups() const noexcept override { return 0; }

  private:
    EventQueue& queue_;
    const std::function<int()> hand_over_;
};

}  // namespace margind::daemon
