// margind replay: a journal's inputs once more; and what another configuration would have done.
#include <limits>
#include <memory>
#include <optional>

#include "daemon/clock.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"
#include "daemon/commands/journal_arguments.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/review/comparison_text.hpp"
#include "daemon/review/json_difference.hpp"
#include "daemon/review/other_run.hpp"
#include "daemon/review/playback.hpp"
#include "daemon/review/proof.hpp"
#include "daemon/view/text.hpp"

namespace margind::daemon {
namespace {

constexpr const char* kCommand = "replay";
constexpr std::size_t kRowsShown = 40;  // of a comparison, without --all

struct ReplayArguments {
    std::string folder;
    std::optional<std::uint64_t> from;  // nothing: as far back as it goes
    std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
    bool verify = false;
    bool progress = false;
    std::string config;
    bool diff = false;
    bool json = false;
    bool all = false;
};

// How far a long run is, on standard error.
class Progress {
  public:
    explicit Progress(bool shown) : shown_(shown), begun_(clock_.now()), told_(begun_) {}

    void step(const core::Input& input) {
        ++inputs_;
        constexpr std::uint64_t kInputsBetweenClocks = 16'384;
        if (!shown_ || inputs_ % kInputsBetweenClocks != 0) return;
        const core::Timestamp now = clock_.now();
        if (now - told_ < core::Duration::from_seconds(2)) return;
        told_ = now;
        fmt::print(stderr, "margind replay: input {} ({}), {} inputs/s\n", grouped(input.input_seq),
                   time_of_day(input.engine_time.ns()), grouped(rate(now)));
    }
    void finish() {
        if (!shown_) return;
        fmt::print(stderr, "margind replay: {} inputs, {} inputs/s\n", grouped(inputs_),
                   grouped(rate(clock_.now())));
    }
    std::uint64_t inputs() const { return inputs_; }

  private:
    std::uint64_t rate(core::Timestamp now) const {
        const double seconds = (now - begun_).seconds();
        return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(inputs_) / seconds) : 0;
    }

