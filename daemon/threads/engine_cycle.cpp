#include "daemon/threads/engine_cycle.hpp"

#include <sched.h>

#include <algorithm>

#include "core/assert.hpp"

namespace margind::daemon {

EngineCycle::EngineCycle(core::Engine& engine, feeds::Clock* clock, InputSource* inputs,
                         EventSink& events, Published<EngineReport>* reports, QueryDesk* queries)
    : engine_(engine),
      clock_(clock),
      events_(&events),
      reports_(reports),
      queries_(queries),
      intake_(clock, inputs) {
    if (reports_ == nullptr) return;
    const core::RiskParameters& parameters = engine.parameters();
    reports_->for_each_buffer([&](EngineReport& report) {
        report.instruments.resize(parameters.instruments.size());
        report.sources.resize(parameters.sources.size());
    });
}

int EngineCycle::do_work() noexcept {
    int work = 0;
    while (work < kInputsPerCall && step()) ++work;
    if (clock_ != nullptr && reports_ != nullptr) {
        const core::Timestamp now = blocked() ? clock_->now() : sequencer().engine_time();
        if (now >= next_report_) report(now);
    }
    // Accounts may be looked at only between inputs, when every event of the last one is out.
    if (queries_ != nullptr && !event_waits_) work += queries_->work(engine_);
    return work;
}

// Takes the engine one input further. False when there is nothing to do, or events wait.
bool EngineCycle::step() noexcept {
    if (!hand_out() || !journal_has_room()) return false;
    const core::Input* const input = intake_.next();
    if (input == nullptr) return false;
    apply(*input);
    if (hand_out()) settle();
    return true;
}

core::Refusal EngineCycle::accept(core::Input& input) noexcept {
    carry_through();  // of an input that do_work() could not bring to its end
    intake_.precede(input, [this](const core::Input& timer) {
        while (!journal_has_room()) sched_yield();
        apply(timer);
        carry_through();
    });
    while (!journal_has_room()) sched_yield();
    const core::Refusal refusal = apply(input);
    carry_through();
    settle();
    return refusal;
}

void EngineCycle::carry_through() noexcept {
    while (!hand_out()) {
        MARGIND_ASSERT(tap_ != nullptr && !event_recorded_);  // the sink does not refuse
        sched_yield();
    }
}

bool EngineCycle::journal_has_room() noexcept {
    const bool was_full = journal_full_;
    journal_full_ = tap_ != nullptr && !tap_->has_room();
    if (!journal_full_) return true;
    if (!was_full) ++event_queue_full_total_;
    event_queue_was_full_ = true;
    return false;
}

core::Refusal EngineCycle::apply(const core::Input& input) noexcept {
    if (tap_ != nullptr) tap_->input(input);
    const std::uint64_t evaluations = engine_.evaluations();
    const core::Refusal refusal = engine_.apply(input);
    if (verdicts_ != nullptr) verdicts_->note(input, refusal);
    price_applied_ = input.kind == core::InputKind::price;
    if (price_applied_ && clock_ != nullptr) {
        const core::Duration latency = clock_->now() - input.receive_time;
        receive_to_applied_.record(latency);
        if (engine_.evaluations() - evaluations >= kGapEvaluations) gap_tick_.record(latency);
    }
    return refusal;
}

void EngineCycle::settle() noexcept {
    if (clock_ == nullptr || !engine_.unsettled()) return engine_.settle();
    const core::Timestamp begin = clock_->now();
    engine_.settle();
    repair_.record(clock_->now() - begin);
}

// Hands out what waits. False when the sink is full.
bool EngineCycle::hand_out() noexcept {
    while (event_waits_ || engine_.next_event(event_)) {
        event_recorded_ = event_recorded_ || tap_ == nullptr || tap_->event(event_);
        if (!event_recorded_ || !events_->try_publish(event_)) {
            if (!event_waits_) ++event_queue_full_total_;
            event_waits_ = true;
            event_queue_was_full_ = true;
            return false;
        }
        event_waits_ = event_recorded_ = false;
        if (event_.kind == core::EventKind::daemon_state) daemon_state_ = event_.daemon_state.to;
        if (price_applied_ && clock_ != nullptr) {
            receive_to_event_.record(clock_->now() - event_.receive_time);
        }
    }
    return true;
}

bool EngineCycle::idle() const noexcept {
    return !event_waits_ && !engine_.has_events() && !intake_.waits();
}

void EngineCycle::report(core::Timestamp now) noexcept {
    fill(reports_->writable());
    reports_->publish();
    event_queue_was_full_ = false;
    next_report_ = now + kReportEvery;
}

void EngineCycle::fill(EngineReport& report) const noexcept {
    report.engine = engine_.statistics();
    report.last_input_seq = sequencer().last_input_seq();
    report.engine_time = sequencer().engine_time();
    report.daemon_state = daemon_state_;
    report.event_queue_full = event_waits_ || event_queue_was_full_;
    report.event_queue_full_total = event_queue_full_total_;
    report.conflated_total = intake_.conflated();
    report.input_queue_depth = intake_.depth();
    report.event_queue_depth = events_->depth();
    report.wakeups_total = events_->wakeups();
    const core::MarketStage& market = engine_.market();
    for (std::uint32_t i = 0; i < report.instruments.size(); ++i) {
        report.instruments[i] = market.status(core::InstrumentId(i));
    }
    for (std::uint32_t i = 0; i < report.sources.size(); ++i) {
        report.sources[i] = market.status(core::SourceId(i));
    }
    report.receive_to_applied = receive_to_applied_;
    report.receive_to_event = receive_to_event_;
    report.bands = engine_.band_statistics();
    report.gap_tick = gap_tick_;
    report.repair = repair_;
}

}  // namespace margind::daemon
