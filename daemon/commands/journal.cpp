// margind journal: whether a journal is as it was written, and what to do when it is not.
#include <memory>

#include "daemon/commands/command.hpp"
#include "daemon/commands/journal_arguments.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/sha256.hpp"
#include "daemon/review/journal_text.hpp"
#include "daemon/view/text.hpp"

namespace margind::daemon {
namespace {

constexpr const char* kVerify = "journal verify";
constexpr const char* kRepair = "journal repair";

void tell(const SegmentSeen& segment) {
    if (!segment.problem.empty()) {
        fmt::print("{}\n", segment.problem);
        return;
    }
    fmt::print("{}: {} records, {}\n", segment.file.name, grouped(segment.records),
               segment.finished ? "SHA-256 " + hex(segment.sum)
                                : std::string("not finished; every record's sum is right"));
}

void tell(const JournalSeen::Snapshot& snapshot) {
    fmt::print("{}\n", snapshot.problem.empty() ? fmt::format("{}: {} bytes, whole", snapshot.name,
                                                              grouped(snapshot.bytes))
                                                : snapshot.problem);
}

// Of whole segments: whether others are missing, or a snapshot is damaged.
int tell_rest(const JournalSeen& seen) {
    if (!seen.end.problems.empty()) {
        return complain(kVerify,
                        "and others are missing: put them back from where they are kept, or "
                        "see what is left with margind inspect journal");
    }
    const std::size_t damaged = seen.snapshot_problems().size();
    if (damaged == 0) return kOk;
    return complain(kVerify,
                    fmt::format("{} of {} snapshots are not as they were written: put them back "
                                "from where they are kept, or remove them; a start passes over "
                                "them",
                                damaged, seen.snapshots.size()));
}

int verify_journal(const std::string& folder) {
    if (!folder_readable(kVerify, folder)) return kUnavailable;
    PosixFiles files;
    JournalSeen seen;
    std::string problem;
    if (!read_journal(files, folder, seen, problem)) {
        return complain(kVerify, problem, kUnavailable);
    }
    for (const SegmentSeen& segment : seen.inputs) tell(segment);
    for (const SegmentSeen& segment : seen.events) tell(segment);
    for (const JournalSeen::Snapshot& snapshot : seen.snapshots) tell(snapshot);
    for (const std::string& missing : seen.end.problems) fmt::print("{}\n", missing);
    for (const std::string& note : seen.end.notes) fmt::print("note: {}\n", note);
    const std::size_t segments = seen.inputs.size() + seen.events.size();
    const std::size_t problems =
        seen.problems().size() - seen.end.problems.size() - seen.snapshot_problems().size();
    if (problems > 0) {
        return complain(kVerify, fmt::format("{} of {} segments are not as they were written",
                                             problems, segments));
    }
    fmt::print("{} segments, each as it was written\n", segments);
    return tell_rest(seen);
}

int repair(const std::string& folder, bool accept_loss) {
    if (!folder_readable(kRepair, folder)) return kUnavailable;
    if (!accept_loss) {
        return complain(kRepair,
                        "what lies behind the damage is cut off: look at it first (margind journal "
                        "verify), then add --accept-loss",
                        kUsage);
    }
    PosixFiles files;
    FolderLock lock;
    if (IoError error = lock.take(folder)) return complain(kRepair, error.text, kUnavailable);
    const JournalState state = repair_journal(files, folder);
    for (const std::string& note : state.notes) fmt::print("{}\n", note);
    if (!state.problem.empty()) return complain(kRepair, state.problem);
    fmt::print("the journal goes on at input {}, event {}\n", state.inputs.next_sequence,
               state.events.next_sequence);
    return kOk;
}

}  // namespace

void add_journal(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("journal", "Whether a journal is whole, and its repair.");
    command->require_subcommand(1);
    auto folder = std::make_shared<std::string>();
    auto accept_loss = std::make_shared<bool>(false);

    auto* verify = command->add_subcommand(
        "verify",
        "Reads every byte: the sum of each record, the SHA-256 of each segment and what "
        "the next one says of it; and every snapshot. Exit 1: one is not as it was written, or "
        "is missing.");
    verify->add_option("folder", *folder, "The journal's folder")->required();
    verify->callback([folder, &exit_code] { exit_code = verify_journal(*folder); });

    auto* repaired = command->add_subcommand(
        "repair",
        "Cuts a damaged journal off where the damage begins, so that the daemon can go "
        "on from there. What is cut off is kept beside it.");
    repaired->add_option("folder", *folder, "The journal's folder")->required();
    repaired->add_flag("--accept-loss", *accept_loss,
                       "What comes after the damage is lost, though it may have been published");
    repaired->callback(
        [folder, accept_loss, &exit_code] { exit_code = repair(*folder, *accept_loss); });
}

}  // namespace margind::daemon
