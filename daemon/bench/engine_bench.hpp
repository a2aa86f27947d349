// How fast the engine takes prices, beside the fastest loop that could look at the same accounts.
#pragma once

#include <cstdint>
#include <string>

namespace margind::daemon {

struct EngineBenchOptions {
    std::uint32_t accounts = 10'000;
    std::uint32_t instruments = 100;
    std::uint32_t holders = 0;  // see PopulationOptions
    std::uint64_t ticks = 20'000;
    double seconds_max = 20;  // stops early, and says how many ticks it came to
    double bp = 5;            // size of a move, 1e-4 of the price; 1 to 100
    std::uint64_t seed = 1;
    int cpu = -1;  // -1: not pinned
};

// One JSON object. Throws std::runtime_error when the engine does not take what it is given.
std::string run_engine_bench(const EngineBenchOptions& options);

}  // namespace margind::daemon
