// Layout `paired`: the engine's duty cycle as a thread of its own, which can sleep and which ends
// when its inputs have.
#pragma once

#include <atomic>

#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "daemon/threads/input_cycle.hpp"
#include "daemon/threads/query_desk.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class EngineDuty final : public DutyCycle {
  public:
    // `clock` null: a replay, which needs no timers while it sleeps. All outlive the duty.
    EngineDuty(InputCycle& cycle, feeds::Clock* clock, QueryDesk* queries, Doorbell& bell)
        : cycle_(cycle), clock_(clock), queries_(queries), bell_(bell) {}

    // Any thread: no input will be queued from now on. The engine finishes what is queued.
    void close_inputs() noexcept {
        inputs_closed_.store(true, std::memory_order_release);
        bell_.ring();
    }
    // Engine's thread; when it says true to another, all its events are in the event queue.
    bool finished() const override { return finished_.load(std::memory_order_acquire); }

    int do_work() override;
    void park() override;

  private:
    // While events wait for room nobody rings: look again soon.
    static constexpr core::Duration kLookAgain = core::Duration::from_ms(1);

    InputCycle& cycle_;
    feeds::Clock* const clock_;
    QueryDesk* const queries_;
    Doorbell& bell_;
    std::atomic<bool> inputs_closed_{false};  // written by the io thread
    std::atomic<bool> finished_{false};       // written by the engine's thread
};

}  // namespace margind::daemon
