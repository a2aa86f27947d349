#include "daemon/threads/intake.hpp"

namespace margind::daemon {

const core::Input* Intake::next() noexcept {
    if (!holds_) holds_ = source_ != nullptr && source_->try_take(held_);
    if (clock_ == nullptr && !holds_) return nullptr;
    const core::Timestamp now = clock_ != nullptr ? clock_->now() : held_.receive_time;
    if (sequencer_.timer_due(now, timer_)) return &timer_;
    if (!holds_) return nullptr;
    holds_ = false;
    sequencer_.stamp(held_, now);
    return &held_;
}

}  // namespace margind::daemon
