#include "daemon/review/journal_text.hpp"

#include <memory>

#include "daemon/journal/sha256.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/stand_in/dialect_text.hpp"
#include "daemon/view/text.hpp"

namespace margind::daemon {
namespace {

std::string short_time_text(core::Timestamp time) {
    return time.stated() ? stand_in::utc_text(time, 3) : "-";
}

class JournalText {
  public:
    explicit JournalText(TextBuffer& out) : out_(out) {}

    void write(const JournalSeen& seen) {
        write_runs(seen);
        line("\n{:<42}{:>14}{:>14}{:>12}  {:<24}  {:<24}{:>15}{:>15}  {}", "segment", "first",
             "last", "records", "from", "to", "bytes", "on disk", "state");
        for (const SegmentSeen& segment : seen.inputs) write(segment);
        for (const SegmentSeen& segment : seen.events) write(segment);
        write_snapshots(seen.snapshots);
        write_files("cut off, kept aside", seen.lost);
        const auto problems = seen.problems();
        for (const std::string& problem : problems) line("\n{}", problem);
        for (const std::string& note : seen.end.notes) line("\n{}", note);
        if (seen.damaged()) {
            line("\nmargind journal repair DIR --accept-loss cuts the journal off there.");
        }
    }

  private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        std::string text = fmt::format(format, std::forward<Args>(args)...);
        text.erase(text.find_last_not_of(' ') + 1);
        out_.append(text);
        out_.push_back('\n');
    }

    void write_runs(const JournalSeen& seen) {
        line("{:<8}{:<26}{:>14}  {:<12}  {:<18}{}", "run", "begun", "first input", "reason",
             "program", "configuration");
        for (const SegmentSeen& segment : seen.inputs) {
            for (const EpochSeen& epoch : segment.epochs) {
                line("{:<8}{:<26}{:>14}  {:<12}  {:<18}{}, {} bytes", epoch.record.number,
                     short_time_text(epoch.time), grouped(epoch.first_input),
                     epoch.record.reason == core::EpochReason::first_start ? "first start"
                                                                           : "restart",
                     epoch.record.program, epoch.record.config_name,
                     grouped(epoch.record.config_text.size()));
            }
        }
    }

    static std::string state(const SegmentSeen& segment) {
        if (segment.torn) return "torn, or damaged at its end";
        if (!segment.problem.empty()) return "DAMAGED";
        if (!segment.finished) return "being written, or left unfinished";
        std::string text = segment.closed ? "closed" : "sealed";
        if (segment.seal_flags == core::kSealRecovered) text = "sealed at a recovery";
        if (segment.seal_flags == core::kSealLossAccepted) text = "sealed, loss accepted";
        if (segment.file.compressed) text += ", compressed";
        return text + ", SHA-256 " + hex(segment.sum);
    }

    void write(const SegmentSeen& segment) {
        const bool some = segment.next_sequence > segment.file.first_sequence;
        line("{:<42}{:>14}{:>14}{:>12}  {:<24}  {:<24}{:>15}{:>15}  {}", segment.file.name,
             grouped(segment.file.first_sequence),
             some ? grouped(segment.next_sequence - 1) : std::string("-"), grouped(segment.records),
             short_time_text(segment.first_time), short_time_text(segment.last_time),
             segment.finished ? grouped(segment.bytes) : std::string("-"),
             grouped(segment.file_bytes), state(segment));
    }

    void write_snapshots(const std::vector<JournalSeen::Snapshot>& snapshots) {
        if (snapshots.empty()) return;
        line("\n{:<84}{:>15}  {}", "snapshot", "bytes", "state");
        for (const JournalSeen::Snapshot& snapshot : snapshots) {
            line("{:<84}{:>15}  {}", snapshot.name, grouped(snapshot.bytes),
                 snapshot.problem.empty() ? "whole" : "DAMAGED");
        }
    }

    void write_files(const char* what, const std::vector<JournalSeen::Other>& others) {
        if (others.empty()) return;
        line("\n{:<84}{:>15}", what, "bytes");
        for (const JournalSeen::Other& other : others) {
            line("{:<84}{:>15}", other.name, grouped(other.bytes));
        }
    }

