#include "daemon/review/chain.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "daemon/journal/sealed_segment.hpp"
#include "daemon/journal/segment_reader.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {
namespace {

class SegmentCheck {
  public:
    SegmentCheck(FileLayer& files, const std::string& folder, SegmentSeen& seen, bool last)
        : files_(files), folder_(folder), seen_(seen), last_(last) {}

    void run() {
        measure();
        if (IoError error = SegmentReader::open(files_, folder_, seen_.file, reader_)) {
            return problem(error.text);
        }
        seen_.header = reader_->header();
        read_records();
        if (seen_.problem.empty() && seen_.finished) sum();
    }

  private:
    std::string path() const { return folder_ + "/" + seen_.file.name; }
    void problem(std::string text) {
        if (seen_.problem.empty()) seen_.problem = std::move(text);
    }

    void measure() {
        std::unique_ptr<File> file;
        if (IoError error = open_segment_file(files_, folder_, seen_.file, file)) {
            return problem(error.text);
        }
        if (IoError error = file->size(seen_.file_bytes)) return problem(error.text);
    }

    void read_records() {
        using Step = SegmentReader::Step;
        JournalRecord record;
        Tail tail;
        Step step = Step::record;
        while (step == Step::record) {
            step = reader_->next(record);
            if (step == Step::end || step == Step::invalid) {
                if (IoError error = judge_tail(*reader_, path(), last_, step, record, tail)) {
                    return problem(error.text);
                }
            }
            if (step == Step::record) note(record);
        }
        seen_.next_sequence = reader_->next_sequence();
        if (step == Step::failed) return problem(reader_->error().text);
        if (step == Step::finished) {
            seen_.finished = true;
            seen_.closed = reader_->end_record().type == core::RecordType::close;
            seen_.seal_flags = reader_->end_record().flags;
            return;
        }
        if (tail.problem.empty()) return;
        seen_.torn = tail.torn && seen_.problem.empty();
        problem(std::move(tail.problem));
    }

    void note(const JournalRecord& record) {
        ++seen_.records;
        if (record.header.type == core::RecordType::epoch) {
            auto epoch = core::decode_epoch(record.payload);
            if (!epoch) return problem(path() + ": an epoch record that this margind cannot read");
            seen_.epochs.push_back({record.header.sequence, record.header.time, *std::move(epoch)});
            return;
        }
        if (!seen_.first_time.stated()) seen_.first_time = record.header.time;
        seen_.last_time = record.header.time;
        if (record.header.type == core::RecordType::event) {
            seen_.last_input = core::input_of_event(record.payload).value_or(0);
        } else if (core::Input input; core::decode_input(record.header.sequence, record.header.time,
                                                         record.payload, input)) {
            seen_.timer |= input.kind == core::InputKind::timer;
        }
    }

    void sum() {
        SegmentBytes& bytes = reader_->bytes();
        if (IoError error = bytes.size(seen_.bytes)) return problem(error.text);
        Sha256Sum sum;
        std::vector<std::byte> part(256UL * 1024);
        for (std::uint64_t at = 0; at < seen_.bytes;) {
            std::size_t got = 0;
            if (IoError error = bytes.read(at, part, got)) return problem(error.text);
            if (got == 0) break;
            sum.add(std::span(part).first(got));
            at += got;
        }
        seen_.sum = sum.finish();
        if (bytes.index() != nullptr && bytes.index()->sum != seen_.sum) {
            problem(fmt::format("{}: its SHA-256 is {}, and {} stands behind it", path(),
                                hex(seen_.sum), hex(bytes.index()->sum)));
        }
    }

    FileLayer& files_;
    const std::string& folder_;
    SegmentSeen& seen_;
    bool last_;
    std::unique_ptr<SegmentReader> reader_;
};

// What a segment's header says of the one before it.
void check_link(const std::string& folder, const SegmentSeen& before, SegmentSeen& seen) {
    if (!before.problem.empty() || !seen.problem.empty()) return;
    if (seen.header.previous != before.sum) {
        seen.problem = fmt::format(
            "{}/{}: says that the SHA-256 of {} was {}, and it is {}: one of the two was altered",
            folder, seen.file.name, before.file.name, hex(seen.header.previous), hex(before.sum));
    } else if (seen.file.first_sequence != before.next_sequence) {
        seen.problem = fmt::format(
            "{}/{}: begins with {}, and {} ends before {}: what was between "
            "is missing",
            folder, seen.file.name, seen.file.first_sequence, before.file.name,
            before.next_sequence);
    }
}

// The last segment that was asked for: what the one after it says.
void check_next_link(FileLayer& files, const std::string& folder, const SegmentFile& next,
                     SegmentSeen& seen) {
    if (!seen.problem.empty()) return;
    SegmentSeen after;
    after.file = next;
    std::unique_ptr<SegmentReader> reader;
    if (IoError error = SegmentReader::open(files, folder, next, reader)) {
        seen.problem = error.text;
        return;
    }
    after.header = reader->header();
    check_link(folder, seen, after);
    seen.problem = std::move(after.problem);
}

}  // namespace

bool read_chain(FileLayer& files, const std::string& folder, core::JournalStream stream,
                std::uint64_t sequence, std::vector<SegmentSeen>& segments, std::string& problem) {
    std::vector<SegmentFile> found;
    if (IoError error = list_segments(files, folder, stream, found)) {
        problem = error.text;
        return false;
    }
    const std::size_t first = segments.size();
    std::size_t i = 0;
    for (; i < found.size() && found[i].first_sequence <= sequence; ++i) {
        segments.emplace_back();
        SegmentSeen& seen = segments.back();
        seen.file = found[i];
        SegmentCheck(files, folder, seen, i + 1 == found.size()).run();
        if (segments.size() - first > 1) check_link(folder, segments[segments.size() - 2], seen);
    }
    if (i > 0 && i < found.size()) check_next_link(files, folder, found[i], segments.back());
    return true;
}

}  // namespace margind::daemon
