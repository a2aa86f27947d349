// What the engine's thread tells the cold thread, ten times a second: copies, never references.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "core/market/market_stage.hpp"
#include "core/time.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// Latencies in power-of-two buckets with 16 steps each: 6 % resolution, 1 ns to 4 min, fixed
// memory. What lies outside counts in the first or last bucket. One writer; readers copy.
class LatencyHistogram {
  public:
    void record(core::Duration latency) noexcept;
    void add(const LatencyHistogram& other) noexcept;  // what that one recorded, too
    std::uint64_t count() const noexcept { return count_; }
    core::Duration percentile(double p) const noexcept;  // upper edge of the bucket; p in [0, 1]
    core::Duration maximum() const noexcept { return core::Duration::from_ns(max_ns_); }
    double sum_seconds() const noexcept { return static_cast<double>(sum_ns_) * 1e-9; }

  private:
    static constexpr std::size_t kSteps = 16;
    static constexpr std::size_t kBuckets = 35 * kSteps;

    std::array<std::uint64_t, kBuckets> buckets_{};
    std::uint64_t count_ = 0;
    std::int64_t max_ns_ = 0;
    std::int64_t sum_ns_ = 0;
};

// A price is a gap tick when at least so many accounts had to be evaluated for it.
inline constexpr std::uint64_t kGapEvaluations = 1'000;

// A feed that is off because its key is not there is off by choice: the daemon is well without it.
inline bool off_without_key(const feeds::FeedStatistics& feed) {
    return feed.state == core::FeedState::down && feed.reason == core::FeedReason::no_credentials;
}

enum class RunState : std::uint8_t { warming, live, degraded, draining };

struct EngineReport {
    core::EngineStatistics engine;
    std::uint64_t last_input_seq = 0;
    core::Timestamp engine_time;
    core::DaemonState daemon_state = core::DaemonState::warming;
    bool event_queue_full = false;
    std::uint64_t event_queue_full_total = 0;  // times the engine had to wait for the gateway
    std::uint64_t conflated_total = 0;         // prices overtaken by a newer one of their source
    std::uint64_t input_queue_depth = 0;       // approximate
    std::uint64_t event_queue_depth = 0;       // approximate
    std::uint64_t wakeups_total = 0;           // parked consumers woken by the engine
    std::vector<core::InstrumentStatus> instruments;
    std::vector<core::SourceStatus> sources;
    core::BandStatistics bands;
    LatencyHistogram receive_to_applied;  // price in hand -> engine has judged everybody
    LatencyHistogram receive_to_event;    // price in hand -> event handed to the gateway
    LatencyHistogram gap_tick;            // receive_to_applied of prices that reached very many
    LatencyHistogram repair;              // guards set anew after the events of an input are out
    // A shard had judged its accounts -> its event left in order; empty with one engine.
    LatencyHistogram merge_delay;
};

// What the journal's thread tells the cold thread, ten times a second.
struct JournalReport {
    std::uint64_t commits = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;       // of payloads
    std::uint64_t full_total = 0;  // times there was no room on the disk
    std::uint64_t free_bytes = 0;
    std::uint64_t ring_bytes = 0;  // that wait
    std::uint64_t durable_input = 0;
    std::uint64_t durable_event = 0;
    bool disk_low = false;
    bool failed = false;
    LatencyHistogram commit;  // one write and sync of both streams
};

// What the shadow tells it (daemon/journal/shadow_cycle.hpp).
struct ShadowReport {
    std::uint64_t input_seq = 0;        // replayed up to
    std::uint64_t events_compared = 0;  // with those in the journal
    std::uint64_t snapshots = 0;        // written by this process
    std::uint64_t snapshot_input = 0;   // of the newest one there is
    std::uint64_t failures = 0;         // of writing, compressing or removing files
    bool diverged = false;              // a replay did not give the events that were told
    LatencyHistogram snapshot;          // time to write one
};

// A question to the engine's thread, answered in slices between inputs so that no tick waits for
// it. One is in flight at a time; the cold thread owns it while `state` is idle or done, the
// engine's thread while it is asked.
struct AccountRow {
    core::AccountReport report;
};

struct AccountDetail {
    bool found = false;
    core::AccountReport report;
    std::vector<core::BalanceRow> balances;
    std::vector<core::PositionRow> positions;
};

struct AccountQuery {
    enum class Kind : std::uint8_t { worst, one };
    Kind kind = Kind::worst;
    std::uint32_t limit = 10;  // worst: how many, at most kLimitMax
    core::AccountKey key;      // one
    static constexpr std::uint32_t kLimitMax = 1'000;

    // Answer. `worst` is ordered by health factor, lowest first, then by slot; accounts without a
    // requirement are left out. Each row says as of which input it is true.
    std::vector<AccountRow> worst;
    AccountDetail one;
};

}  // namespace margind::daemon
