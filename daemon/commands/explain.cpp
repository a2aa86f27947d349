// margind explain: the arithmetic of one decision, from the journal alone.
#include <memory>

#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"
#include "daemon/commands/journal_arguments.hpp"
#include "daemon/review/recomputed.hpp"

namespace margind::daemon {
namespace {

constexpr const char* kExplain = "explain";

struct ExplainArguments {
    std::string event;
    std::string folder;
};

int run_explain(const ExplainArguments& arguments) {
    const auto event_seq = sequence_of(arguments.event);
    if (!event_seq) {
        return complain(kExplain,
                        fmt::format("'{}' is no event's number: 1, 2, 3 ...", arguments.event),
                        kUsage);
    }
    if (!folder_readable(kExplain, arguments.folder)) return kUnavailable;
    PosixFiles files;
    Recomputed event(files, arguments.folder);
    if (!event.make(*event_seq)) return complain(kExplain, event.problem());
    if (!event.identical()) {
        return complain(kExplain,
                        fmt::format("event {} cannot be explained: the journal's inputs do not "
                                    "give it; margind verify {} --journal {} shows what differs",
                                    *event_seq, *event_seq, arguments.folder));
    }
    Output output;
    explain_decision({.event = event.recorded(),
                      .input = event.playback().input(),
                      .before = event.before(),
                      .after = event.playback().engine(),
                      .run = event.playback().run_text(),
                      .snapshot = event.playback().snapshot()},
                     output.buffer());
    return output.finish() ? kOk : kFailed;
}

}  // namespace

void add_explain(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "explain",
        "The arithmetic of one event, from the journal alone: the input, the prices and "
        "why, every term of equity and margin, before and after.");
    auto arguments = std::make_shared<ExplainArguments>();
    command->add_option("event", arguments->event, "The event's number: its event_seq")->required();
    command->add_option("--journal", arguments->folder, "The journal's folder")->required();
    command->footer(
        "The event is made again from the recorded inputs first, and compared. docs/replay.md "
        "shows "
        "an\nexample, docs/explain.md tells how to read the account's figures.");
    command->callback([arguments, &exit_code] { exit_code = run_explain(*arguments); });
}

}  // namespace margind::daemon
