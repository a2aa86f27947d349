#include "daemon/commands/command.hpp"

int main(int argc, char** argv) {
    CLI::App app{
        "margind watches the margin accounts of a trading venue: prices in, margin calls "
        "and liquidations out",
        "margind"};
    app.set_version_flag("--version", "margind " MARGIND_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Each command has a --help of its own.\n\n"
        "Exit codes:\n"
        "  0  it did what it was asked\n"
        "  1  it ran, and something went wrong; the message says what\n"
        "  2  unusable arguments\n"
        "  3  the config file, or a file it names, has problems; each is listed; run: the journal\n"
        "     is damaged\n"
        "  4  an address in use, a file that cannot be opened, a server that is not there");
    int exit_code = margind::daemon::kOk;
    margind::daemon::add_run(app, exit_code);
    margind::daemon::add_check(app, exit_code);
    margind::daemon::add_evaluate(app, exit_code);
    margind::daemon::add_generate(app, exit_code);
    margind::daemon::add_decode(app, exit_code);
    margind::daemon::add_venue(app, exit_code);
    margind::daemon::add_listen(app, exit_code);
    margind::daemon::add_watch(app, exit_code);
    margind::daemon::add_bench(app, exit_code);
    margind::daemon::add_replay(app, exit_code);
    margind::daemon::add_explain(app, exit_code);
    margind::daemon::add_verify(app, exit_code);
    margind::daemon::add_inspect(app, exit_code);
    margind::daemon::add_journal(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? margind::daemon::kOk : margind::daemon::kUsage;
    }
    return exit_code;
}
