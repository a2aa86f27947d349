// Where the engine's events go, by the stage of the start and the thread layout; EventQueue
// (event_queue.hpp) is the one between threads.
#pragma once

#include <sched.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/event.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/input_cycle.hpp"

namespace margind::daemon {

// Events made before the gateway listens: nobody can have missed them, but they are numbered.
class HeldEvents final : public EventSink {
  public:
    bool try_publish(const core::Event& event) noexcept override {
        events_.push_back(event);
        return true;
    }
    std::size_t depth() const noexcept override { return events_.size(); }
    std::uint64_t wakeups() const noexcept override { return 0; }
    const std::vector<core::Event>& events() const { return events_; }

  private:
    std::vector<core::Event> events_;
};

// Layout `inline`: events go straight to the gateway, which takes all of them until the journal has
// failed; then nobody may be told.
class GatewaySink final : public EventSink {
  public:
    GatewaySink(Gateway& gateway, const Durability& durability)
        : gateway_(gateway), durability_(durability) {}
    bool try_publish(const core::Event& event) noexcept override {
        if (durability_.event_may_leave(event.event_seq)) {
            gateway_.publish(event);
        } else {
            gateway_.fail();
        }
        return true;
    }
    std::size_t depth() const noexcept override { return 0; }
    std::uint64_t wakeups() const noexcept override { return 0; }

  private:
    Gateway& gateway_;
    const Durability& durability_;
};

// Layout `inline` with a journal whose durability is `group`: events wait on the one thread there
// is until they are on disk.
//
// Policy for "full": the thread waits for the disk; sockets are not read meanwhile. Nothing is
// dropped.
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
