#include "daemon/threads/sequencer.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace margind::daemon {
namespace {

// The last moment of the timer grid that is not after `t`.
core::Timestamp grid_at_or_before(core::Timestamp t) noexcept {
    return core::Timestamp::from_ns(t.ns() - t.ns() % Sequencer::kTimerEvery.ns());
}

}  // namespace

bool Sequencer::timer_due(core::Timestamp now, core::Input& timer) noexcept {
    if (!next_timer_.stated()) {
        next_timer_ = grid_at_or_before(now) + kTimerEvery;
        silent_since_ = now;
        return false;
    }
    if (now < next_timer_) return false;
    if (next_timer_ - silent_since_ > kSilenceCovered) {
        next_timer_ = std::max(next_timer_, grid_at_or_before(now));
    }
    timer = core::Input::of(core::TimerInput{});
    timer.receive_time = next_timer_;
    const core::Timestamp silent_since = silent_since_;
    const core::Timestamp at = next_timer_;
    next_timer_ = next_timer_ + kTimerEvery;
    stamp(timer, at);
    silent_since_ = silent_since;  // a timer does not end the silence
    return true;
}

void Sequencer::stamp(core::Input& input, core::Timestamp now) noexcept {
    MARGIND_DEBUG_ASSERT(!next_timer_.stated() || now < next_timer_);
    engine_time_ = std::max(engine_time_, now);
    silent_since_ = engine_time_;
    input.input_seq = ++last_input_seq_;
    input.engine_time = engine_time_;
}

}  // namespace margind::daemon
