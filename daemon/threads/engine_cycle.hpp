// The engine's duty cycle: hand out the events that wait, take the next input, stamp it, apply it,
// hand out its events; report; answer a slice of a question. The same code runs live and in a
// replay, on a thread of its own or on the io thread.
//
// Policy for full event queues: while an event waits no further input is taken. Inputs then queue
// or conflate (queued_delivery.hpp); the report says so and the daemon is `degraded`. Nothing is
// lost.
//
// Thread: the engine's. The hot path allocates nothing; it reads the clock when it dequeues an
// input, when a price has been judged, and when an event of a price was handed over (22 ns each).
#pragma once

#include <cstdint>

#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "core/input.hpp"
#include "daemon/published.hpp"
#include "daemon/report.hpp"
#include "daemon/threads/input_cycle.hpp"
#include "daemon/threads/intake.hpp"
#include "daemon/threads/query_desk.hpp"
#include "daemon/threads/sequencer.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class EngineCycle final : public InputCycle {
  public:
    static constexpr int kInputsPerCall = 64;
    static constexpr core::Duration kReportEvery = core::Duration::from_ms(100);

    // `clock` null: a replay; inputs carry their time in receive_time. `inputs` null: they come
    // through accept() only. `reports` and `queries` may be null. All outlive the cycle.
    EngineCycle(core::Engine& engine, feeds::Clock* clock, InputSource* inputs, EventSink& events,
                Published<EngineReport>* reports, QueryDesk* queries);

    // Up to kInputsPerCall inputs, then a report if it is time, then a slice of a question.
    // Returns how much there was to do.
    int do_work() noexcept override;

    core::Refusal accept(core::Input& input) noexcept override;
    bool idle() const noexcept override;
    bool blocked() const noexcept override { return event_waits_ || journal_full_; }
    void deliver_to(EventSink& events) noexcept override { events_ = &events; }
    void record_in(JournalTap& tap) noexcept override { tap_ = &tap; }
    void resume(std::uint64_t last_input_seq, core::Timestamp engine_time) noexcept override {
        intake_.resume(last_input_seq, engine_time);
    }
    void answer_to(UpdateVerdicts& verdicts) noexcept override { verdicts_ = &verdicts.lane(0); }
    std::uint64_t source_number(std::uint8_t origin) const noexcept override {
        return engine_.source_number(origin);
    }
    const Sequencer& sequencer() const noexcept override { return intake_.sequencer(); }
    const core::Engine& engine() const noexcept override { return engine_; }

  private:
    bool step() noexcept;
    bool journal_has_room() noexcept;
    void carry_through() noexcept;
    core::Refusal apply(const core::Input& input) noexcept;
    void settle() noexcept;
    bool hand_out() noexcept;
    void report(core::Timestamp now) noexcept;
    void fill(EngineReport& report) const noexcept;

    // Constant after construction.
    core::Engine& engine_;
    feeds::Clock* const clock_;
    EventSink* events_;
    VerdictLane* verdicts_ = nullptr;
    Published<EngineReport>* const reports_;
    QueryDesk* const queries_;
    JournalTap* tap_ = nullptr;  // null: there is no journal
    // The engine's thread's.
    Intake intake_;
    core::Event event_;  // fetched from the engine, not taken by the sink yet
    bool event_waits_ = false;
    bool event_recorded_ = false;  // `event_` is, it waits for the sink alone
    bool journal_full_ = false;    // an input waits for the journal
    bool price_applied_ = false;   // the last input was a price: its events' latency counts
    core::DaemonState daemon_state_ = core::DaemonState::warming;
    std::uint64_t event_queue_full_total_ = 0;
    bool event_queue_was_full_ = false;  // since the last report
    core::Timestamp next_report_;
    LatencyHistogram receive_to_applied_;
    LatencyHistogram receive_to_event_;
    LatencyHistogram gap_tick_;
    LatencyHistogram repair_;
};

}  // namespace margind::daemon
