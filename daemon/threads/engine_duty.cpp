#include "daemon/threads/engine_duty.hpp"

namespace margind::daemon {

int EngineDuty::do_work() {
    // Read before looking for work: whatever was queued before closing is then seen below.
    const bool closed = inputs_closed_.load(std::memory_order_acquire);
    const int work = cycle_.do_work();
    if (closed && work == 0 && cycle_.idle()) finished_.store(true, std::memory_order_release);
    return work;
}

void EngineDuty::park() {
    bell_.declare_asleep();
    const bool asked = queries_ != nullptr && queries_->asked();
    if (cycle_.blocked()) {
        bell_.wait(kLookAgain);
    } else if (cycle_.idle() && !asked && !inputs_closed_.load(std::memory_order_acquire)) {
        bell_.wait(clock_ != nullptr ? cycle_.until_timer(clock_->now()) : Sequencer::kTimerEvery);
    }
    bell_.declare_awake();
}

}  // namespace margind::daemon
