// A shard's duty cycle: hand out the events that wait, take the next input, apply it; report;
// answer a slice of a question. With a lane: the queues between one shard and the front.
//
// Policy for full queues: while one of its events waits a shard takes no further input; its inputs
// then wait, and when there is no room for more the front takes none (shard_front.hpp). Nothing is
// lost.
//
// Thread: the shard's (`mg-shard-N`); what the front may call is said below. The hot path allocates
// nothing, and reads the clock when a price was judged.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/shards/shard.hpp"
#include "daemon/published.hpp"
#include "daemon/queue.hpp"
#include "daemon/report.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "daemon/threads/query_desk.hpp"
#include "daemon/threads/update_verdicts.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// How far every shard has come, for all to see.
class AtomicBoard final : public core::ShardBoard {
  public:
    explicit AtomicBoard(std::uint32_t shards) : entries_(shards) {}

    std::uint64_t passed(std::uint32_t shard) const noexcept override {
        // acquire: pairs with pass(). What the shard did before, and its accounts, are seen.
        return entries_[shard].passed.load(std::memory_order_acquire);
    }
    std::uint32_t accounts(std::uint32_t shard) const noexcept override {
        return entries_[shard].accounts.load(std::memory_order_relaxed);
    }
    void pass(std::uint32_t shard, std::uint64_t input_seq,
              std::uint32_t accounts) noexcept override {
        entries_[shard].accounts.store(accounts, std::memory_order_relaxed);
        entries_[shard].passed.store(input_seq, std::memory_order_release);
    }
    core::LegVerdict leg(std::uint32_t shard) const noexcept override {
        const std::uint64_t word = entries_[shard].leg.load(std::memory_order_acquire);
        return {word >> 8, static_cast<core::Refusal>(word & 0xFF)};
    }
    void put_leg(std::uint32_t shard, core::LegVerdict verdict) noexcept override {
        const std::uint64_t word =
            verdict.input_seq << 8 | static_cast<std::uint64_t>(verdict.refusal);
        entries_[shard].leg.store(word, std::memory_order_release);
    }

  private:
    struct alignas(core::kCacheLine) Entry {  // written by its shard
        std::atomic<std::uint64_t> passed{0};
        std::atomic<std::uint64_t> leg{0};  // input_seq << 8 | refusal
        std::atomic<std::uint32_t> accounts{0};
    };
    static_assert(static_cast<unsigned>(core::Refusal::count_) <= 0x100);
    std::vector<Entry> entries_;
};

// An event on its way to the front.
struct ShardEvent {
    core::Event event;
    core::Timestamp judged_at;  // when the shard had judged its accounts; not stated in a replay
    bool of_price = false;      // of an input that is a price
};

// What a shard tells the front, ten times a second.
struct ShardReport {
    core::EngineStatistics engine;
    core::BandStatistics bands;
    LatencyHistogram receive_to_applied;
    LatencyHistogram gap_tick;
    LatencyHistogram repair;
    std::vector<core::InstrumentStatus> instruments;  // of the first shard
    std::vector<core::SourceStatus> sources;          // of the first shard
};

class ShardCycle final : public DutyCycle {
  public:
    static constexpr int kInputsPerCall = 64;
    static constexpr core::Duration kReportEvery = core::Duration::from_ms(100);

    struct Queues {
        std::uint32_t inputs = 1'024;
        std::uint32_t events = 4'096;
    };
    // What it shares with others; all outlive it. `clock` null: a replay.
    struct Links {
        core::ShardBoard& board;
        feeds::Clock* clock;
        QueryDesk& desk;
        Doorbell* front;    // rung after events, and null when the front does not sleep
        config::Idle idle;  // the shard's own
        std::atomic<bool>& front_waits;  // the front holds events that wait for shards to pass
    };
    ShardCycle(const core::RiskParameters& parameters, core::Shard::Place place,
               const core::EngineOptions& options, Queues queues, const Links& links);

    // The shard's thread.
    int do_work() override;
    bool finished() const override { return closed_.load(std::memory_order_acquire); }
    void park() override;

    // The front's.
    bool has_room() noexcept { return inputs_.has_room(1); }
    void push(const core::ShardInput& input) noexcept;
    void wake() noexcept {  // after push()
        if (links_.idle == config::Idle::park) bell_.ring();
    }
    bool try_take(ShardEvent& event) noexcept { return events_.try_pop(event); }
    std::size_t events_waiting() const noexcept { return events_.depth(); }
    const ShardReport& report() noexcept { return reports_.read(); }
    // Where verdicts on numbered account updates go. Requires: the shard's thread is not running.
    void answer_to(VerdictLane& verdicts) noexcept { verdicts_ = &verdicts; }
    // Any thread: there is a question.
    void ring() noexcept { bell_.ring(); }
    // Any thread: end. Requires: every input was passed.
    void close() noexcept;
    // As Shard::load. Requires: the shard's thread is not running.
    bool load(core::StateSource& source, std::string& problem) {
        return shard_.load(source, problem);
    }
    // Requires: the shard's thread is not running.
    const core::Shard& shard() const noexcept { return shard_; }

  private:
    // While events wait for room nobody rings: look again soon.
    static constexpr core::Duration kLookAgain = core::Duration::from_ms(1);
    static constexpr core::Duration kLookAround = core::Duration::from_ms(100);
    static constexpr int kYieldsMax = 200;  // then whoever is waited for is not at work

    bool step() noexcept;
    bool hand_out() noexcept;
    void pass() noexcept;
    void settle() noexcept;
    void publish_report() noexcept;

    const std::uint64_t gap_evaluations_;  // its part of a gap tick's
    core::Shard shard_;
    const Links links_;
    VerdictLane* verdicts_ = nullptr;
    BoundedQueue<core::ShardInput> inputs_;
    BoundedQueue<ShardEvent> events_;
    Doorbell bell_;
    std::atomic<bool> closed_{false};
    Published<ShardReport> reports_;
    // The shard's thread's.
    core::ShardInput held_;  // taken, not passed yet
    bool holds_input_ = false;
    bool applied_ = false;  // `held_` is, its events may wait
    bool waits_ = false;    // for other shards
    int yields_ = 0;        // in a row
    ShardEvent out_;
    bool event_waits_ = false;
    core::Timestamp next_report_;
    LatencyHistogram receive_to_applied_;
    LatencyHistogram gap_tick_;
    LatencyHistogram repair_;
};

}  // namespace margind::daemon
