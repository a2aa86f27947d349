// Where the next input comes from, numbered and at its time: a timer when one is due, else what the
// source has. An input that was taken waits here for the timers that come before it.
//
// Thread: the engine's. Cost: a reading of the clock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/input.hpp"
#include "daemon/threads/input_cycle.hpp"
#include "daemon/threads/sequencer.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class Intake {
  public:
    // `clock` null: a replay; inputs carry their time in receive_time. `source` null: inputs come
    // through precede() only. Both outlive it.
    Intake(feeds::Clock* clock, InputSource* source) : clock_(clock), source_(source) {}

    // The next input, until the next call; null when there is none.
    const core::Input* next() noexcept;

    // For an input from elsewhere: `apply` is given all timers due before it, then it is stamped.
    template <class Apply>
    void precede(core::Input& input, Apply apply) noexcept {
        const core::Timestamp now = clock_ != nullptr ? clock_->now() : input.receive_time;
        while (sequencer_.timer_due(now, timer_)) apply(timer_);
        sequencer_.stamp(input, now);
    }

    void resume(std::uint64_t last_input_seq, core::Timestamp engine_time) noexcept {
        sequencer_.resume(last_input_seq, engine_time);
    }

    // Whether something waits, here or in the source.
    bool waits() const noexcept { return holds_ || depth() > 0; }
    std::size_t depth() const noexcept { return source_ != nullptr ? source_->depth() : 0; }
    std::uint64_t conflated() const noexcept {
        return source_ != nullptr ? source_->conflated() : 0;
    }
    const Sequencer& sequencer() const noexcept { return sequencer_; }

  private:
    feeds::Clock* const clock_;
    InputSource* const source_;
    Sequencer sequencer_;
    core::Input held_;
    core::Input timer_;
    bool holds_ = false;
};

}  // namespace margind::daemon
