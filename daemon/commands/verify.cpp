// margind verify: one event made again from the journal, and compared: with what is recorded, and
// with what somebody says that they received.
#include <algorithm>
#include <iostream>
#include <memory>
#include <tuple>
#include <vector>

#include <simdjson.h>

#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"
#include "daemon/commands/journal_arguments.hpp"
#include "daemon/journal/sha256.hpp"
#include "daemon/review/chain.hpp"
#include "daemon/review/input_text.hpp"
#include "daemon/review/json_difference.hpp"
#include "daemon/review/recomputed.hpp"
#include "daemon/stand_in/dialect_text.hpp"

namespace margind::daemon {
namespace {

constexpr const char* kVerifyEvents = "verify";

struct VerifyArguments {
    std::string event;  // a number, a file, or -
    std::string folder;
};

// An event to be proven; `line`: as received, or empty.
struct Claim {
    std::uint64_t event_seq = 0;
    std::string line;
};

class Claims {
  public:
    // False, with problem(): `what` is neither a number nor lines of events.
    bool read(const std::string& what) {
        if (const auto number = sequence_of(what)) {
            claims_.push_back({*number, {}});
            return true;
        }
        const auto use = [&](std::size_t number, std::string_view line) { add(number, line); };
        if (what == "-") {
            std::string line;
            for (std::size_t number = 1; std::getline(std::cin, line); ++number) use(number, line);
        } else if (!for_each_line(what, problem_, use)) {
            problem_ = fmt::format("'{}' is no event's number, and as a file: {}", what, problem_);
            unreadable_ = true;
        }
        if (problem_.empty() && claims_.empty()) problem_ = what + ": holds no event";
        std::sort(claims_.begin(), claims_.end(), [](const Claim& a, const Claim& b) {
            return std::tie(a.event_seq, a.line) < std::tie(b.event_seq, b.line);
        });
        return problem_.empty();
    }
    const std::vector<Claim>& all() const { return claims_; }
    const std::string& problem() const { return problem_; }
    bool unreadable() const { return unreadable_; }  // the problem: there is no such file

  private:
    // Lines without a number, by which nothing is claimed.
    static bool of_connection(const simdjson::dom::element& json) {
        std::string_view type;
        return json["type"].get(type) == simdjson::SUCCESS &&
               (type == "hello" || type == "heartbeat" || type == "goodbye" || type == "error");
    }
    void add(std::size_t number, std::string_view line) {
        if (!problem_.empty() || line.empty()) return;
        simdjson::dom::element json;
        std::uint64_t event_seq = 0;
        if (parser_.parse(line.data(), line.size()).get(json) != simdjson::SUCCESS) {
            problem_ =
                fmt::format("line {}: is not JSON; give the lines as they were received", number);
        } else if (json["event_seq"].get(event_seq) == simdjson::SUCCESS && event_seq > 0) {
            claims_.push_back({event_seq, std::string(line)});
        } else if (!of_connection(json)) {
            problem_ = fmt::format(
                "line {}: is an event without a number; nothing can be said of it", number);
        }
    }

    simdjson::dom::parser parser_;
    std::vector<Claim> claims_;
    std::string problem_;
    bool unreadable_ = false;
};

class Verifier {
  public:
    explicit Verifier(const std::string& folder) : folder_(folder), event_(files_, folder) {}

    int run(const std::vector<Claim>& claims) {
        bool all = true;
        for (const Claim& claim : claims) {
            if (!event_.make(claim.event_seq)) return complain(kVerifyEvents, event_.problem());
            all = prove(claim) && all;
        }
        if (!all) return kFailed;
        if (!prove_segments()) return kFailed;
        fmt::print("proven: {} makes {} from {}these inputs\n", event_.playback().run_text(),
                   claims.size() == 1 ? "this event" : "these events", snapshot_and());
        return kOk;
    }

  private:
    std::string text(const core::Event& event) const {
        TextBuffer out;
        event_.playback().encoder().append_body(out, event);
        return fmt::to_string(out);
    }