    SystemClock clock_;
    bool shown_;
    core::Timestamp begun_;
    core::Timestamp told_;
    std::uint64_t inputs_ = 0;
};

// Calls `use` behind each wanted input; false ends the run.
template <class Use>
Playback::Step run(Playback& playback, const ReplayArguments& arguments, Progress& progress,
                   const Use& use) {
    while (playback.input_seq() < arguments.to) {
        const Playback::Step step = playback.step();
        if (step != Playback::Step::input) return step;
        progress.step(playback.input());
        if (!use()) return Playback::Step::input;
    }
    return Playback::Step::input;
}

int write_events(Playback& playback, const ReplayArguments& arguments) {
    Progress progress(arguments.progress);
    Output output;
    const Playback::Step step = run(playback, arguments, progress, [&] {
        for (const core::Event& event : playback.events()) {
            playback.encoder().append_body(output.buffer(), event);
            output.buffer().push_back('\n');
            output.pace();
        }
        return true;
    });
    const bool written = output.finish();
    progress.finish();
    if (step == Playback::Step::problem) return complain(kCommand, playback.problem());
    return written ? kOk : kFailed;
}

int report(const Divergence& found) {
    const char* const missing = "(no event)";
    fmt::print("input {}: event {} is not the one recorded\n", found.input_seq, found.event_seq);
    if (!found.recorded.empty() && !found.replayed.empty()) {
        for (const MemberDifference& member : differences(found.recorded, found.replayed)) {
            fmt::print("  {}: recorded {}, replayed {}\n", member.member,
                       member.left.empty() ? missing : member.left,
                       member.right.empty() ? missing : member.right);
        }
    }
    fmt::print("recorded {}\nreplayed {}\n", found.recorded.empty() ? missing : found.recorded,
               found.replayed.empty() ? missing : found.replayed);
    return kFailed;
}

std::string named(const core::Event& event) {
    return fmt::format("event {} ({}, of input {})", event.event_seq, name_of(event.kind),
                       event.input_seq);
}

// What one stream has and the other has not. Empty: nothing, or what a crash leaves behind; that is
// printed.
std::string missing_at_the_end(FileLayer& files, const std::string& folder, const Proof& proof) {
    if (proof.not_recorded() == 0 && !proof.beyond_inputs()) return {};
    const JournalState state = examine_journal(files, folder);
    if (!state.problem.empty()) return state.problem;
    if (proof.beyond_inputs()) {
        fmt::print(
            "{} has no input; neither was on disk when the daemon ended, and its next start cuts "
            "it off\n",
            named(*proof.beyond_inputs()));
    }
    if (proof.not_recorded() == 0) return {};
    if (state.closed || proof.later_run_took_inputs()) {
        return fmt::format(
            "{} is not in {}, nor {} after it, though they follow from the inputs and the run that "
            "made them {}: the events' files from {} on are missing",
            named(proof.first_not_recorded()), folder,
            proof.not_recorded() == 1 ? "any" : "the " + grouped(proof.not_recorded() - 1),
            state.closed ? "ended as it should" : "was gone on from",
            segment_name(core::JournalStream::events, proof.first_not_recorded().event_seq));
    }
    fmt::print(
        "{} more events follow from the last inputs; they were neither recorded nor "
        "published\n",
        grouped(proof.not_recorded()));
    return {};
}

int verify(FileLayer& files, Playback& playback, const ReplayArguments& arguments) {
    Progress progress(arguments.progress);
    Proof proof(files, arguments.folder);
    bool same = true;
    const Playback::Step step =
        run(playback, arguments, progress, [&] { return same = proof.check(playback); });
    if (step == Playback::Step::end) same = proof.finish(playback) && same;
    progress.finish();
    if (step == Playback::Step::problem) return complain(kCommand, playback.problem());
    if (proof.divergence()) return report(*proof.divergence());
    if (!same) return complain(kCommand, proof.problem());
    if (const std::string missing = missing_at_the_end(files, arguments.folder, proof);
        !missing.empty()) {
        return complain(kCommand, missing);
    }
    fmt::print("{} inputs, {} events: identical\n", grouped(progress.inputs()),
               grouped(proof.events()));
    return kOk;
}

int compare(Playback& playback, const ReplayArguments& arguments) {
    const auto settings = load_or_report(arguments.config);
    if (!settings) return kConfig;
    Progress progress(arguments.progress);
    OtherRun other(*settings);
    other.recorded_under(playback.settings().risk);
    Outcomes recorded;
    ComparisonHead head{.recorded = playback.run_text(),
                        .other = arguments.config,
                        .currency = settings->risk.valuation_currency,
                        .first_input = 0,
                        .last_input = 0,
                        .from = {},
                        .to = {},
                        .notes = {}};
    const Playback::Step step = run(playback, arguments, progress, [&] {
        const core::Input& input = playback.input();
        if (playback.fresh_epoch()) other.recorded_under(playback.settings().risk);
        if (head.first_input == 0) {
            head.first_input = input.input_seq;
            head.from = input.engine_time;
        }
        for (const core::Event& event : playback.events()) recorded.take(event, playback.engine());
        return other.apply(input);
    });
    progress.finish();
    if (step == Playback::Step::problem) return complain(kCommand, playback.problem());
    if (!other.problem().empty()) {
        return complain(kCommand, fmt::format("{}: {}", arguments.config, other.problem()),
                        kConfig);
    }
    if (playback.settings().risk.valuation_currency != head.currency) {
        return complain(kCommand,
                        fmt::format("{}: valuation_currency is {}, and {} in the journal; amounts "
                                    "in two currencies cannot be compared",
                                    arguments.config, head.currency,
                                    playback.settings().risk.valuation_currency),
                        kConfig);
    }
    head.last_input = playback.input_seq();
    head.to = playback.engine_time();
    head.notes = other.notes();
    const Comparison comparison = daemon::compare(recorded, other.outcomes());
    const std::size_t rows = arguments.all ? std::numeric_limits<std::size_t>::max() : kRowsShown;
    Output output;
    (arguments.json ? write_json : write_table)(head, comparison, rows, output.buffer());
    return output.finish() ? kOk : kFailed;
}

std::string wrong_combination(const ReplayArguments& arguments) {
    if (arguments.from == 0U) return "--from: inputs are numbered from 1";
    if (arguments.from && arguments.to < *arguments.from) return "--to: is before --from";
    if (arguments.diff && arguments.config.empty()) {
        return "--diff: name the other configuration with --config";
    }
    if (!arguments.config.empty() && !arguments.diff) {
        return "--config: only with --diff; a plain replay uses the journal's own configuration";
    }
    if (arguments.diff && arguments.verify) return "--diff and --verify: one at a time";
    if ((arguments.json || arguments.all) && !arguments.diff)
        return "--json, --all: only with --diff";
    if (arguments.diff && arguments.from.value_or(1) > 1) {
        return "--from: not with --diff; the other configuration has to see every account from the "
               "beginning";
    }
    return {};
}

bool begin(Playback& playback, const ReplayArguments& arguments) {
    if (arguments.from) return playback.go_to(*arguments.from - 1);
    // The other configuration has to see every account from the beginning.
    if (arguments.diff) return playback.go_to(0);
    if (!playback.go_to_the_beginning()) return false;
    if (playback.input_seq() == 0) return true;
    complain(kCommand,
             fmt::format("the journal's beginning was removed by retention: from input {} "
                         "on, which follows its oldest snapshot",
                         playback.input_seq() + 1));
    return true;
}

int run_replay(const ReplayArguments& arguments) {
    if (const std::string wrong = wrong_combination(arguments); !wrong.empty()) {
        return complain(kCommand, wrong, kUsage);
    }
    if (!folder_readable(kCommand, arguments.folder)) return kUnavailable;
    PosixFiles files;
    Playback playback(files, arguments.folder);
    if (!begin(playback, arguments)) return complain(kCommand, playback.problem());
    if (arguments.diff) return compare(playback, arguments);
    if (arguments.verify) return verify(files, playback, arguments);
    return write_events(playback, arguments);
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "replay",
        "A journal's inputs once more: its events again, the proof that they are the same, "
        "or what another configuration would have done.");
    auto arguments = std::make_shared<ReplayArguments>();
    command->add_option("folder", arguments->folder, "The journal's folder")->required();
    command
        ->add_option(
            "--from", arguments->from,
            "First input to show or compare; without it, the first one, or, where retention "
            "has removed that, the one after the oldest snapshot")
        ->check(whole_number);
    command->add_option("--to", arguments->to, "Last input")->check(whole_number);
    command->add_flag("--verify", arguments->verify,
                      "Compare every event with the one recorded, byte by byte, and so the state "
                      "hashes in them; write nothing but the result");
    command->add_option("--config", arguments->config, "Another configuration (YAML), with --diff");
    command->add_flag("--diff", arguments->diff,
                      "What the other configuration would have done: margin calls, liquidations "
                      "and bankruptcies that come, go or move");
    command->add_flag("--json", arguments->json, "The difference as one JSON document");
    command->add_flag("--all", arguments->all, "Every account that differs, not just the largest");
    command->add_flag("--progress", arguments->progress,
                      "How far it is, every two seconds, on standard error");
    command->footer(
        "Without --verify or --diff the events' bodies are written, one line of JSON each, as\n"
        "subscribers received them but for emit_time. Exit 1: an event differs; it is the first\n"
        "that does, with both sides. docs/replay.md explains the tables.");
    command->callback([arguments, &exit_code] { exit_code = run_replay(*arguments); });
}

}  // namespace margind::daemon
