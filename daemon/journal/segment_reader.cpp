#include "daemon/journal/segment_reader.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

constexpr std::size_t kPartBytes = 256 * 1024;

bool all_zero(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

std::string problem_of(core::SegmentHeaderProblem problem) {
    switch (problem) {
        case core::SegmentHeaderProblem::none:
            return "";
        case core::SegmentHeaderProblem::not_a_segment:
            return "is no journal segment of margind";
        case core::SegmentHeaderProblem::unknown_version:
            return "is of a journal version that this margind does not know: use a newer one";
        case core::SegmentHeaderProblem::damaged:
            return "is damaged: its header's checksum is wrong";
    }
    return "is damaged";
}

}  // namespace

IoError SegmentReader::open(FileLayer& files, const std::string& folder, const SegmentFile& segment,
                            std::unique_ptr<SegmentReader>& reader) {
    auto made = std::make_unique<SegmentReader>();
    if (IoError error = open_segment_bytes(files, folder, segment, made->bytes_)) return error;
    std::array<std::byte, core::kSegmentHeaderBytes> bytes{};
    std::size_t got = 0;
    if (IoError error = made->bytes_->read(0, bytes, got)) return error;
    core::SegmentHeader& header = made->header_;
    const auto problem = core::read_segment_header(bytes, header);
    if (problem != core::SegmentHeaderProblem::none) {
        return {EBADMSG, fmt::format("{}/{} {}", folder, segment.name, problem_of(problem))};
    }
    if (header.stream != segment.stream || header.first_sequence != segment.first_sequence) {
        return {EBADMSG,
                fmt::format("{}/{} is another segment than its name says: {} from {} on", folder,
                            segment.name, to_text(header.stream), header.first_sequence)};
    }
    made->crc_ = header.crc;
    made->next_sequence_ = header.first_sequence;
    reader = std::move(made);
    return {};
}

void SegmentReader::seek(std::uint64_t sequence) {
    const SealedIndex* const index = bytes_->index();
    if (index == nullptr) return;
    std::uint64_t begin = 0;
    for (const SealedFrame& frame : index->frames) {
        // Records of one sequence may begin in two frames: an epoch, and the input that follows it.
        if (frame.first_record != SealedFrame::kNone) {
            if (frame.sequence >= sequence) return;
            offset_ = begin + frame.first_record;
            crc_ = frame.previous_crc;
            next_sequence_ = frame.sequence;
            from_the_start_ = begin == 0;
        }
        begin += kFrameBytes;
    }
}

void SegmentReader::read_part(std::size_t count) {
    buffer_at_ = offset_;
    buffer_.resize(count);
    std::size_t got = 0;
    error_ = bytes_->read(buffer_at_, buffer_, got);
    buffer_.resize(error_ ? 0 : got);
}

std::span<const std::byte> SegmentReader::window(std::size_t count) {
    const std::uint64_t end = buffer_at_ + buffer_.size();
    if (offset_ < buffer_at_ || offset_ + count > end) {
        fresh_ = true;
        read_part(std::max(count, kPartBytes));
        // What cannot be read may lie behind what is asked for.
        if (error_) read_part(count);
    }
    const std::span<const std::byte> held = std::span(buffer_).subspan(offset_ - buffer_at_);
    return held.first(std::min(count, held.size()));
}

// Beside a writer this is asked again and again: a look at a few bytes, not at a whole part.
bool SegmentReader::nothing_there() {
    std::array<std::byte, core::kRecordHeaderBytes> head{};
    std::size_t got = 0;
    error_ = bytes_->read(offset_, head, got);
    return !error_ && all_zero(std::span(head).first(got));
}

SegmentReader::Step SegmentReader::invalid(std::string reason) {
    reason_ = std::move(reason);
    return Step::invalid;
}

bool SegmentReader::follows(const core::RecordHeader& header, std::span<const std::byte> padded) {
    const std::size_t bytes = core::kRecordHeaderBytes + header.length;
    if (core::record_crc(padded.first(bytes), crc_) != header.crc) {
        invalid("its checksum is wrong");
        return false;
    }
    if (!all_zero(padded.subspan(bytes))) {
        invalid("what pads it is not zero");
        return false;
    }
    if (header.sequence != next_sequence_) {
        invalid(fmt::format("its number is {} where {} is due", header.sequence, next_sequence_));
        return false;
    }
    const bool ends =
        header.type == core::RecordType::close || header.type == core::RecordType::seal;
    if (!ends) return true;
    const auto end = core::decode_end(padded.subspan(core::kRecordHeaderBytes, header.length));
    if (!end || (from_the_start_ && end->records != records_)) {
        invalid("it ends the segment with another number of records than there are");
        return false;
    }
    return true;
}

SegmentReader::Step SegmentReader::next(JournalRecord& record, std::uint64_t limit) {
    if (finished_) return Step::finished;
    if (at_tail_ && nothing_there()) return Step::end;
    if (at_tail_) buffer_.clear();
    fresh_ = false;
    Step step = look(record, limit);
    if (step != Step::record && !fresh_) {
        // What was read some time ago may have been written since.
        buffer_.clear();
        step = look(record, limit);
    }
    at_tail_ = step != Step::record;
    return step;
}

SegmentReader::Step SegmentReader::look(JournalRecord& record, std::uint64_t limit) {
    const std::span<const std::byte> head = window(core::kRecordHeaderBytes);
    if (error_) return Step::failed;
    if (all_zero(head)) return Step::end;
    core::RecordHeader header;
    if (head.size() < core::kRecordHeaderBytes ||
        !core::read_record_header(head.first<core::kRecordHeaderBytes>(), header_.stream, header)) {
        return invalid("its header is none");
    }
    if (header.sequence > limit) return Step::end;
    const std::size_t size = core::record_bytes(header.length);
    const std::span<const std::byte> padded = window(size);
    if (error_) return Step::failed;
    if (padded.size() < size) return invalid("the file ends within it");
    if (!follows(header, padded)) return Step::invalid;
    record = {header, padded.subspan(core::kRecordHeaderBytes, header.length), offset_};
    offset_ += size;
    crc_ = header.crc;
    last_ = header;
    ++records_;
    if (header.type == core::RecordType::input || header.type == core::RecordType::event) {
        ++next_sequence_;
    }
    finished_ = header.type == core::RecordType::close || header.type == core::RecordType::seal;
    return Step::record;
}

}  // namespace margind::daemon
