#include "daemon/threads/input_cycle.hpp"

#include <algorithm>

namespace margind::daemon {

core::Duration InputCycle::until_timer(core::Timestamp now) const noexcept {
    const core::Timestamp next = sequencer().next_timer();
    if (!next.stated()) return Sequencer::kTimerEvery;
    return std::clamp(next - now, core::Duration(), Sequencer::kTimerEvery);
}

}  // namespace margind::daemon
