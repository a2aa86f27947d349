// The journal's duty cycle: every `commit_every` it takes what waits in the ring, writes both
// streams, syncs them, and says how far they are. A failure is final: from then on records are
// dropped, and Durability says that nobody may be told anything.
//
// Full disk: what has no room waits in the ring, which fills, and the engine takes no further
// input; room is looked for ten times a second. Nothing is lost.
//
// Thread: the journal's (`mg-journal`), which sleeps in between and is woken by nobody: the
// engine's thread makes no system call for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/time.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/record_ring.hpp"
#include "daemon/published.hpp"
#include "daemon/report.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class JournalCycle final : public DutyCycle {
  public:
    struct Options {
        core::Duration commit_every = core::Duration::from_ms(1);
        std::uint64_t free_low_bytes = 0;
    };
    // All outlive it. `to_io` is rung when something more may be told; null when nobody sleeps.
    JournalCycle(RecordRing& ring, JournalWriter& writer, Durability& durability,
                 feeds::Clock& clock, Doorbell* to_io, const Options& options);

    int do_work() override;
    bool finished() const override { return finished_; }
    void park() override;

    // Any thread: the daemon wants to end. Where the disk has no room for kEndsWithin, it does so
    // without what waits, as after a failure.
    void drain() noexcept { draining_.store(true, std::memory_order_relaxed); }
    // Any thread, once nothing more comes: what waits is written, then the streams are closed.
    void close() noexcept {
        closed_.store(true, std::memory_order_release);
        bell_.ring();
    }
    // The reader's (cold) thread.
    const JournalReport& report() noexcept { return reports_.read(); }

  private:
    // A batch is bounded so that the first records of a burst are not told late.
    static constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
    static constexpr core::Duration kEndsWithin = core::Duration::from_seconds(5);
    static constexpr core::Duration kLookAgain = core::Duration::from_ms(100);
    static constexpr core::Duration kLookAtDisk = core::Duration::from_seconds(1);

    int take_batch(core::Timestamp now);
    Append append(const RingRecord& record);
    void commit();
    void tell_progress();
    void note_full(core::Timestamp now);
    void look_at_disk(core::Timestamp now);
    void fail();
    void publish_report(core::Timestamp now);

    RecordRing& ring_;
    JournalWriter& writer_;
    Durability& durability_;
    feeds::Clock& clock_;
    Doorbell* const to_io_;
    const Options options_;
    Doorbell bell_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> closed_{false};
    Published<JournalReport> reports_;
    // The journal's thread's.
    bool finished_ = false;
    bool full_ = false;
    core::Timestamp full_while_draining_since_;  // not stated: it is not
    core::Timestamp next_try_;                   // to find room
    core::Timestamp next_look_;                  // at the disk
    core::Timestamp next_report_;
    JournalReport report_;
};

}  // namespace margind::daemon
