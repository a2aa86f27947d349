// `margind bench`: measures this machine, prints one JSON object. See docs/performance.md.
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/shards/shard_input.hpp"
#include "daemon/bench/engine_bench.hpp"
#include "daemon/bench/journal_bench.hpp"
#include "daemon/bench/latency_bench.hpp"
#include "daemon/bench/shards_bench.hpp"
#include "daemon/commands/command.hpp"

namespace margind::daemon {
namespace {

int print(const std::function<std::string()>& measure) {
    try {
        const std::string result = measure();
        std::printf("%s\n", result.c_str());
        return kOk;
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "margind bench: %s\n", problem.what());
        return kFailed;
    }
}

void add_engine(CLI::App& bench, int& exit_code) {
    CLI::App* command = bench.add_subcommand(
        "engine", "Time per price tick: bands against evaluating every holder, on the same inputs");
    const auto options = std::make_shared<EngineBenchOptions>();
    command->add_option("--accounts", options->accounts, "Accounts")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    command->add_option("--instruments", options->instruments, "Instruments")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    command
        ->add_option("--holders", options->holders,
                     "Tick one instrument only, held by exactly so many accounts; 0: all "
                     "instruments, popular ones more often")
        ->check(CLI::Range(0, 10'000'000))
        ->capture_default_str();
    command->add_option("--ticks", options->ticks, "Price ticks that count")
        ->check(CLI::Range(1, 100'000'000))
        ->capture_default_str();
    command->add_option("--warmup", options->warmup, "Price ticks before them")
        ->check(CLI::Range(1, 100'000'000))
        ->capture_default_str();
    command
        ->add_option("--alone", options->alone,
                     "Price ticks after them, for bands alone; none with --shards")
        ->check(CLI::Range(0, 100'000'000))
        ->capture_default_str();
    command
        ->add_option("--seconds-max", options->seconds_max,
                     "Stop after so many seconds of warm-up, of ticks, and of bands alone")
        ->check(CLI::Range(0.1, 86'400.0))
        ->capture_default_str();
    command->add_option("--bp", options->bp, "Deviation of a move, in 1/10000 of the price")
        ->check(CLI::Range(0.001, 100.0))
        ->capture_default_str();
    const std::map<std::string, BenchScenario> scenarios{{"calm", BenchScenario::calm},
                                                         {"crash", BenchScenario::crash},
                                                         {"gap", BenchScenario::gap},
                                                         {"history", BenchScenario::history}};
    command
        ->add_option("--scenario", options->scenario, "calm, crash, gap or history; default calm")
        ->transform(CLI::CheckedTransformer(scenarios));
    command
        ->add_option("--history", options->history,
                     "Price histories for scenario history (CSV as `margind venue` reads it, "
                     "gzipped or not), by instrument in turn; ticks end with them")
        ->check(CLI::ExistingFile);
    command->add_option("--seed", options->seed, "Seed of book and prices")->capture_default_str();
    CLI::Option* shards =
        command
            ->add_option("--shards", options->shards,
                         "Spread accounts over so many shards and time each by itself, against one "
                         "engine that evaluates every holder")
            ->check(CLI::Range(1u, core::kShardsMax));
    command->add_option("--cpu", options->cpu, "Core to run on; -1: any")
        ->check(CLI::Range(-1, 1023))
        ->capture_default_str();
    command->callback([&exit_code, options, shards] {
        exit_code = print([&] {
            return shards->count() > 0 ? run_shards_bench(*options) : run_engine_bench(*options);
        });
    });
}

void add_latency(CLI::App& bench, int& exit_code) {
    CLI::App* command = bench.add_subcommand(
        "latency", "Venue's send() to bot's recv() through the whole daemon, against a bare relay");
    const auto options = std::make_shared<LatencyBenchOptions>();
    const std::map<std::string, config::Layout> layouts{{"inline", config::Layout::inline_},
                                                        {"paired", config::Layout::paired}};
    const std::map<std::string, config::Idle> idles{
        {"spin", config::Idle::spin}, {"yield", config::Idle::yield}, {"park", config::Idle::park}};
    command->add_option("--layout", options->layout, "inline or paired; default inline")
        ->transform(CLI::CheckedTransformer(layouts));
    command
        ->add_option("--idle", options->idle,
                     "spin, yield or park; default spin. Both threads of paired share a core here: "
                     "use park")
        ->transform(CLI::CheckedTransformer(idles));
    command->add_option("--pairs", options->pairs, "Pairs of relay and daemon")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    command->add_option("--seconds", options->seconds, "Length of each half of a pair")
        ->check(CLI::Range(0.05, 3'600.0))
        ->capture_default_str();
    command->add_option("--rate", options->rate_per_second, "Ticks per second, open loop")
        ->check(CLI::Range(1.0, 1'000'000.0))
        ->capture_default_str();
    command->add_option("--accounts", options->accounts, "Accounts")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    command->add_option("--instruments", options->instruments, "Instruments; the first one ticks")
        ->check(CLI::Range(2, 200))
        ->capture_default_str();
    command->add_option("--holders", options->holders, "Accounts that hold the ticking instrument")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    command->add_option("--bp", options->bp, "Size of a move, in 1/10000 of the price")
        ->check(CLI::Range(1.0, 100.0))
        ->capture_default_str();
    const std::map<std::string, config::Durability> journals{{"none", config::Durability::none},
                                                             {"memory", config::Durability::memory},
                                                             {"group", config::Durability::group}};
    command
        ->add_option(
            "--journal", options->journal,
            "memory or group: the daemon with a journal (and no shadow), against the daemon "
            "without one; default none: against the relay")
        ->transform(CLI::CheckedTransformer(journals));
    command
        ->add_option("--journal-directory", options->journal_directory,
                     "Where the journal's folder is made")
        ->capture_default_str();
    command->add_option("--seed", options->seed, "Seed of the book")->capture_default_str();
    command->add_option("--harness-cpu", options->harness_cpu, "Core of venue and bot")
        ->check(CLI::Range(0, 1023))
        ->capture_default_str();
    command->add_option("--daemon-cpu", options->daemon_cpu, "Core of daemon and relay")
        ->check(CLI::Range(0, 1023))
        ->capture_default_str();
    command->callback(
        [&exit_code, options] { exit_code = print([&] { return run_latency_bench(*options); }); });
}

void add_journal_bench(CLI::App& bench, int& exit_code) {
    CLI::App* command = bench.add_subcommand(
        "journal", "What the journal costs the engine, the disk, a restart and a replay");
    const auto options = std::make_shared<JournalBenchOptions>();
    command
        ->add_option("--folder", options->folder,
                     "Folder on the disk to measure; what is written is removed afterwards")
        ->check(CLI::ExistingDirectory)
        ->required();
    command->add_option("--accounts", options->accounts, "Accounts")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    command->add_option("--instruments", options->instruments, "Instruments")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    command->add_option("--ticks", options->ticks, "Price ticks")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    command->add_option("--commits", options->commits, "Group commits that are timed")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    command->add_option("--inputs-per-commit", options->inputs_per_commit, "Inputs in each")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    command->add_option("--bp", options->bp, "Deviation of a move, in 1/10000 of the price")
        ->check(CLI::Range(0.001, 100.0))
        ->capture_default_str();
    command->add_option("--seed", options->seed, "Seed of book and prices")->capture_default_str();
    command->add_flag("--recovery-only", options->recovery_only,
                      "A snapshot and coming back from it alone: ten million accounts take 12 GB "
                      "and some minutes");
    command->callback(
        [&exit_code, options] { exit_code = print([&] { return run_journal_bench(*options); }); });
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
    CLI::App* bench = app.add_subcommand("bench", "Measure this machine; prints one JSON object");
    bench->require_subcommand(1);
    add_engine(*bench, exit_code);
    add_latency(*bench, exit_code);
    add_journal_bench(*bench, exit_code);
}

}  // namespace margind::daemon
