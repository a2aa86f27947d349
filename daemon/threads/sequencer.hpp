// Puts every input in its place: input_seq 1, 2, 3 ..., an engine_time that never decreases, and a
// timer input on every 100 ms of it. The order made here is *the* order: live it is the order in
// which the engine's thread dequeues, in a replay the order of the recorded times.
//
// Timers are a function of the inputs' times alone: before an input at time t come all timers due
// by t, each stamped with its own moment of the grid. That is what makes a replay equal to the run.
//
// Thread: the engine's. Cost: a few nanoseconds.
#pragma once

#include <cstdint>

#include "core/input.hpp"
#include "core/time.hpp"

namespace margind::daemon {

class Sequencer {
  public:
    static constexpr core::Duration kTimerEvery = core::Duration::from_ms(100);
    // A longer silence (a suspended machine, recordings of different days) is bridged: timers cover
    // its first ten minutes, and one more comes right before the next input.
    static constexpr core::Duration kSilenceCovered = core::Duration::from_seconds(600);

    // Whether a timer is due by `now`; then `timer` is it, stamped, and is to be applied before
    // anything else. Call until false.
    bool timer_due(core::Timestamp now, core::Input& timer) noexcept;

    // Stamps `input` as the next one, at max(`now`, the time before). Requires: no timer is due.
    void stamp(core::Input& input, core::Timestamp now) noexcept;

    // Goes on after this input of another process. Requires: none was stamped here.
    void resume(std::uint64_t last_input_seq, core::Timestamp engine_time) noexcept {
        last_input_seq_ = last_input_seq;
        engine_time_ = engine_time;
    }

    std::uint64_t last_input_seq() const noexcept { return last_input_seq_; }
    core::Timestamp engine_time() const noexcept { return engine_time_; }
    // When the next timer will be due; the epoch before the first call of timer_due().
    core::Timestamp next_timer() const noexcept { return next_timer_; }

  private:
    std::uint64_t last_input_seq_ = 0;
    core::Timestamp engine_time_;
    core::Timestamp next_timer_;    // on the grid; not stated: no time is known yet
    core::Timestamp silent_since_;  // of the last input that was not a timer
};

}  // namespace margind::daemon