    bool prove(const Claim& claim) {
        const core::Event& recorded = event_.recorded();
        const std::string body = text(recorded);
        fmt::print("event {}: {}{}, of input {}\n", claim.event_seq, name_of(recorded.kind),
                   core::is_account_event(recorded.kind)
                       ? " of account " + account_text(recorded.account.key)
                       : std::string(),
                   recorded.input_seq);
        bool same = event_.identical();
        if (same) {
            fmt::print("  recorded   {}, {}; made again from {}the inputs: the same {} bytes\n",
                       event_.place(), stand_in::utc_text(event_.recorded_at(), 9), snapshot_and(),
                       event_.bytes());
        } else if (event_.replayed()) {
            fmt::print("  recorded   {}: NOT what {}the inputs give\n", event_.place(),
                       snapshot_and());
            show(differences(body, text(*event_.replayed())), "recorded", "made again");
        } else {
            fmt::print("  recorded   {}: input {} makes no such event\n", event_.place(),
                       recorded.input_seq);
        }
        if (same) tell_hashes(recorded, snapshot_and());
        if (claim.line.empty()) return same;
        const auto differing = differences(claim.line, body, {"emit_time"});
        if (differing.empty()) {
            fmt::print("  received   the same in every member, emit_time aside\n");
            return same;
        }
        fmt::print("  received   NOT what is recorded\n");
        show(differing, "received", "recorded");
        return false;
    }

    // Inputs alone are not what an event was made from where the playback began with a snapshot.
    std::string snapshot_and() const {
        const std::uint64_t snapshot = event_.playback().snapshot();
        return snapshot == 0 ? "" : fmt::format("the snapshot after input {} and ", snapshot);
    }

    static void tell_hashes(const core::Event& event, const std::string& snapshot_and) {
        if (!core::is_account_event(event.kind)) return;
        fmt::print(
            "  hashes     parameters {:016x}, market {:016x}, account {:016x}: of the state "
            "that {}the inputs lead to\n",
            event.account.parameters_hash, event.account.market_hash, event.account.account_hash,
            snapshot_and);
    }

    static void show(const std::vector<MemberDifference>& differing, const char* left,
                     const char* right) {
        for (const MemberDifference& member : differing) {
            fmt::print("    {}: {} {}, {} {}\n", member.member.empty() ? "the line" : member.member,
                       left, member.left.empty() ? "nothing" : member.left, right,
                       member.right.empty() ? "nothing" : member.right);
        }
    }

    // The segments that the last event, and so all of them, stand on.
    bool prove_segments() {
        return prove_segments(core::JournalStream::inputs, event_.recorded().input_seq) &&
               prove_segments(core::JournalStream::events, event_.recorded().event_seq);
    }
    bool prove_segments(core::JournalStream stream, std::uint64_t sequence) {
        std::vector<SegmentSeen> segments;
        std::string problem;
        if (!read_chain(files_, folder_, stream, sequence, segments, problem)) {
            complain(kVerifyEvents, problem);
            return false;
        }
        for (const SegmentSeen& segment : segments) {
            if (segment.problem.empty()) continue;
            complain(kVerifyEvents, segment.problem);
            return false;
        }
        if (segments.empty()) return true;
        const SegmentSeen& last = segments.back();
        fmt::print("stands on  segments of {}: {}; the last is {}: {}\n", to_text(stream),
                   segments.size(), last.file.name,
                   last.finished ? "SHA-256 " + hex(last.sum)
                                 : std::string("still being written, every record's sum is right"));
        return true;
    }

    PosixFiles files_;
    const std::string folder_;
    Recomputed event_;
};

int run_verify(const VerifyArguments& arguments) {
    if (!folder_readable(kVerifyEvents, arguments.folder)) return kUnavailable;
    Claims claims;
    if (!claims.read(arguments.event)) {
        return complain(kVerifyEvents, claims.problem(),
                        claims.unreadable() ? kUnavailable : kUsage);
    }
    return Verifier(arguments.folder).run(claims.all());
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "verify",
        "Makes an event again from the journal's inputs and compares it: with the record, "
        "and with what a subscriber received.");
    auto arguments = std::make_shared<VerifyArguments>();
    command
        ->add_option("event", arguments->event,
                     "The event's number; or a file, or -, with the lines that a subscriber "
                     "received")
        ->required();
    command->add_option("--journal", arguments->folder, "The journal's folder")->required();
    command->footer(
        "Exit 0: every event is what the journal's inputs and configuration give, and every\n"
        "segment they stand in is whole, with the SHA-256 the next one names. Exit 1: the member\n"
        "that differs, or the place that is damaged, is named.");
    command->callback([arguments, &exit_code] { exit_code = run_verify(*arguments); });
}

}  // namespace margind::daemon
