// Layout `paired`: events on their way from the engine's thread to the io thread.
#pragma once

#include "core/event.hpp"
#include "daemon/queue.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/input_cycle.hpp"

namespace margind::daemon {

class EventQueue final : public EventSink {
  public:
    // `to_io` is rung after each event when the io thread parks, and null when it does not.
    EventQueue(std::size_t capacity, Doorbell* to_io) : queue_(capacity), to_io_(to_io) {}

    // Engine's thread. Refuses when full; the engine then waits: see engine_cycle.hpp.
    bool try_publish(const core::Event& event) noexcept override {
        if (!queue_.try_push(event)) return false;
        if (to_io_ != nullptr) to_io_->ring();
        return true;
    }
    // io thread.
    bool try_take(core::Event& event) noexcept { return queue_.try_pop(event); }
    // Any thread.
    std::size_t depth() const noexcept override { return queue_.depth(); }
    std::uint64_t wakeups() const noexcept override {
        return to_io_ != nullptr ? to_io_->wakeups() : 0;
    }

  private:
    BoundedQueue<core::Event> queue_;
    Doorbell* const to_io_;
};

}  // namespace margind::daemon