    TextBuffer& out_;
};

std::uint64_t size_of(FileLayer& files, const std::string& path) {
    std::unique_ptr<File> file;
    std::uint64_t bytes = 0;
    if (IoError error = files.open(path, Access::read, file)) return 0;
    if (IoError error = file->size(bytes)) return 0;
    return bytes;
}

// Beside a daemon that keeps but the newest it may be gone by now: then it is not told of.
void check_snapshot(FileLayer& files, const std::string& folder, std::uint64_t input_seq,
                    std::vector<JournalSeen::Snapshot>& seen) {
    const std::string name = snapshot_name(input_seq);
    const std::string path = folder + "/" + name;
    SnapshotReader reader(files, path);
    if (reader.problem().empty() && reader.whole()) {
        const bool named_so = reader.about().input_seq == input_seq;
        seen.push_back({name, size_of(files, path),
                        named_so ? std::string()
                                 : fmt::format("{}: is the snapshot after input {}", path,
                                               reader.about().input_seq)});
        return;
    }
    std::unique_ptr<File> file;
    if (not_there(files.open(path, Access::read, file))) return;
    seen.push_back({name, size_of(files, path), reader.problem()});
}

}  // namespace

std::vector<std::string> JournalSeen::problems() const {
    std::vector<std::string> found;
    for (const auto* stream : {&inputs, &events}) {
        for (const SegmentSeen& segment : *stream) {
            if (!segment.problem.empty()) found.push_back(segment.problem);
        }
    }
    found.insert(found.end(), end.problems.begin(), end.problems.end());
    const std::vector<std::string> of_snapshots = snapshot_problems();
    found.insert(found.end(), of_snapshots.begin(), of_snapshots.end());
    return found;
}

std::vector<std::string> JournalSeen::snapshot_problems() const {
    std::vector<std::string> found;
    for (const Snapshot& snapshot : snapshots) {
        if (!snapshot.problem.empty()) found.push_back(snapshot.problem);
    }
    return found;
}

bool JournalSeen::damaged() const {
    for (const auto* stream : {&inputs, &events}) {
        for (const SegmentSeen& segment : *stream) {
            if (!segment.problem.empty() && !segment.torn) return true;
        }
    }
    return false;
}

bool read_journal(FileLayer& files, const std::string& folder, JournalSeen& seen,
                  std::string& problem) {
    std::vector<std::string> names;
    if (IoError error = files.list(folder, names)) {
        problem = error.text;
        return false;
    }
    std::vector<std::uint64_t> snapshots;
    if (IoError error = list_snapshots(files, folder, snapshots)) {
        problem = error.text;
        return false;
    }
    const std::uint64_t last_snapshot = snapshots.empty() ? 0 : snapshots.front();
    for (auto at = snapshots.rbegin(); at != snapshots.rend(); ++at) {
        check_snapshot(files, folder, *at, seen.snapshots);
    }
    for (const std::string& name : names) {
        if (name.starts_with("lost-")) {
            seen.lost.push_back({name, size_of(files, folder + "/" + name)});
        }
    }
    // Beside a daemon that writes: the input of an event that is seen is there to be seen after it.
    if (!read_chain(files, folder, core::JournalStream::events, kWholeStream, seen.events,
                    problem) ||
        !read_chain(files, folder, core::JournalStream::inputs, kWholeStream, seen.inputs,
                    problem)) {
        return false;
    }
    if (seen.inputs.empty() && seen.events.empty()) {
        problem = folder + ": holds no journal";
        return false;
    }
    if (ends_closed(seen.inputs) && !ends_closed(seen.events)) {
        // It may have been closed since they were read.
        seen.events.clear();
        if (!read_chain(files, folder, core::JournalStream::events, kWholeStream, seen.events,
                        problem)) {
            return false;
        }
    }
    seen.end = find_missing_end(folder, seen.inputs, seen.events, last_snapshot);
    const bool killed = !seen.inputs.empty() && !seen.inputs.back().finished;
    if (!killed || seen.damaged() || !seen.end.problems.empty()) return true;
    std::string orphan;
    if (!find_orphan_on_disk(files, folder, orphan, problem)) return false;
    if (!orphan.empty()) seen.end.problems.push_back(std::move(orphan));
    return true;
}

void write_journal(const JournalSeen& seen, TextBuffer& out) {
    JournalText(out).write(seen);
}

}  // namespace margind::daemon
