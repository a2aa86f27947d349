#include "daemon/threads/engine_cycle.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace margind::daemon {

EngineCycle::EngineCycle(core::Engine& engine, feeds::Clock* clock, InputSource* inputs,
                         EventSink& events, Published<EngineReport>* reports, QueryDesk* queries)
    : engine_(engine),
      clock_(clock),
      inputs_(inputs),
      events_(&events),
      reports_(reports),
      queries_(queries) {
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
        const core::Timestamp now = event_waits_ ? clock_->now() : sequencer_.engine_time();
        if (now >= next_report_) report(now);
    }
    // Accounts may be looked at only between inputs, when every event of the last one is out.
    if (queries_ != nullptr && !event_waits_) work += queries_->work(engine_);
    return work;
}

// Takes the engine one input further. False when there is nothing to do, or events wait.
bool EngineCycle::step() noexcept {
    if (!hand_out()) return false;
    if (!holds_input_) holds_input_ = inputs_ != nullptr && inputs_->try_take(held_);
    if (clock_ == nullptr && !holds_input_) return false;
    const core::Timestamp now = clock_ != nullptr ? clock_->now() : held_.receive_time;
    if (core::Input timer; sequencer_.timer_due(now, timer)) {
        apply(timer);
    } else {
        if (!holds_input_) return false;
        holds_input_ = false;
        sequencer_.stamp(held_, now);
        apply(held_);
    }
    if (hand_out()) settle();
    return true;
}

core::Refusal EngineCycle::accept(core::Input& input) noexcept {
    const core::Timestamp now = clock_ != nullptr ? clock_->now() : input.receive_time;
    for (core::Input timer; sequencer_.timer_due(now, timer);) {
        apply(timer);
        MARGIND_ASSERT(hand_out());
    }
    sequencer_.stamp(input, now);
    const core::Refusal refusal = apply(input);
    MARGIND_ASSERT(hand_out());
    settle();
    return refusal;
}

core::Refusal EngineCycle::apply(const core::Input& input) noexcept {
    const std::uint64_t evaluations = engine_.evaluations();
    const core::Refusal refusal = engine_.apply(input);
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
        if (!events_->try_publish(event_)) {
            if (!event_waits_) ++event_queue_full_total_;
            event_waits_ = true;
            event_queue_was_full_ = true;
            return false;
        }
        event_waits_ = false;
        if (event_.kind == core::EventKind::daemon_state) daemon_state_ = event_.daemon_state.to;
        if (price_applied_ && clock_ != nullptr) {
            receive_to_event_.record(clock_->now() - event_.receive_time);
        }
    }
    return true;
}

bool EngineCycle::idle() const noexcept {
    return !holds_input_ && !event_waits_ && !engine_.has_events() &&
           (inputs_ == nullptr || inputs_->depth() == 0);
}

core::Duration InputCycle::until_timer(core::Timestamp now) const noexcept {
    const core::Timestamp next = sequencer().next_timer();
    if (!next.stated()) return Sequencer::kTimerEvery;
    return std::clamp(next - now, core::Duration(), Sequencer::kTimerEvery);
}

void EngineCycle::report(core::Timestamp now) noexcept {
    fill(reports_->writable());
    reports_->publish();
    event_queue_was_full_ = false;
    next_report_ = now + kReportEvery;
}

void EngineCycle::fill(EngineReport& report) const noexcept {
    report.engine = engine_.statistics();
    report.last_input_seq = sequencer_.last_input_seq();
    report.engine_time = sequencer_.engine_time();
    report.daemon_state = daemon_state_;
    report.event_queue_full = event_waits_ || event_queue_was_full_;
    report.event_queue_full_total = event_queue_full_total_;
    report.conflated_total = inputs_ != nullptr ? inputs_->conflated() : 0;
    report.input_queue_depth = inputs_ != nullptr ? inputs_->depth() : 0;
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
