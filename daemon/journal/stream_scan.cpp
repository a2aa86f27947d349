#include "daemon/journal/stream_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/journal/event_codec.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {
namespace {

Cut cut_at(std::size_t segment, const SegmentReader& reader, core::Timestamp time) {
    return {.segment = segment,
            .offset = reader.offset(),
            .next_sequence = reader.next_sequence(),
            .records = reader.records(),
            .crc = reader.crc(),
            .time = time};
}

// Whether there is anything but zeros behind `offset`.
IoError anything_behind(SegmentBytes& bytes, std::uint64_t offset, bool& something) {
    something = false;
    std::vector<std::byte> part(kFrameBytes);
    for (std::size_t got = part.size(); got == part.size() && !something; offset += got) {
        if (IoError error = bytes.read(offset, part, got)) return error;
        something = std::any_of(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got),
                                [](std::byte b) { return b != std::byte{0}; });
    }
    return {};
}

struct Walked {
    SegmentReader::Step step = SegmentReader::Step::end;
    Cut here;         // where it stopped
    Cut before_last;  // before the last record
    Tail tail;        // where it is not finished
};

IoError read_records(std::size_t i, SegmentReader& reader, const std::string& path, bool last,
                     Walked& walked) {
    using Step = SegmentReader::Step;
    JournalRecord record;
    walked.here = cut_at(i, reader, reader.header().created);
    for (;;) {
        walked.step = reader.next(record);
        if (walked.step == Step::end || walked.step == Step::invalid) {
            if (IoError error = judge_tail(reader, path, last, walked.step, record, walked.tail)) {
                return error;
            }
        }
        if (walked.step == Step::failed) return reader.error();
        if (walked.step != Step::record) return {};
        walked.before_last = walked.here;
        walked.here = cut_at(i, reader, record.header.time);
    }
}

// Lets a stream end with the segment before `i`, whose end record goes too: what takes its place
// can say that something is missing. With the first segment the whole stream goes.
IoError cut_before_segment(FileLayer& files, const std::string& folder, std::size_t i,
                           StreamScan& scan) {
    scan.end.reset();
    scan.cut = Cut();
    if (i == 0) {
        scan.cut->next_sequence = scan.segments[0].first_sequence;
        return {};
    }
    std::unique_ptr<SegmentReader> reader;
    if (IoError error = SegmentReader::open(files, folder, scan.segments[i - 1], reader)) {
        return error;
    }
    Walked walked;
    if (IoError error =
            read_records(i - 1, *reader, folder + "/" + scan.segments[i - 1].name, false, walked)) {
        return error;
    }
    scan.cut = walked.step == SegmentReader::Step::finished ? walked.before_last : walked.here;
    return {};
}

// One stream, segment by segment, up to its end or the first that is not as it should be.
class Scanner {
  public:
    Scanner(FileLayer& files, const std::string& folder, core::JournalStream stream,
            ScanDepth depth)
        : files_(files), folder_(folder), depth_(depth) {
        scan_.stream = stream;
    }

    StreamScan run() {
        if (IoError error = list_segments(files_, folder_, scan_.stream, scan_.segments)) {
            scan_.failure = error.text;
            return std::move(scan_);
        }
        if (!scan_.segments.empty()) scan_.next_sequence = scan_.segments[0].first_sequence;
        for (std::size_t i = 0; i < scan_.segments.size(); ++i) {
            if (!look_at(i)) break;
        }
        // What ends without one number has no seal that could say that something is missing.
        if (!scan_.damage.empty() && scan_.cut && holds_nothing(*scan_.cut)) {
            cut_before(scan_.cut->segment);
        }
        return std::move(scan_);
    }

  private:
    std::string path(std::size_t i) const { return folder_ + "/" + scan_.segments[i].name; }

    bool fail(const IoError& error) {
        scan_.failure = error.text;
        return false;
    }

    // From segment `i` on nothing counts.
    bool damaged_from(std::size_t i, std::string why) {
        scan_.damage = std::move(why);
        return cut_before(i);
    }

