// What the engine's thread does, whatever is behind it: one engine (engine_cycle.hpp) or shards
// with threads of their own (shard_front.hpp). It takes inputs, numbers them, and hands out events.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "core/input.hpp"
#include "core/time.hpp"
#include "daemon/journal/journal_tap.hpp"
#include "daemon/threads/sequencer.hpp"
#include "daemon/threads/update_verdicts.hpp"

namespace margind::daemon {

// Where a cycle takes inputs from.
class InputSource {
  public:
    virtual ~InputSource() = default;
    virtual bool try_take(core::Input& input) noexcept = 0;
    virtual std::size_t depth() const noexcept = 0;
    virtual std::uint64_t conflated() const noexcept = 0;
};

// Where it hands events to.
class EventSink {
  public:
    virtual ~EventSink() = default;
    virtual bool try_publish(const core::Event& event) noexcept = 0;  // false: full, ask later
    virtual std::size_t depth() const noexcept = 0;
    virtual std::uint64_t wakeups() const noexcept = 0;  // of whoever takes the events
};

class InputCycle {
  public:
    virtual ~InputCycle() = default;

    // Does a bounded amount of what there is to do; returns how much that was.
    virtual int do_work() noexcept = 0;
    // Straight through, on the calling thread: everything due before, then the input and its
    // events; waits while the journal has no room. Requires: a sink that never refuses. Returns the
    // verdict on the input.
    virtual core::Refusal accept(core::Input& input) noexcept = 0;
    // Whether there is nothing left: no input waits in the source or here, no event waits.
    virtual bool idle() const noexcept = 0;
    // Whether it waits for somebody else; nobody rings for it then, so look again soon.
    virtual bool blocked() const noexcept = 0;
    // How long until a timer is due; zero when it is already, kTimerEvery when unknown.
    core::Duration until_timer(core::Timestamp now) const noexcept;

    // From now on events go to `events`. Requires: no event waits.
    virtual void deliver_to(EventSink& events) noexcept = 0;
    // From now on every input and event is recorded. Requires: nothing runs on another thread.
    virtual void record_in(JournalTap& tap) noexcept = 0;
    // Goes on where another process ended: numbers and time. Requires: no input was taken.
    virtual void resume(std::uint64_t last_input_seq, core::Timestamp engine_time) noexcept = 0;
    // From now on verdicts on numbered account updates go to `verdicts`, which has a lane for each
    // shard. Requires: nothing runs on another thread.
    virtual void answer_to(UpdateVerdicts& verdicts) noexcept = 0;
    // The last number taken of a source of account updates; zero: none. Requires: nothing runs on
    // another thread.
    virtual std::uint64_t source_number(std::uint8_t origin) const noexcept = 0;
    virtual const Sequencer& sequencer() const noexcept = 0;
    // The engine that gave the last verdict. Requires: nothing runs on another thread.
    virtual const core::Engine& engine() const noexcept = 0;
};

}  // namespace margind::daemon
