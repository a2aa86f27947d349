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

ReadStatus StreamReader::at_end(SegmentReader::Step step) {
    std::vector<SegmentFile> segments;
    if (IoError error = list_segments(files_, folder_, stream_, segments)) return fail(error.text);
    const bool last = segments.empty() || segments.back().first_sequence <= file_.first_sequence;
    std::uint64_t proof = 0;
    if (last) {
        if (IoError error = find_proof_of_damage(reader_->bytes(), stream_, reader_->offset(),
                                                 reader_->crc(), proof)) {
            return fail(error.text);
        }
        if (proof == 0) return ReadStatus::end;
    }
    return fail(fmt::format(
        "{}/{} is damaged at offset {}: {}, and {}", folder_, file_.name, reader_->offset(),
        step == SegmentReader::Step::end ? "there is no record" : reader_->reason(),
        last ? fmt::format("the record at {} says that it was on disk", proof)
             : std::string("it is not the last segment")));
}

ReadStatus StreamReader::next(JournalRecord& record, std::uint64_t limit) {
    if (!problem_.empty()) return ReadStatus::problem;
    for (;;) {
        if (reader_ == nullptr) {
            const ReadStatus opened = open_segment();
            if (opened != ReadStatus::record) return opened;
        }
        const SegmentReader::Step step = reader_->next(record, limit);
        switch (step) {
            case SegmentReader::Step::record:
                if (record.header.sequence < wanted_) continue;
                next_sequence_ = reader_->next_sequence();
                return ReadStatus::record;
            case SegmentReader::Step::finished:
                next_sequence_ = reader_->next_sequence();
                by_name_ = true;
                reader_.reset();
                continue;
            case SegmentReader::Step::failed:
                return fail(reader_->error().text);
            case SegmentReader::Step::end:
            case SegmentReader::Step::invalid:
                // Beside a writer this is where it has come to.
                return reader_->next_sequence() > limit ? ReadStatus::end : at_end(step);
        }
    }
}

}  // namespace margind::daemon