    bool cut_before(std::size_t i) {
        if (IoError error = cut_before_segment(files_, folder_, i, scan_)) return fail(error);
        return false;
    }

    bool look_at(std::size_t i) {
        const SegmentFile& segment = scan_.segments[i];
        if (segment.first_sequence != scan_.next_sequence) {
            return damaged_from(i, fmt::format("{} is not there: {} begins with {}",
                                               segment_name(scan_.stream, scan_.next_sequence),
                                               segment.name, segment.first_sequence));
        }
        std::unique_ptr<SegmentReader> reader;
        if (IoError error = SegmentReader::open(files_, folder_, segment, reader)) {
            return error.code == EBADMSG ? damaged_from(i, error.text) : fail(error);
        }
        if (i > 0 && reader->header().previous != scan_.sums.back()) {
            return damaged_from(i, fmt::format("{} is not the segment that {} follows: their "
                                               "SHA-256 differ",
                                               path(i - 1), segment.name));
        }
        if (i == 0) scan_.first_previous = reader->header().previous;
        scan_.epoch = std::max(scan_.epoch, reader->header().epoch);
        scan_.session = reader->header().session;
        const SealedIndex* const index = reader->bytes().index();
        const bool last = i + 1 == scan_.segments.size();
        if (index != nullptr && !last && depth_ == ScanDepth::quick) {
            scan_.next_sequence = index->next_sequence;
            scan_.sums.push_back(index->sum);
            return true;
        }
        return read_all(i, *reader, last);
    }

    bool read_all(std::size_t i, SegmentReader& reader, bool last) {
        Walked walked;
        const IoError error = read_records(i, reader, path(i), last, walked);
        scan_.next_sequence = reader.next_sequence();
        if (!error && walked.step == SegmentReader::Step::finished) {
            return finished(i, reader, walked.before_last);
        }
        scan_.cut = walked.here;
        scan_.end.reset();
        if (error && error.code != EBADMSG) return fail(error);
        if (error) {
            scan_.damage = error.text;
        } else if (walked.tail.damaged) {
            scan_.damage = walked.tail.problem;
        }
        return false;
    }

    bool holds_nothing(const Cut& cut) const {
        return cut.next_sequence == scan_.segments[cut.segment].first_sequence;
    }

    bool finished(std::size_t i, SegmentReader& reader, const Cut& before_end) {
        bool something = false;
        if (IoError error = anything_behind(reader.bytes(), reader.offset(), something)) {
            return fail(error);
        }
        if (something) {
            scan_.cut = before_end;
            scan_.damage = fmt::format(
                "{} is damaged at offset {}: something stands behind its last "
                "record",
                path(i), reader.offset());
            return false;
        }
        Sha256 sum{};
        const SealedIndex* const index = reader.bytes().index();
        if (IoError error = sum_of(reader.bytes(), reader.offset(), sum)) return fail(error);
        if (index != nullptr && index->sum != sum) {
            scan_.cut = before_end;
            scan_.damage = fmt::format("{} is damaged: its SHA-256 is {}, its index says {}",
                                       path(i), hex(sum), hex(index->sum));
            return false;
        }
        scan_.sums.push_back(sum);
        scan_.end = reader.end_record();
        scan_.end_offset = reader.offset();
        return true;
    }

    FileLayer& files_;
    const std::string& folder_;
    const ScanDepth depth_;
    StreamScan scan_;
};

// The first event of a segment, up to `end`, that an input beyond `last_input` made.
struct Orphan {
    std::optional<Cut> cut;
    std::uint64_t event = 0;
    std::uint64_t input = 0;
    bool first = false;        // it is the segment's first event
    bool was_on_disk = false;  // a record behind it says so
};

