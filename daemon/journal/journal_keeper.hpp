// Background work in a journal's folder, in small steps: removes what is older or more than is
// kept, makes the next segments ready, compresses sealed ones. It knows what to do from the folder
// alone, so it shares nothing with the writer's thread.
//
// Threads: one, not the journal's: a step may take tens of milliseconds. Blocks on reads and
// writes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"

namespace margind::daemon {

struct JournalKeeperOptions {
    std::string folder;
    std::uint64_t segment_bytes = 128 * 1024 * 1024;
    std::uint64_t retain_bytes = 0;  // of finished segments; 0: no limit
    core::Duration retain_for = core::Duration::from_seconds(30 * 86'400);
};

struct JournalKeeperReport {
    std::uint64_t segments_compressed = 0;
    std::uint64_t bytes_before = 0;  // of those, and after
    std::uint64_t bytes_after = 0;
    std::uint64_t segments_removed = 0;  // by retention
    std::uint64_t failures = 0;
    std::string last_failure;  // what, where and what to do; the work is tried again
};

class JournalKeeper {
  public:
    JournalKeeper(FileLayer& files, JournalKeeperOptions options);
    ~JournalKeeper();

    // One step: at most a MiB zeroed or compressed. Returns how much was done; 0: nothing is to do.
    // `oldest_snapshot`: the input up to which the oldest kept snapshot goes (0: there is none);
    // neither an input after it nor an event of such an input is removed.
    int do_work(core::Timestamp now, std::uint64_t oldest_snapshot);

    const JournalKeeperReport& report() const noexcept { return report_; }

  private:
    struct Work;

    std::string path(const std::string& name) const;
    IoError make_spares(bool& worked);
    IoError go_on_with_spare();
    IoError compress(bool& worked);
    IoError begin_sealing(core::JournalStream stream);
    IoError retain(core::Timestamp now, std::uint64_t oldest_snapshot, bool& worked);
    IoError may_go(const std::vector<SegmentFile>& segments, core::Timestamp now,
                   std::uint64_t oldest_snapshot, bool& goes);
    IoError finished_bytes(std::uint64_t& bytes);
    void drop_spare();
    void drop_sealer();

    FileLayer& files_;
    const JournalKeeperOptions options_;
    std::unique_ptr<Work> work_;  // the file in the making, if any
    JournalKeeperReport report_;
};

}  // namespace margind::daemon
