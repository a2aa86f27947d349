// margind run: the daemon, or with --inputs a deterministic replay of recordings.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "config/settings.hpp"
#include "daemon/application.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/log.hpp"
#include "daemon/replay/replay.hpp"

namespace margind::daemon {
namespace {

struct RunOptions {
    std::string config;
    std::optional<std::uint16_t> events_port;
    std::optional<std::uint16_t> admin_port;
    std::optional<core::Search> engine;
    std::string ready_file;
    ReplayOptions replay;
};

// For scripts: appears, complete, once the listeners are bound.
void write_ready_file(const std::filesystem::path& file, const Application& application) {
    const std::filesystem::path incomplete = file.string() + ".new";
    std::ofstream out(incomplete);
    out << fmt::format("{{\"events_port\":{},\"admin_port\":{},\"accounts_port\":{}}}\n",
                       application.events_port(), application.admin_port(),
                       application.accounts_port());
    out.close();
    if (!out) throw std::system_error(errno, std::generic_category(), incomplete.string());
    std::filesystem::rename(incomplete, file);
}

int run_daemon(const RunOptions& options, config::Settings settings) {
    if (options.events_port) settings.events.port = *options.events_port;
    if (options.admin_port) settings.admin.port = *options.admin_port;
    settings.ports_overridden = options.events_port || options.admin_port;
    const std::string events_address = settings.events.address;
    const std::string admin_address = settings.admin.address;
    const std::string accounts_address = settings.accounts.listen.address;
    Application application(std::move(settings));
    fmt::print("events: {}:{}\n", events_address, application.events_port());
    if (application.admin_port() != 0) {
        fmt::print("admin: {}:{}\n", admin_address, application.admin_port());
    }
    if (application.accounts_port() != 0) {
        fmt::print("accounts: {}:{}\n", accounts_address, application.accounts_port());
    }
    std::fflush(stdout);
    if (!options.ready_file.empty()) write_ready_file(options.ready_file, application);
    return application.run();
}

int run(const RunOptions& options) {
    config::Loaded loaded = config::load(options.config);
    for (const config::Problem& problem : loaded.problems) {
        fmt::print(stderr, "{}\n", config::to_string(problem));
    }
    if (!loaded.problems.empty()) return kConfig;
    if (options.engine) loaded.settings.engine.search = *options.engine;
    loaded.settings.search_overridden = options.engine.has_value();
    try {
        open_log(loaded.settings.log);
        if (!options.replay.inputs.empty()) return replay(loaded.settings, options.replay);
        return run_daemon(options, std::move(loaded.settings));
    } catch (const StartupRefused& refused) {
        fmt::print(stderr, "margind: {}\n", refused.what());
        return refused.exit_code;
    } catch (const std::system_error& error) {
        fmt::print(stderr, "margind: {}\n", error.what());
        return kUnavailable;
    } catch (const std::exception& error) {
        fmt::print(stderr, "margind: {}\n", error.what());
        return kFailed;
    }
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<RunOptions>();
    CLI::App* command = app.add_subcommand("run", "watch accounts: prices in, margin events out");
    command->footer(
        "Signals: SIGTERM and SIGINT drain (stop inputs, finish the queues, flush subscribers, "
        "exit\n"
        "0); a second one exits 1 at once. SIGHUP reloads risk parameters from the config.\n\n"
        "With --inputs nothing is opened: recordings are replayed at their recorded times, and "
        "the\n"
        "bodies of the events, one a line, are the same for the same files, whatever the layout.");
    command->add_option("--config", options->config, "the config file (YAML)")->required();
    command->add_option("--events-port", options->events_port,
                        "instead of the config's events.port; 0: any free port, printed");
    command->add_option("--admin-port", options->admin_port,
                        "instead of the config's admin.port; 0: any free port, printed");
    command
        ->add_option("--engine", options->engine,
                     "instead of the config's engine.search: reference looks at all who hold what "
                     "ticked, bands at the accounts it can hurt; the events are the same")
        ->transform(CLI::CheckedTransformer(std::map<std::string, core::Search>{
            {"reference", core::Search::reference}, {"bands", core::Search::bands}}));
    command->add_option("--ready-file", options->ready_file,
                        "write the listeners' ports here, as JSON, once they are bound");
    command
        ->add_option("--inputs", options->replay.inputs,
                     "replay these recordings and account updates (.jsonl, .gz too), then exit")
        ->check(CLI::ExistingFile);
    command
        ->add_option("--events-out", options->replay.events_out,
                     "replay: where the event bodies go; standard output by default")
        ->needs("--inputs");
    command
        ->add_flag("--assume-time", options->replay.assume_time,
                   "replay: give lines without a time the time of the line before them")
        ->needs("--inputs");
    command
        ->add_flag("--summary", options->replay.summary,
                   "replay: tell on standard error what became of the inputs")
        ->needs("--inputs");
    command->callback([options, &exit_code]() { exit_code = run(*options); });
}

}  // namespace margind::daemon
