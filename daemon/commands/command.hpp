// The sub-commands of `margind`. Each file in this folder adds one to the argument parser.
#pragma once

#include <CLI/CLI.hpp>

namespace margind::daemon {

// Exit codes of every sub-command; listed by `margind --help`.
enum ExitCode : int {
    kOk = 0,
    kFailed = 1,       // it ran, and something went wrong; the message says what
    kUsage = 2,        // unusable arguments
    kConfig = 3,       // the config file, or a file it names, has problems; each is listed
    kUnavailable = 4,  // an address in use, a file that cannot be opened, a server not there
};

// Each adds its sub-command with a callback that stores the exit code in `exit_code`.
void add_run(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_evaluate(CLI::App& app, int& exit_code);
void add_decode(CLI::App& app, int& exit_code);
void add_venue(CLI::App& app, int& exit_code);
void add_generate(CLI::App& app, int& exit_code);
void add_listen(CLI::App& app, int& exit_code);
void add_watch(CLI::App& app, int& exit_code);
void add_bench(CLI::App& app, int& exit_code);
// Over the folder of a journal.
void add_replay(CLI::App& app, int& exit_code);
void add_explain(CLI::App& app, int& exit_code);
void add_verify(CLI::App& app, int& exit_code);
void add_inspect(CLI::App& app, int& exit_code);
void add_journal(CLI::App& app, int& exit_code);

}  // namespace margind::daemon
