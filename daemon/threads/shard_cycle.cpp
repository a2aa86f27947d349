#include "daemon/threads/shard_cycle.hpp"

#include <sched.h>

#include "core/assert.hpp"

namespace margind::daemon {

ShardCycle::ShardCycle(const core::RiskParameters& parameters, core::Shard::Place place,
                       const core::EngineOptions& options, Queues queues, const Links& links)
    : gap_evaluations_(kGapEvaluations / place.shards),
      shard_(parameters, place, links.board, options),
      links_(links),
      inputs_(queues.inputs),
      events_(queues.events) {
    if (place.index != 0) return;
    reports_.for_each_buffer([&](ShardReport& report) {
        report.instruments.resize(parameters.instruments.size());
        report.sources.resize(parameters.sources.size());
    });
}

void ShardCycle::push(const core::ShardInput& input) noexcept {
    const bool taken = inputs_.try_push(input);
    MARGIND_ASSERT(taken);  // the front made sure of its place
}

void ShardCycle::close() noexcept {
    closed_.store(true, std::memory_order_release);
    bell_.ring();
}

int ShardCycle::do_work() {
    int work = 0;
    while (work < kInputsPerCall && step()) ++work;
    if (links_.clock != nullptr && held_.input.engine_time >= next_report_) publish_report();
    // Accounts may be looked at only between inputs, when every event of the last one is out.
    if (!event_waits_) work += links_.desk.work(shard_.engine());
    return work;
}

// Takes the shard one input further. False when there is nothing to do, events wait for room, or
// this shard waits for others.
bool ShardCycle::step() noexcept {
    if (!hand_out()) return false;
    if (!holds_input_ && !inputs_.try_pop(held_)) return false;
    holds_input_ = true;
    const std::uint64_t evaluations = shard_.engine().evaluations();
    waits_ = !shard_.advance(held_);
    if (waits_) return false;
    applied_ = true;
    if (verdicts_ != nullptr && held_.home == shard_.index()) {
        verdicts_->note(held_.input, shard_.verdict());
    }
    out_.of_price = held_.input.kind == core::InputKind::price;
    out_.judged_at = {};
    if (out_.of_price && links_.clock != nullptr) {
        out_.judged_at = links_.clock->now();
        const core::Duration latency = out_.judged_at - held_.input.receive_time;
        receive_to_applied_.record(latency);
        if (shard_.engine().evaluations() - evaluations >= gap_evaluations_) {
            gap_tick_.record(latency);
        }
    }
    hand_out();
    return true;
}

// Hands out what waits, and with the last of it passes the input. False when there is no room.
bool ShardCycle::hand_out() noexcept {
    if (!applied_) return true;
    bool any = false;
    while (event_waits_ || shard_.next_event(out_.event)) {
        event_waits_ = !events_.try_push(out_);
        if (event_waits_) {
            if (any && links_.front != nullptr) links_.front->ring();
            return false;
        }
        any = true;
    }
    pass();
    // fence: pairs with the one in the front's Doorbell::declare_asleep(). Either the front sees
    // that this input is passed, or we see that it waits for that.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (links_.front != nullptr && (any || links_.front_waits.load(std::memory_order_relaxed))) {
        links_.front->ring();
    }
    settle();
    return true;
}

void ShardCycle::settle() noexcept {
    if (links_.clock == nullptr || !shard_.engine().unsettled()) return shard_.settle();
    const core::Timestamp begin = links_.clock->now();
    shard_.settle();
    repair_.record(links_.clock->now() - begin);
}

void ShardCycle::pass() noexcept {
    applied_ = holds_input_ = false;
    links_.board.pass(shard_.index(), held_.input.input_seq, shard_.engine().account_count());
}

void ShardCycle::publish_report() noexcept {
    ShardReport& report = reports_.writable();
    report.engine = shard_.statistics();
    report.bands = shard_.engine().band_statistics();
    report.receive_to_applied = receive_to_applied_;
    report.gap_tick = gap_tick_;
    report.repair = repair_;
    const core::MarketStage& market = shard_.engine().market();
    for (std::uint32_t i = 0; i < report.instruments.size(); ++i) {
        report.instruments[i] = market.status(core::InstrumentId(i));
    }
    for (std::uint32_t i = 0; i < report.sources.size(); ++i) {
        report.sources[i] = market.status(core::SourceId(i));
    }
    reports_.publish();
    next_report_ = held_.input.engine_time + kReportEvery;
}

void ShardCycle::park() {
    if (waits_ && ++yields_ < kYieldsMax) {  // for moments: another shard is at work on it
        sched_yield();
        return;
    }
    yields_ = 0;
    bell_.declare_asleep();
    if (event_waits_ || waits_) {
        bell_.wait(kLookAgain);
    } else if (inputs_.depth() == 0 && !links_.desk.asked() && !finished()) {
        bell_.wait(kLookAround);
    }
    bell_.declare_awake();
}

}  // namespace margind::daemon
