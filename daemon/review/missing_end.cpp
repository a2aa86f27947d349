#include "daemon/review/missing_end.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "daemon/journal/stream_scan.hpp"

namespace margind::daemon {
namespace {

// Full: more followed, or the daemon ended just then.
bool ends_full(std::span<const SegmentSeen> stream) {
    return !stream.empty() && stream.back().problem.empty() && stream.back().finished &&
           !stream.back().closed && stream.back().seal_flags == core::kSealFull;
}

class EndCheck {
  public:
    EndCheck(const std::string& folder, std::span<const SegmentSeen> inputs,
             std::span<const SegmentSeen> events)
        : folder_(folder), inputs_(inputs), events_(events) {}

    MissingEnd run(std::uint64_t last_snapshot) {
        check_inputs(last_snapshot);
        check_events();
        note_full(inputs_, core::JournalStream::inputs);
        note_full(events_, core::JournalStream::events);
        return std::move(found_);
    }

  private:
    static std::string successor(std::span<const SegmentSeen> stream, core::JournalStream kind) {
        return segment_name(kind, stream.back().next_sequence);
    }

    void check_inputs(std::uint64_t last_snapshot) {
        if (inputs_.empty()) {
            found_.problems.push_back(folder_ +
                                      ": has events and no inputs: its files inputs-* "
                                      "are missing");
            return;
        }
        const SegmentSeen& last = inputs_.back();
        if (!last.problem.empty()) return;
        // What is written after a full segment, or after a run, has its inputs behind it. Where a
        // segment is not finished, or was mended, a crash may have left what goes beyond it.
        const bool ended = ends_full(inputs_) || last.closed;
        std::string proof;
        if (ended && last_snapshot >= last.next_sequence) {
            proof = fmt::format("there is a snapshot after input {}", last_snapshot);
        }
        for (const SegmentSeen& segment : events_) {
            if (!segment.problem.empty() || !proof.empty()) break;
            if (segment.header.epoch > last.header.epoch) {
                proof = fmt::format("{} is of run {}", segment.file.name, segment.header.epoch);
            } else if (ended && segment.last_input >= last.next_sequence) {
                proof = fmt::format("{} has an event of input {}", segment.file.name,
                                    segment.last_input);
            }
        }
        // Both are closed, the events first.
        if (proof.empty() && ends_full(inputs_) && ends_closed(events_) &&
            events_.back().header.epoch == last.header.epoch) {
            proof = fmt::format("{} is closed", events_.back().file.name);
        }
        if (proof.empty()) return;
        found_.problems.push_back(
            fmt::format("{}/{}: is the last one, of run {}, and ends with input {}; but {}: {} and "
                        "what followed it are missing",
                        folder_, last.file.name, last.header.epoch, last.next_sequence - 1, proof,
                        successor(inputs_, core::JournalStream::inputs)));
    }

    // A run that ends as it should closes the events first, then the inputs.
    void check_events() {
        if (!ends_closed(inputs_)) return;
        if (events_.empty()) {
            // An engine tells the clock with its first timer.
            if (std::none_of(inputs_.begin(), inputs_.end(),
                             [](const auto& s) { return s.timer; })) {
                return;
            }
            found_.problems.push_back(folder_ +
                                      ": has inputs and no events, although its last run "
                                      "ended as it should: its files events-* are "
                                      "missing");
            return;
        }
        const SegmentSeen& last = events_.back();
        if (!last.problem.empty()) return;
        if (ends_full(events_)) {
            found_.problems.push_back(fmt::format(
                "{}/{}: is full, and the last run ended as it should: {} and what followed it are "
                "missing",
                folder_, last.file.name, successor(events_, core::JournalStream::events)));
        } else if (!last.finished) {
            found_.problems.push_back(fmt::format(
                "{}/{}: ends with event {}, although the last run ended as it should, and so did "
                "this file: what followed in it is missing",
                folder_, last.file.name, last.next_sequence - 1));
        }
    }

    void note_full(std::span<const SegmentSeen> stream, core::JournalStream kind) {
        if (!ends_full(stream)) return;
        const std::string name = successor(stream, kind);
        for (const std::string& problem : found_.problems) {
            if (problem.find(name) != std::string::npos) return;
        }
        found_.notes.push_back(
            fmt::format("{}/{}: is full, and {}, which follows it, is not there: the daemon ended "
                        "between the two, or somebody removed it",
                        folder_, stream.back().file.name, name));
    }

    const std::string& folder_;
    std::span<const SegmentSeen> inputs_;
    std::span<const SegmentSeen> events_;
    MissingEnd found_;
};

}  // namespace

bool ends_closed(std::span<const SegmentSeen> stream) {
    return !stream.empty() && stream.back().problem.empty() && stream.back().closed;
}

MissingEnd find_missing_end(const std::string& folder, std::span<const SegmentSeen> inputs,
                            std::span<const SegmentSeen> events, std::uint64_t last_snapshot) {
    return EndCheck(folder, inputs, events).run(last_snapshot);
}

bool find_orphan_on_disk(FileLayer& files, const std::string& folder, std::string& orphan,
                         std::string& problem) {
    // In this order: beside a daemon that writes no event is seen before its input.
    StreamScan events = scan_stream(files, folder, core::JournalStream::events, ScanDepth::quick);
    const StreamScan inputs =
        scan_stream(files, folder, core::JournalStream::inputs, ScanDepth::quick);
    if (events.failure.empty() && inputs.failure.empty()) {
        cut_orphans(files, folder, inputs, events);
    }
    problem = events.failure.empty() ? inputs.failure : events.failure;
    orphan = events.damage;
    return problem.empty();
}

}  // namespace margind::daemon
