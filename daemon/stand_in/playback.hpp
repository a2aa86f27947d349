// When the tape's moments come to pass, and what time the venue says it is.
#pragma once

#include <cstdint>

#include "core/time.hpp"

namespace margind::daemon::stand_in {

// What the times inside the messages say.
enum class ExchangeClock : std::uint8_t {
    live,      // the moment at which the message is due to be sent
    recorded,  // the moment of the tape
};

// Maps tape time to real time. One for all venues of a process, so that they play in step.
class Playback {
  public:
    // speed: seconds of the tape per second; 0: as fast as the clients take it.
    Playback(double speed, ExchangeClock clock) : speed_(speed), clock_(clock) {}

    void start(core::Timestamp tape_origin, core::Timestamp now) {
        tape_origin_ = tape_origin;
        real_origin_ = now;
        started_ = true;
    }
    bool started() const { return started_; }
    bool unpaced() const { return speed_ <= 0; }
    core::Timestamp origin() const { return real_origin_; }

    // When a moment of the tape is due. Unpaced, the distances of the tape are kept: they order.
    // Requires: started().
    core::Timestamp due(core::Timestamp tape) const {
        const auto since = static_cast<double>((tape - tape_origin_).ns());
        const double scaled = unpaced() ? since : since / speed_;
        return real_origin_ + core::Duration::from_ns(static_cast<std::int64_t>(scaled));
    }
    // What a message of `tape`, sent at `now`, says. Never ahead of its sending on the live clock.
    core::Timestamp exchange_time(core::Timestamp tape, core::Timestamp now) const {
        if (clock_ == ExchangeClock::recorded) return tape;
        return unpaced() ? now : due(tape);
    }

  private:
    double speed_;
    ExchangeClock clock_;
    core::Timestamp tape_origin_;
    core::Timestamp real_origin_;
    bool started_ = false;
};

}  // namespace margind::daemon::stand_in
