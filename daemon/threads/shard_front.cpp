#include "daemon/threads/shard_front.hpp"

#include <sched.h>

#include <algorithm>

#include "core/assert.hpp"
#include "core/shards/sharded_engine.hpp"

namespace margind::daemon {

ShardFront::ShardFront(const core::RiskParameters& parameters, const ShardOptions& options,
                       feeds::Clock* clock, InputSource* inputs, EventSink& events,
                       Published<EngineReport>* reports, QueryDesks& desks, Doorbell* bell)
    : clock_(clock),
      events_(&events),
      reports_(reports),
      board_(options.shards),
      intake_(clock, inputs),
      router_(options.shards, parameters.assets.size()),
      merge_(options.shards),
      taken_(options.shards),
      seen_(options.shards, 0) {
    for (std::uint32_t s = 0; s < options.shards; ++s) {
        lanes_.push_back(std::make_unique<ShardCycle>(
            parameters, core::Shard::Place{s, options.shards}, options.engine, options.queues,
            ShardCycle::Links{board_, clock, desks.desk(s), bell, options.idle,
                              waits_for_shards_}));
    }
    if (reports_ == nullptr) return;
    reports_->for_each_buffer([&](EngineReport& report) {
        report.instruments.resize(parameters.instruments.size());
        report.sources.resize(parameters.sources.size());
    });
}

int ShardFront::do_work() noexcept {
    int work = hand_out(kEventsPerCall);
    int inputs = 0;
    while (inputs < kInputsPerCall && step()) ++inputs;
    if (inputs > 0) work += hand_out(kEventsPerCall);
    if (clock_ != nullptr && reports_ != nullptr) {
        // Time goes on while nothing can be taken.
        const core::Timestamp now = inputs > 0 ? sequencer().engine_time() : clock_->now();
        if (now >= next_report_) report(now);
    }
    return work + inputs;
}

// Gives the shards one more input. False when there is none, or no room.
bool ShardFront::step() noexcept {
    if (event_waits_ || !has_room() || !journal_has_room()) return false;
    const core::Input* const input = intake_.next();
    if (input == nullptr) return false;
    distribute(*input);
    return true;
}

bool ShardFront::has_room() noexcept {
    return std::all_of(lanes_.begin(), lanes_.end(),
                       [](const auto& lane) { return lane->has_room(); });
}

bool ShardFront::journal_has_room() noexcept {
    const bool was_full = journal_full_;
    journal_full_ = tap_ != nullptr && !tap_->has_room();
    if (!journal_full_) return true;
    if (!was_full) ++event_queue_full_total_;
    event_queue_was_full_ = true;
    return false;
}

void ShardFront::distribute(const core::Input& input) noexcept {
    if (tap_ != nullptr) tap_->input(input);
    router_.route(input, routed_);
    for (const auto& lane : lanes_) lane->push(routed_);
    for (const auto& lane : lanes_) lane->wake();  // the first does not wait for the others' bells
}

core::Refusal ShardFront::accept(core::Input& input) noexcept {
    intake_.precede(input, [this](const core::Input& timer) {
        while (!journal_has_room()) sched_yield();
        distribute(timer);
        carry_through();
    });
    while (!journal_has_room()) sched_yield();
    distribute(input);
    carry_through();
    const std::uint32_t home = routed_.home == core::kEveryShard ? 0 : routed_.home;
    return lanes_[home]->shard().verdict();
}

// The shards' work on this thread, until all have passed the last input.
void ShardFront::carry_through() noexcept {
    while (!all_passed()) {
        for (const auto& lane : lanes_) lane->do_work();
        hand_out_all();
    }
    hand_out_all();
}

void ShardFront::hand_out_all() noexcept {
    while (hand_out(kEventsPerCall) > 0 || event_waits_) {
        if (!event_waits_) continue;
        MARGIND_ASSERT(tap_ != nullptr && !event_recorded_);  // the sink does not refuse
        sched_yield();
    }
}

void ShardFront::answer_to(UpdateVerdicts& verdicts) noexcept {
    for (std::uint32_t s = 0; s < shards(); ++s) lanes_[s]->answer_to(verdicts.lane(s));
}

std::uint64_t ShardFront::source_number(std::uint8_t origin) const noexcept {
    std::uint64_t last = 0;
    for (const auto& lane : lanes_) {
        last = std::max(last, lane->shard().engine().source_number(origin));
    }
    return last;
}

const core::Engine& ShardFront::engine() const noexcept {
    const std::uint32_t home = routed_.home == core::kEveryShard ? 0 : routed_.home;
    return lanes_[home]->shard().engine();
}

core::EngineStatistics ShardFront::statistics() const noexcept {
    core::EngineStatistics sum;
    for (const auto& lane : lanes_) core::add(sum, lane->shard().statistics());
    merge_.count(sum);
    return sum;
}

// Hands out what waits, in order. Returns how many events that were.
int ShardFront::hand_out(int events_max) noexcept {
    for (std::uint32_t s = 0; s < shards(); ++s) seen_[s] = board_.passed(s);
    int events = 0;
    for (; events < events_max; ++events) {
        if (!event_waits_) {
            if (!merge_.next(*this, event_)) break;
            event_taken_ = taken_[merge_.last_shard()];
        }
        event_recorded_ = event_recorded_ || tap_ == nullptr || tap_->event(event_);
        if (!event_recorded_ || !events_->try_publish(event_)) {
            if (!event_waits_) ++event_queue_full_total_;
            event_waits_ = true;
            event_queue_was_full_ = true;
            break;
        }
        event_waits_ = event_recorded_ = false;
        note_told();
    }
    // Written when it changes: every shard reads it after every input.
    if (const bool waits = merge_.holds_events(); waits != waits_) {
        waits_ = waits;
        waits_for_shards_.store(waits, std::memory_order_relaxed);
    }
    return events;
}

void ShardFront::note_told() noexcept {
    if (event_.kind == core::EventKind::daemon_state) daemon_state_ = event_.daemon_state.to;
    if (!event_taken_.of_price || clock_ == nullptr) return;
    const core::Timestamp now = clock_->now();
    receive_to_event_.record(now - event_.receive_time);
    merge_delay_.record(now - event_taken_.judged_at);
}

std::uint64_t ShardFront::passed(std::uint32_t shard) noexcept {
    return board_.passed(shard);
}

bool ShardFront::try_take(std::uint32_t shard, core::Event& event) noexcept {
    if (!lanes_[shard]->try_take(popped_)) return false;
    event = popped_.event;
    taken_[shard] = {popped_.judged_at, popped_.of_price};
    return true;
}

bool ShardFront::all_passed() const noexcept {
    for (std::uint32_t s = 0; s < shards(); ++s) {
        if (board_.passed(s) != sequencer().last_input_seq()) return false;
    }
    return true;
}

// Whether a shard has passed an input, or has handed out an event, since hand_out() looked.
bool ShardFront::shards_moved() const noexcept {
    for (std::uint32_t s = 0; s < shards(); ++s) {
        if (board_.passed(s) != seen_[s]) return true;
        if (!merge_.holds_event(s) && lanes_[s]->events_waiting() > 0) return true;
    }
    return false;
}

bool ShardFront::idle() const noexcept {
    if (event_waits_ || !all_passed() || merge_.holds_events()) return false;
    for (const auto& lane : lanes_) {
        if (lane->events_waiting() > 0) return false;
    }
    return !intake_.waits();
}

bool ShardFront::blocked() const noexcept {
    if (event_waits_ || journal_full_) return true;
    if (shards_moved() || idle()) return false;
    // More may come in while the shards are at work, if they have room for it.
    return !intake_.waits() || std::any_of(lanes_.begin(), lanes_.end(),
                                           [](const auto& lane) { return !lane->has_room(); });
}

bool ShardFront::load(std::span<const std::byte> state, std::string& problem) {
    for (const auto& lane : lanes_) {
        core::MemorySource source(state);
        if (!lane->load(source, problem)) return false;
    }
    merge_.go_on_after(lanes_[0]->shard().engine().event_seq());
    return true;
}

void ShardFront::ring_shards() noexcept {
    for (const auto& lane : lanes_) lane->ring();
}

void ShardFront::report(core::Timestamp now) noexcept {
    fill(reports_->writable());
    reports_->publish();
    event_queue_was_full_ = false;
    next_report_ = now + kReportEvery;
}

void ShardFront::fill(EngineReport& report) noexcept {
    report.engine = {};
    report.bands = {};
    report.receive_to_applied = {};
    report.gap_tick = {};
    report.repair = {};
    for (const auto& lane : lanes_) {
        const ShardReport& shard = lane->report();
        core::add(report.engine, shard.engine);
        core::add(report.bands, shard.bands);
        report.receive_to_applied.add(shard.receive_to_applied);
        report.gap_tick.add(shard.gap_tick);
        report.repair.add(shard.repair);
    }
    merge_.count(report.engine);
    const ShardReport& first = lanes_[0]->report();
    report.instruments.assign(first.instruments.begin(), first.instruments.end());
    report.sources.assign(first.sources.begin(), first.sources.end());
    report.last_input_seq = sequencer().last_input_seq();
    report.engine_time = sequencer().engine_time();
    report.daemon_state = daemon_state_;
    report.event_queue_full = event_waits_ || event_queue_was_full_;
    report.event_queue_full_total = event_queue_full_total_;
    report.conflated_total = intake_.conflated();
    report.input_queue_depth = intake_.depth();
    report.event_queue_depth = events_->depth();
    report.wakeups_total = events_->wakeups();
    report.receive_to_event = receive_to_event_;
    report.merge_delay = merge_delay_;
}

}  // namespace margind::daemon
