// margind check: is a config sound, and does it look like what was meant?
#include "daemon/commands/check.hpp"

#include <memory>

#include "daemon/commands/command.hpp"
#include "daemon/commands/config_file.hpp"

namespace margind::daemon {
namespace {

struct SourceCount {
    int index = 0;
    int mark = 0;
};

std::vector<SourceCount> count_sources(const core::RiskParameters& risk) {
    std::vector<SourceCount> counts(risk.instruments.size());
    for (const core::Source& source : risk.sources) {
        SourceCount& count = counts[source.instrument.index()];
        ++(source.role == core::Role::index ? count.index : count.mark);
    }
    return counts;
}

void warn_of_instrument(const core::Instrument& instrument, const SourceCount& count,
                        std::vector<std::string>& warnings) {
    const auto warn = [&](const std::string& text) {
        warnings.push_back("instrument " + instrument.name + ": " + text);
    };
    if (count.index + count.mark == 0) {
        warn(
            "has no sources; it never gets a live price, and accounts that hold it are not judged");
        return;
    }
    if (instrument.quorum_index > count.index) {
        warn(
            fmt::format("quorum_index {} is more than its {} index sources; its price is never "
                        "trusted, and liquidations are held to hold_max",
                        instrument.quorum_index, count.index));
    }
    if (count.mark > 0 && instrument.quorum_mark > count.mark) {
        warn(
            fmt::format("quorum_mark {} is more than its {} mark sources; its price is never "
                        "trusted, and liquidations are held to hold_max",
                        instrument.quorum_mark, count.mark));
    }
    if (count.index == 1) warn("has a single index source; nothing outvotes it when it is wrong");
}

int run_check(const std::string& file) {
    const auto settings = load_or_report(file);
    if (!settings) return kConfig;
    for (const std::string& warning : warnings_of(*settings)) {
        fmt::print(stderr, "warning: {}: {}\n", file, warning);
    }
    const core::RiskParameters& risk = settings->risk;
    fmt::print("ok: {} assets, {} instruments, {} sources, {} feeds, up to {} accounts\n",
               risk.assets.size(), risk.instruments.size(), risk.sources.size(), risk.feeds.size(),
               risk.max_accounts);
    return kOk;
}

}  // namespace

std::vector<std::string> warnings_of(const config::Settings& settings) {
    std::vector<std::string> warnings;
    const core::RiskParameters& risk = settings.risk;
    const std::vector<SourceCount> counts = count_sources(risk);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        warn_of_instrument(risk.instruments[i], counts[i], warnings);
    }
    std::vector<bool> used(risk.feeds.size());
    for (const core::Source& source : risk.sources) used[source.feed.index()] = true;
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (used[i]) continue;
        warnings.push_back("feed " + risk.feeds[i] +
                           ": no source uses it; it has nothing to ask for");
    }
    return warnings;
}

void add_check(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "check", "Check a config file: every problem at once, or a summary and warnings.");
    auto file = std::make_shared<std::string>();
    command->add_option("--config", *file, "Config file (YAML)")->required();
    command->footer(
        "Exit: 0 sound (warnings go to standard error), 3 problems, each as\n"
        "file:line key: what and what to do.");
    command->callback([file, &exit_code] { exit_code = run_check(*file); });
}

}  // namespace margind::daemon
