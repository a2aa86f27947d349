// margind inspect: what a journal holds, and an account as it stood.
#include <limits>
#include <memory>

#include "daemon/commands/account_json.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"
#include "daemon/commands/journal_arguments.hpp"
#include "daemon/commands/valuation.hpp"
#include "daemon/explain/explanation.hpp"
#include "daemon/explain/mode_switch.hpp"
#include "daemon/journal/past.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/review/input_text.hpp"
#include "daemon/review/journal_text.hpp"
#include "daemon/review/playback.hpp"
#include "daemon/review/record_lines.hpp"
#include "daemon/stand_in/dialect_text.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

struct JournalArguments {
    std::string folder;
    bool records = false;
    std::string stream = "inputs";
    std::uint64_t from = 1;
    std::uint64_t to = kNoEnd;
};

struct AccountArguments {
    std::string account;
    std::string folder;
    std::uint64_t at = kNoEnd;
    bool json = false;
};

constexpr const char* kJournal = "inspect journal";
constexpr const char* kAccount = "inspect account";
constexpr const char* kSnapshot = "inspect snapshot";

int inspect_records(const JournalArguments& arguments) {
    PosixFiles files;
    Output output;
    std::string problem;
    const RecordRange range{arguments.from, arguments.to};
    const auto write = arguments.stream == "inputs" ? write_input_records : write_event_records;
    const bool whole =
        write(files, arguments.folder, range, output.buffer(), [&] { output.pace(); }, problem);
    const bool written = output.finish();
    if (!whole) return complain(kJournal, problem);
    return written ? kOk : kFailed;
}

int inspect_journal(const JournalArguments& arguments) {
    if (!folder_readable(kJournal, arguments.folder)) return kUnavailable;
    if (arguments.records) return inspect_records(arguments);
    if (arguments.from != 1 || arguments.to != kNoEnd) {
        return complain(kJournal, "--from, --to: only with --records", kUsage);
    }
    PosixFiles files;
    JournalSeen seen;
    std::string problem;
    if (!read_journal(files, arguments.folder, seen, problem)) {
        return complain(kJournal, problem, kUnavailable);
    }
    Output output;
    write_journal(seen, output.buffer());
    if (!output.finish()) return kFailed;
    return seen.problems().empty() ? kOk : kFailed;
}

int write_account(const core::Engine& engine, core::AccountSlot slot, const Playback& playback,
                  bool as_json) {
    const core::AccountReport report = engine.report(slot);
    if (!report.priced) {
        return complain(
            kAccount, fmt::format("account {} cannot be valued after input {}: something it holds "
                                  "had no price yet",
                                  account_text(report.key), playback.input_seq()));
    }
    Output output;
    if (as_json) {
        AccountJson(engine).append(slot, output.buffer());
    } else {
        fmt::format_to(std::back_inserter(output.buffer()), "after input {}, {}, {}\n\n",
                       playback.input_seq(), stand_in::utc_text(playback.engine_time(), 9),
                       playback.run_text());
        explain(engine, slot, output.buffer());
    }
    return output.finish() ? kOk : kFailed;
}

int inspect_account(const AccountArguments& arguments) {
    core::AccountKey key;
    if (!read_account_name(arguments.account, key)) {
        return complain(
            kAccount,
            fmt::format("'{}': must be ACCOUNT or ACCOUNT/SUB_ACCOUNT", arguments.account), kUsage);
    }
    if (arguments.at == 0) return complain(kAccount, "--at: inputs are numbered from 1", kUsage);
    if (!folder_readable(kAccount, arguments.folder)) return kUnavailable;
    PosixFiles files;
    Playback playback(files, arguments.folder);
    const bool there =
        arguments.at == kNoEnd ? playback.go_to_the_end() : playback.go_to(arguments.at);
    if (!there) return complain(kAccount, playback.problem());
    const auto slot = playback.engine().find(key);
    if (!slot) {
        return complain(kAccount, fmt::format("after input {} there is no account {}",
                                              playback.input_seq(), arguments.account));
    }
    return write_account(playback.engine(), *slot, playback, arguments.json);
}

