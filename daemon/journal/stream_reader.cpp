#include "daemon/journal/stream_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace margind::daemon {

StreamReader::StreamReader(FileLayer& files, std::string folder, core::JournalStream stream)
    : files_(files), folder_(std::move(folder)), stream_(stream) {}
StreamReader::~StreamReader() = default;

ReadStatus StreamReader::fail(std::string problem) {
    problem_ = std::move(problem);
    return ReadStatus::problem;
}

ReadStatus StreamReader::seek(std::uint64_t sequence) {
    problem_.clear();
    reader_.reset();
    by_name_ = false;
    next_sequence_ = wanted_ = sequence;
    return open_segment();
}

// The segment that has next_sequence_, or, behind a finished one, the one that begins with it.
ReadStatus StreamReader::open_segment() {
    std::vector<SegmentFile> segments;
    if (IoError error = list_segments(files_, folder_, stream_, segments)) return fail(error.text);
    const auto after = std::find_if(segments.begin(), segments.end(), [&](const SegmentFile& s) {
        return s.first_sequence > next_sequence_;
    });
    const bool none = after == segments.begin() ||
                      (by_name_ && std::prev(after)->first_sequence != next_sequence_);
    if (none) {
        if (after == segments.end()) return ReadStatus::end;
        return fail(fmt::format("{}/ has no {} {}: the oldest segment with later ones is {}",
                                folder_, to_text(stream_), next_sequence_, after->name));
    }
    file_ = *std::prev(after);
    if (IoError error = SegmentReader::open(files_, folder_, file_, reader_)) {
        return fail(error.text);
    }
    if (wanted_ > file_.first_sequence) reader_->seek(wanted_);
    return ReadStatus::record;
}

ReadStatus StreamReader::at_end(SegmentReader::Step& step, JournalRecord& record) {
    std::vector<SegmentFile> segments;
    if (IoError error = list_segments(files_, folder_, stream_, segments)) return fail(error.text);
    const bool last = segments.empty() || segments.back().first_sequence <= file_.first_sequence;
    Tail tail;
    if (IoError error =
            judge_tail(*reader_, folder_ + "/" + file_.name, last, step, record, tail)) {
        return fail(error.text);
    }
    if (tail.damaged) return fail(tail.problem);
    const bool gone_on =
        step == SegmentReader::Step::record || step == SegmentReader::Step::finished;
    return gone_on ? ReadStatus::record : ReadStatus::end;
}

ReadStatus StreamReader::next(JournalRecord& record, std::uint64_t limit) {
    if (!problem_.empty()) return ReadStatus::problem;
    for (;;) {
        if (reader_ == nullptr) {
            const ReadStatus opened = open_segment();
            if (opened != ReadStatus::record) return opened;
        }
        SegmentReader::Step step = reader_->next(record, limit);
        if (step == SegmentReader::Step::failed) return fail(reader_->error().text);
        if (step == SegmentReader::Step::end || step == SegmentReader::Step::invalid) {
            // Beside a writer this is where it has come to.
            if (reader_->next_sequence() > limit) return ReadStatus::end;
            const ReadStatus status = at_end(step, record);
            if (status != ReadStatus::record) return status;
        }
        if (step == SegmentReader::Step::finished) {
            next_sequence_ = reader_->next_sequence();
            by_name_ = true;
            reader_.reset();
        } else if (record.header.sequence >= wanted_) {
            next_sequence_ = reader_->next_sequence();
            return ReadStatus::record;
        }
    }
}

}  // namespace margind::daemon
