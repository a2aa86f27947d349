// What a price tick costs the engine: with bands, and evaluating every holder (the reference), on
// the same inputs in one process; and beside both the fastest loop that could look at the same
// accounts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace margind::daemon {

enum class BenchScenario : std::uint8_t {
    calm,   // prices walk
    crash,  // the middle half falls by 15 %, in a walk three times as rough, with four market gaps
    gap,    // prices walk, and now and then the most held instrument falls by 2 % in one tick
    history,  // recorded prices, at their times
};

std::string_view name_of(BenchScenario scenario);

struct EngineBenchOptions {
    std::uint32_t accounts = 10'000;
    std::uint32_t instruments = 100;
    std::uint32_t holders = 0;     // see PopulationOptions
    std::uint64_t warmup = 2'000;  // ticks before those that count
    std::uint64_t ticks = 10'000;
    std::uint64_t alone = 50'000;  // ticks after those, for the bands by themselves
    double seconds_max =
        60;         // of both engines together; stops early, and says after how many ticks
    double bp = 1;  // deviation of a move, 1e-4 of the price
    std::uint32_t shards = 1;  // see run_shards_bench()
    BenchScenario scenario = BenchScenario::calm;
    // Of scenario `history`: instrument k goes the way of file k modulo their number, one bar as
    // four ticks (daemon/stand_in/history.hpp says what is in a file). Ticks end with the files.
    std::vector<std::filesystem::path> history;
    std::uint64_t seed = 1;
    int cpu = -1;  // -1: not pinned
};

// One JSON object. Throws std::runtime_error when an engine does not take what it is given, or when
// the two disagree about what happened.
std::string run_engine_bench(const EngineBenchOptions& options);

}  // namespace margind::daemon