// Its sums are right to the last byte, and the configuration it names gives an engine that takes
// it.
int inspect_snapshot(const std::string& path) {
    PosixFiles files;
    std::unique_ptr<File> file;
    if (IoError error = files.open(path, Access::read, file)) {
        return complain(kSnapshot, error.text, kUnavailable);
    }
    SnapshotReader reader(files, path);
    const auto unusable = [&](const std::string& problem) {
        return complain(kSnapshot, problem, kFailed);
    };
    if (!reader.problem().empty()) return unusable(reader.problem());
    const SnapshotAbout about = reader.about();
    config::Loaded loaded = config::load_text(about.epoch.config_text, about.epoch.config_name);
    if (!loaded.problems.empty()) {
        return unusable(fmt::format("{}: its configuration has a problem for this margind: {}",
                                    path, config::to_string(loaded.problems.front())));
    }
    core::EngineOptions options = config::engine_options(loaded.settings.engine);
    options.config_hash = config_hash(about.epoch.config_text);
    std::string problem;
    const auto engine = core::Engine::restore(loaded.settings.risk, options, reader, problem);
    if (!reader.whole()) return unusable(reader.problem());
    if (engine == nullptr) return unusable(path + ": " + problem);
    fmt::print("snapshot after input {}, event {}\n", about.input_seq, about.event_seq);
    fmt::print("  engine time    {}\n", stand_in::utc_text(about.engine_time, 9));
    fmt::print("  written        {}\n", stand_in::utc_text(about.created, 3));
    fmt::print("  by             {}, run {}, configuration {}\n", about.epoch.program,
               about.epoch.number, about.epoch.config_name);
    fmt::print("  accounts       {}\n", engine->account_count());
    const core::EngineStatistics statistics = engine->statistics();
    for (std::size_t s = 0; s < core::kMarginStates; ++s) {
        fmt::print("    {:<13}{}\n", name_of(static_cast<core::MarginState>(s)),
                   statistics.accounts_by_state[s]);
    }
    fmt::print("  state hash     {:016x}\nwhole: every sum is right\n", engine->state_hash());
    return kOk;
}

void add_inspect_snapshot(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "snapshot", "What a snapshot file is of, and whether it is whole and can be gone on from.");
    auto file = std::make_shared<std::string>();
    command->add_option("file", *file, "The file: DIR/snapshot-....mgs")->required();
    command->callback([file, &exit_code] { exit_code = inspect_snapshot(*file); });
}

void add_inspect_journal(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "journal", "Runs, segments and snapshots of a journal, and whether each is whole.");
    auto arguments = std::make_shared<JournalArguments>();
    command->add_option("folder", arguments->folder, "The journal's folder")->required();
    command->add_flag("--records", arguments->records, "The records, one line of JSON each");
    command->add_option("--stream", arguments->stream, "Of which stream")
        ->check(CLI::IsMember({"inputs", "events"}))
        ->capture_default_str();
    command->add_option("--from", arguments->from, "First number to show, with --records")
        ->check(whole_number);
    command->add_option("--to", arguments->to, "Last number to show")->check(whole_number);
    command->callback([arguments, &exit_code] { exit_code = inspect_journal(*arguments); });
}

void add_inspect_account(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "account", "An account as it stood after an input: what it held and what it came to.");
    auto arguments = std::make_shared<AccountArguments>();
    command->add_option("account", arguments->account, "ACCOUNT or ACCOUNT/SUB_ACCOUNT")
        ->required();
    command->add_option("--journal", arguments->folder, "The journal's folder")->required();
    command->add_option("--at", arguments->at, "After this input; without it, after the last")
        ->check(whole_number);
    command->add_flag("--json", arguments->json, "One line of JSON, as margind evaluate writes it");
    command->callback([arguments, &exit_code] { exit_code = inspect_account(*arguments); });
}

}  // namespace

void add_inspect(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "inspect", "What a journal or a snapshot holds, and an account as it stood.");
    command->require_subcommand(1);
    add_inspect_journal(*command, exit_code);
    add_inspect_snapshot(*command, exit_code);
    add_inspect_account(*command, exit_code);
}

}  // namespace margind::daemon
