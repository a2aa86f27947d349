// Reads the records of one segment and checks each: its sum goes on from the record before, its
// number follows, what pads it is zero.
//
// Threads: one. Cost: about 1 GB/s; it reads in parts of 256 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/journal/record.hpp"
#include "daemon/journal/sealed_segment.hpp"

namespace margind::daemon {

struct JournalRecord {
    core::RecordHeader header;
    std::span<const std::byte> payload;  // until the reader's next call
    std::uint64_t offset = 0;            // of the record in its segment, uncompressed
};

class SegmentReader {
  public:
    enum class Step : std::uint8_t {
        record,
        end,       // nothing is written there yet, or only what is beyond the limit
        finished,  // a seal or close record was the last one
        invalid,   // what stands there is no record that follows from those before
        failed,    // the file cannot be read: error()
    };

    // Opens a segment and checks its header. Error code EBADMSG: that is none, or another one than
    // its name says.
    static IoError open(FileLayer& files, const std::string& folder, const SegmentFile& segment,
                        std::unique_ptr<SegmentReader>& reader);

    const core::SegmentHeader& header() const noexcept { return header_; }
    // Goes near the first record of that sequence, by the index: at most a frame before it.
    void seek(std::uint64_t sequence);

    // The next record, if its sequence is at most `limit`. After end and invalid the same place is
    // looked at again.
    Step next(JournalRecord& record,
              std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

    std::uint64_t offset() const noexcept { return offset_; }  // of the next record
    std::uint32_t crc() const noexcept { return crc_; }        // of the last one
    std::uint64_t next_sequence() const noexcept { return next_sequence_; }
    std::uint64_t records() const noexcept { return records_; }  // read so far
    SegmentBytes& bytes() noexcept { return *bytes_; }
    // How it was finished. Requires: next() said so.
    const core::RecordHeader& end_record() const noexcept { return last_; }
    const IoError& error() const noexcept { return error_; }
    // Why it is invalid.
    const std::string& reason() const noexcept { return reason_; }

  private:
    // At least `count` bytes at offset_, or what the file has of them.
    std::span<const std::byte> window(std::size_t count);
    void read_part(std::size_t count);
    bool nothing_there();
    Step look(JournalRecord& record, std::uint64_t limit);
    Step invalid(std::string reason);
    bool follows(const core::RecordHeader& header, std::span<const std::byte> padded);

    std::unique_ptr<SegmentBytes> bytes_;
    core::SegmentHeader header_;
    core::RecordHeader last_;
    std::uint64_t offset_ = core::kSegmentHeaderBytes;
    std::uint32_t crc_ = 0;
    std::uint64_t next_sequence_ = 0;
    std::uint64_t records_ = 0;
    bool from_the_start_ = true;  // so that records_ counts all
    bool finished_ = false;
    bool at_tail_ = false;  // the last look found nothing
    bool fresh_ = false;    // the buffer was read during this call
    std::vector<std::byte> buffer_;
    std::uint64_t buffer_at_ = 0;
    IoError error_;
    std::string reason_;
};

// Where the records of a segment stop without a close or seal record.
struct Tail {
    bool damaged = false;  // something was on disk there
    bool torn = false;     // something stands there that is no record, and may be half written
    std::string problem;   // of either: what and where; empty: nothing is written there yet
};

// Judges the place at which the reader said end or invalid (`step`) of the segment at `path`.
// `last`: the stream has none after it. It is damage where a later record proves that the place was
// on disk once, by a sum that follows from the record before it. Beside a writer a record may stand
// there by now: then `step` and `record` are what the reader says of it, and nothing is judged.
IoError judge_tail(SegmentReader& reader, const std::string& path, bool last,
                   SegmentReader::Step& step, JournalRecord& record, Tail& tail);

}  // namespace margind::daemon
