// Reads one stream of a journal, record by record, across segments, plain or compressed, finished
// or still being written. Every record is checked: its sum, its place after the one before it, and
// that numbers have no holes.
//
// Threads: one for each reader; any number of readers beside the writer. Allocates; blocks on
// reads.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "core/journal/record.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/segment_reader.hpp"

namespace margind::daemon {

enum class ReadStatus : std::uint8_t {
    record,
    end,      // for now: what follows is not written yet, or is a torn tail
    problem,  // problem() says what; the reader stays where it is
};

class StreamReader {
  public:
    StreamReader(FileLayer& files, std::string folder, core::JournalStream stream);
    ~StreamReader();

    // Goes to the first record whose sequence is `sequence`; an epoch that begins there comes
    // before its input. Nothing there yet: end, and next() will find it once it is. Retention has
    // removed it: problem. Cost: reads at most one segment (of a compressed one a frame).
    ReadStatus seek(std::uint64_t sequence);

    // The next record, of whatever type, if its sequence is at most `limit`: what a writer is known
    // to have written (JournalWriter::durable_input and such). Without a limit: all there is.
    ReadStatus next(JournalRecord& record,
                    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

    const std::string& problem() const noexcept { return problem_; }
    // Of the segment the last record stands in.
    const std::string& segment() const noexcept { return file_.name; }
    // Its header. Requires: a record was read, or seek() found one.
    const core::SegmentHeader& segment_header() const { return reader_->header(); }

  private:
    ReadStatus open_segment();
    // What the end of a segment's valid records means, where more was asked for; or, beside a
    // writer, the record that stands there by now.
    ReadStatus at_end(SegmentReader::Step& step, JournalRecord& record);
    ReadStatus fail(std::string problem);

    FileLayer& files_;
    const std::string folder_;
    const core::JournalStream stream_;
    std::unique_ptr<SegmentReader> reader_;
    SegmentFile file_;                 // that reader_ reads
    std::uint64_t next_sequence_ = 1;  // whose record comes next
    bool by_name_ = false;             // the next segment is the one that begins there
    std::uint64_t wanted_ = 0;         // seek(): records before it are passed over
    std::string problem_;
};

}  // namespace margind::daemon
