// One stream of a journal being written: a batch in memory, the segment it goes to, and the change
// to the next segment.
//
// Threads: one. Lifetime: a run of the daemon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/journal/record.hpp"
#include "core/time.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {

enum class Append : std::uint8_t {
    done,
    no_space,  // nothing was taken; it may be tried again
    failed,    // for good
};

// Zeros from one offset to another, written and not yet synced: room that is really there, and
// whose use later costs no change of the file's own records.
IoError fill_with_zeros(File& file, std::uint64_t from, std::uint64_t to);

class StreamWriter {
  public:
    StreamWriter(FileLayer& files, std::string folder, core::JournalStream stream,
                 std::uint64_t segment_bytes, SessionId session, const StreamEnd& from);

    // Whether the next record needs another segment first.
    bool must_roll(std::size_t payload) const noexcept;
    // Ends the segment in use, if any, with a seal, and begins the next one, with room for a record
    // of `payload` bytes. Requires: nothing is waiting.
    Append roll(std::uint32_t epoch, core::Timestamp now, std::size_t payload, IoError& error);
    // Into the batch. Requires: !must_roll(payload.size()).
    void add(core::RecordType type, std::uint64_t sequence, core::Timestamp time,
             std::span<const std::byte> payload);
    // Writes the batch; on disk after sync().
    IoError write();
    IoError sync();
    // The last record: nothing can be added afterwards. Requires: nothing is waiting.
    IoError close(core::Timestamp now);

    std::uint64_t next_sequence() const noexcept { return next_sequence_; }
    std::uint64_t durable() const noexcept { return durable_; }
    std::size_t waiting_bytes() const noexcept { return batch_.size(); }
    bool unsynced() const noexcept { return synced_end_ != written_end_; }

  private:
    // The next segment before it is one.
    struct Spare {
        std::string path;
        std::unique_ptr<File> file;
        std::uint64_t bytes = 0;
    };
    void append_record(core::RecordHeader header, std::span<const std::byte> payload);
    IoError finish(core::RecordType type, core::Timestamp now);
    IoError take_spare(std::uint64_t bytes, Spare& spare);
    IoError begin_segment(std::uint32_t epoch, core::Timestamp now, Spare& spare);

    FileLayer& files_;
    const std::string folder_;
    const core::JournalStream stream_;
    const std::uint64_t segment_bytes_;
    const SessionId session_;

    std::unique_ptr<File> file_;     // of the segment in use
    std::uint64_t capacity_ = 0;     // bytes of it
    std::uint64_t written_end_ = 0;  // bytes written, header included
    std::uint64_t synced_end_ = 0;   // bytes known to be on disk
    std::uint64_t records_ = 0;      // in the segment, waiting ones included
    std::uint32_t crc_ = 0;          // of the last record
    Sha256Sum sum_;                  // of the segment, waiting records included
    Sha256 previous_{};              // of the segment before
    std::vector<std::byte> batch_;   // records to be written at written_end_
    std::uint64_t next_sequence_ = 1;
    std::uint64_t written_sequence_ = 0;  // last one written
    std::uint64_t durable_ = 0;           // last one on disk
};

}  // namespace margind::daemon
