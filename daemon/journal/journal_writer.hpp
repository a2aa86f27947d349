// What the journal's thread writes with: both streams, in the order that makes them worth
// something.
//
//   JournalWriter writer(files, options, recover_journal(files, folder));
//   writer.append_epoch(...);
//   writer.append_input(...); writer.append_event(...); ...
//   if (!writer.commit()) tell everybody writer.failure();
//   durability.reached(writer.durable_input(), writer.durable_event());
//
// A failure is final. After it nothing more is written: what the disk has of the last batch is
// unknown, and trying again would turn "unknown" into "apparently there".
//
// Threads: one. Cost: an append copies and sums (about 100 ns); a commit is one write and one
// fdatasync for each stream that has something, inputs first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/journal/epoch.hpp"
#include "core/time.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/stream_writer.hpp"

namespace margind::daemon {

struct JournalWriterOptions {
    std::string folder;                               // locked by the caller
    std::uint64_t segment_bytes = 128 * 1024 * 1024;  // of a segment; more for one large record
    SessionId session{};                              // stands in every segment's header
};

class JournalWriter {
  public:
    // Requires: `from.problem` is empty.
    JournalWriter(FileLayer& files, JournalWriterOptions options, const JournalState& from);

    // `number` is above JournalState::last_epoch. First of all records; once for a writer.
    Append append_epoch(const core::EpochRecord& epoch, core::Timestamp now);
    // Payloads of encode_input and encode_event. Requires: numbers without holes, from
    // JournalState's next ones on. Append::no_space: nothing was taken, because no next segment
    // could be allocated; the same call may work later. `time` of an event: when it was made.
    Append append_input(std::uint64_t input_seq, core::Timestamp engine_time,
                        std::span<const std::byte> payload);
    Append append_event(std::uint64_t event_seq, core::Timestamp time,
                        std::span<const std::byte> payload);

    // What was appended is on disk, inputs before events. False: the writer has failed.
    bool commit();
    // Commits, and says in both streams that this was the end. Nothing may be appended afterwards.
    bool close(core::Timestamp now);

    // Everything up to these numbers is on disk (of this run and those before).
    std::uint64_t durable_input() const noexcept { return inputs_.durable(); }
    std::uint64_t durable_event() const noexcept { return events_.durable(); }
    // Bytes appended and not committed.
    std::size_t waiting_bytes() const noexcept;

    bool failed() const noexcept { return !failure_.empty(); }
    // What failed, at which file, and what to do; empty: nothing did.
    const std::string& failure() const noexcept { return failure_; }
    // Why the last append found no space; empty: it found some.
    const std::string& space_problem() const noexcept { return space_problem_; }

    // Free bytes of the folder's disk; the largest number if it cannot be told.
    std::uint64_t free_bytes() const;

  private:
    Append appended(StreamWriter& stream, core::RecordType type, std::uint64_t sequence,
                    core::Timestamp time, std::span<const std::byte> payload);
    bool fail(const IoError& error);

    FileLayer& files_;
    const JournalWriterOptions options_;
    StreamWriter inputs_;
    StreamWriter events_;
    std::uint32_t epoch_ = 0;  // of this run; 0: its record is still to come
    std::string failure_;
    std::string space_problem_;
};

}  // namespace margind::daemon