IoError find_orphan(FileLayer& files, const std::string& folder, const StreamScan& events,
                    std::size_t i, std::uint64_t end, std::uint64_t last_input, Orphan& orphan) {
    std::unique_ptr<SegmentReader> reader;
    if (IoError error = SegmentReader::open(files, folder, events.segments[i], reader))
        return error;
    JournalRecord record;
    core::Timestamp time = reader->header().created;
    bool any = false;
    while (reader->offset() < end) {
        const Cut here = cut_at(i, *reader, time);
        const SegmentReader::Step step = reader->next(record);
        if (step == SegmentReader::Step::failed) return reader->error();
        if (step != SegmentReader::Step::record) break;
        time = record.header.time;
        if (orphan.cut) {
            orphan.was_on_disk |=
                std::uint64_t{record.header.synced} * core::kBlockBytes > orphan.cut->offset;
            continue;
        }
        if (record.header.type != core::RecordType::event) continue;
        const std::optional<std::uint64_t> input = core::input_of_event(record.payload);
        if (!input) {
            return {EBADMSG, fmt::format("{}/{} holds no event at offset {}", folder,
                                         events.segments[i].name, record.offset)};
        }
        if (*input > last_input) {
            orphan = {.cut = here, .event = record.header.sequence, .input = *input, .first = !any};
        }
        any = true;
    }
    return {};
}

}  // namespace

IoError sum_of(SegmentBytes& bytes, std::uint64_t end, Sha256& sum) {
    Sha256Sum running;
    std::vector<std::byte> part(kFrameBytes);
    for (std::uint64_t at = 0; at < end;) {
        const std::span<std::byte> room =
            std::span(part).first(std::min<std::uint64_t>(part.size(), end - at));
        std::size_t got = 0;
        if (IoError error = bytes.read(at, room, got)) return error;
        if (got == 0) return {EBADMSG, "a segment ends early"};
        running.add(room.first(got));
        at += got;
    }
    sum = running.finish();
    return {};
}

StreamScan scan_stream(FileLayer& files, const std::string& folder, core::JournalStream stream,
                       ScanDepth depth) {
    return Scanner(files, folder, stream, depth).run();
}

void cut_orphans(FileLayer& files, const std::string& folder, const StreamScan& inputs,
                 StreamScan& events) {
    const std::uint64_t last_input =
        (inputs.cut ? inputs.cut->next_sequence : inputs.next_sequence) - 1;
    // The end of a full segment, or of a run, is written once all events so far are on disk with
    // their inputs: those of later inputs say that what followed it is missing.
    const bool inputs_ended =
        inputs.segments.empty() || (inputs.end && inputs.end->flags == core::kSealFull);
    if (events.cut && events.cut->offset == 0) return;  // nothing is left of it
    std::size_t i = events.cut ? events.cut->segment + 1 : events.segments.size();
    std::uint64_t end = events.cut ? events.cut->offset : ~std::uint64_t{0};
    bool later = false;  // a segment behind this one holds nothing but such events
    while (i-- > 0) {
        Orphan orphan;
        if (IoError error = find_orphan(files, folder, events, i, end, last_input, orphan)) {
            if (error.code != EBADMSG) {
                events.failure = error.text;
                return;
            }
            events.damage = error.text;
            error = cut_before_segment(files, folder, i, events);
            if (error) events.failure = error.text;
            return;
        }
        end = ~std::uint64_t{0};
        if (!orphan.cut) break;
        if (later || orphan.was_on_disk || inputs_ended) {
            events.damage = fmt::format(
                "{}/{} has event {} of input {} at offset {}, and it was on disk; but the inputs "
                "end "
                "with {}",
                folder, events.segments[i].name, orphan.event, orphan.input, orphan.cut->offset,
                last_input);
        }
        events.cut = orphan.cut;
        events.end.reset();
        if (!orphan.first) break;
        later = true;
    }
    if (events.damage.empty() || !events.cut) return;
    const std::size_t cut = events.cut->segment;
    if (events.cut->next_sequence != events.segments[cut].first_sequence) return;
    if (IoError error = cut_before_segment(files, folder, cut, events)) events.failure = error.text;
}

}  // namespace margind::daemon
