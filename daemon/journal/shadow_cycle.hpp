// The shadow: an engine of its own that follows the journal's files, makes every event again and
// compares it with the one that was told, byte for byte - a replay that never ends. From its engine
// snapshots are written, so that the live one never pauses; beside that it keeps the folder: next
// segments made ready, sealed ones compressed, old ones removed.
//
// A difference is a defect of margind or of the machine: it is told once, with both sides, and from
// then on no snapshot is written, since the older ones and the inputs are what can be trusted.
//
// Thread: its own (`mg-shadow`), at low priority; it reads what is on disk, and nobody waits for
// it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_keeper.hpp"
#include "daemon/journal/past.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "daemon/published.hpp"
#include "daemon/report.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class ShadowCycle final : public DutyCycle {
  public:
    struct Options {
        std::string folder;
        SessionId session{};
        core::Search search = core::Search::bands;
        core::Duration snapshot_every = core::Duration::from_seconds(600);
        JournalKeeperOptions keeper;
    };
    // All outlive it.
    ShadowCycle(FileLayer& files, const Durability& durability, feeds::Clock& clock,
                Options options);
    ~ShadowCycle() override;

    int do_work() override;
    bool finished() const override { return closed_.load(std::memory_order_acquire); }
    void park() override;

    // Any thread: end after the step at work.
    void close() noexcept {
        closed_.store(true, std::memory_order_release);
        bell_.ring();
    }
    // The reader's (cold) thread.
    const ShadowReport& report() noexcept { return reports_.read(); }

  private:
    static constexpr int kInputsPerCall = 4'096;
    static constexpr std::size_t kSnapshotsKept = 3;
    static constexpr int kNice = 10;
    static constexpr core::Duration kLookAgain = core::Duration::from_ms(100);

    struct Made {  // an event that is not compared yet
        std::uint64_t event_seq = 0;
        std::vector<std::byte> payload;
    };

    bool begin();
    int follow();
    int compare();
    void stop(const std::string& why);
    void differ(const Made& made, std::span<const std::byte> told);
    void snapshot_if_due(core::Timestamp now);
    void find_oldest_snapshot();
    void publish_report();

    FileLayer& files_;
    const Durability& durability_;
    feeds::Clock& clock_;
    const Options options_;
    Doorbell bell_;
    std::atomic<bool> closed_{false};
    Published<ShadowReport> reports_;
    // The shadow's thread's.
    JournalKeeper keeper_;
    Past past_;
    std::optional<StreamReader> told_;  // the event journal
    std::vector<Made> made_;            // bounded by a batch of the journal's thread
    std::size_t compared_ = 0;          // of `made_`
    bool lowered_ = false;              // the thread's priority is
    bool begun_ = false;
    bool stopped_ = false;  // the journal could not be followed
    core::Timestamp next_snapshot_;
    core::Timestamp next_report_;
    std::uint64_t oldest_snapshot_ = 0;
    ShadowReport report_;
};

}  // namespace margind::daemon
