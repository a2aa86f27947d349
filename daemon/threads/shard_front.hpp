// With `engine.shards` above 1: what the engine's thread does when shards have threads of their
// own. It numbers every input and gives it to all shards, and takes their events in the order in
// which one engine would have told them.
//
// Policy for full queues: while an event waits for the gateway, or a shard has no room, no further
// input is taken. Inputs then queue or conflate (queued_delivery.hpp). Where it is the gateway that
// has no room the report says so and the daemon is `degraded`. Nothing is lost. The shards' own
// queues are short, because a price that is in them cannot be overtaken any more.
//
// Thread: the engine's. The hot path allocates nothing; it reads the clock when it dequeues an
// input, and when an event of a price was handed over.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/shards/event_merge.hpp"
#include "daemon/published.hpp"
#include "daemon/report.hpp"
#include "daemon/threads/input_cycle.hpp"
#include "daemon/threads/intake.hpp"
#include "daemon/threads/shard_cycle.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

struct ShardOptions {
    std::uint32_t shards = 2;
    core::EngineOptions engine = {};
    ShardCycle::Queues queues = {};
    config::Idle idle = config::Idle::park;  // of the shards' threads
};

class ShardFront final : public InputCycle, private core::ShardOutlets {
  public:
    static constexpr int kInputsPerCall = 64;
    static constexpr int kEventsPerCall = 256;
    static constexpr core::Duration kReportEvery = core::Duration::from_ms(100);

    // `clock` null: a replay. `inputs` null: they come through accept() only. `reports` may be
    // null. `bell` is the front's own, null when it does not sleep. `desks`: one a shard. All
    // outlive it.
    ShardFront(const core::RiskParameters& parameters, const ShardOptions& options,
               feeds::Clock* clock, InputSource* inputs, EventSink& events,
               Published<EngineReport>* reports, QueryDesks& desks, Doorbell* bell);

    int do_work() noexcept override;
    // Requires: no shard has a thread yet.
    core::Refusal accept(core::Input& input) noexcept override;
    bool idle() const noexcept override;
    bool blocked() const noexcept override;
    void deliver_to(EventSink& events) noexcept override { events_ = &events; }
    void record_in(JournalTap& tap) noexcept override { tap_ = &tap; }
    void resume(std::uint64_t last_input_seq, core::Timestamp engine_time) noexcept override {
        intake_.resume(last_input_seq, engine_time);
    }
    // Every shard takes its own owners' accounts from the state of one engine. Requires: nothing
    // was taken yet, and no shard has a thread. False: `problem` says why, as Engine::restore.
    bool load(std::span<const std::byte> state, std::string& problem);
    void answer_to(UpdateVerdicts& verdicts) noexcept override;
    std::uint64_t source_number(std::uint8_t origin) const noexcept override;
    const Sequencer& sequencer() const noexcept override { return intake_.sequencer(); }
    const core::Engine& engine() const noexcept override;

    // Of all shards. Requires: none has a thread.
    core::EngineStatistics statistics() const noexcept;

    // For threads: the shards' cycles, which end when they are closed. Requires of close(): idle().
    std::uint32_t shards() const noexcept { return static_cast<std::uint32_t>(lanes_.size()); }
    ShardCycle& lane(std::uint32_t shard) noexcept { return *lanes_[shard]; }
    // Any thread: there may be a question.
    void ring_shards() noexcept;

  private:
    std::uint64_t passed(std::uint32_t shard) noexcept override;
    bool try_take(std::uint32_t shard, core::Event& event) noexcept override;

    bool step() noexcept;
    bool has_room() noexcept;
    bool journal_has_room() noexcept;
    void distribute(const core::Input& input) noexcept;
    void carry_through() noexcept;
    void hand_out_all() noexcept;
    int hand_out(int events_max) noexcept;
    void note_told() noexcept;
    bool all_passed() const noexcept;
    bool shards_moved() const noexcept;
    void report(core::Timestamp now) noexcept;
    void fill(EngineReport& report) noexcept;

    // Constant after construction.
    feeds::Clock* const clock_;
    EventSink* events_;
    Published<EngineReport>* const reports_;
    JournalTap* tap_ = nullptr;  // null: there is no journal
    AtomicBoard board_;
    alignas(core::kCacheLine) std::atomic<bool> waits_for_shards_{false};  // shards read it
    std::vector<std::unique_ptr<ShardCycle>> lanes_;
    // The engine's thread's.
    alignas(core::kCacheLine) Intake intake_;
    core::InputRouter router_;
    core::ShardInput routed_;
    core::EventMerge merge_;
    struct Taken {  // of the event that the merge holds of a shard
        core::Timestamp judged_at;
        bool of_price = false;
    };
    std::vector<Taken> taken_;
    std::vector<std::uint64_t> seen_;  // how far each shard was at the last look
    ShardEvent popped_;
    bool waits_ = false;  // what waits_for_shards_ says
    core::Event event_;   // fetched from the merge, not taken by the sink yet
    Taken event_taken_;
    bool event_waits_ = false;
    bool event_recorded_ = false;  // `event_` is, it waits for the sink alone
    bool journal_full_ = false;    // an input waits for the journal
    core::DaemonState daemon_state_ = core::DaemonState::warming;
    std::uint64_t event_queue_full_total_ = 0;
    bool event_queue_was_full_ = false;  // since the last report
    core::Timestamp next_report_;
    LatencyHistogram receive_to_event_;
    LatencyHistogram merge_delay_;
};

}  // namespace margind::daemon
