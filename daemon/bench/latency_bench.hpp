// From a venue's send() to a bot's recv() through the whole daemon, against a bare relay, or
// against the same daemon without a journal.
#pragma once

#include <cstdint>
#include <string>

#include "config/settings.hpp"

namespace margind::daemon {

struct LatencyBenchOptions {
    config::Layout layout = config::Layout::inline_;
    config::Idle idle = config::Idle::spin;
    std::uint32_t pairs = 12;
    double seconds = 1;  // of each half of a pair
    double rate_per_second = 10'000;
    std::uint32_t accounts = 10'000;
    std::uint32_t instruments = 100;
    std::uint32_t holders = 50;  // of the instrument that ticks
    double bp = 5;
    std::uint64_t seed = 1;
    // Not none: the daemon with a journal, against the daemon without one.
    config::Durability journal = config::Durability::none;
    std::string journal_directory = "/tmp";  // where its folder is made, and removed again
    int harness_cpu = 0;
    int daemon_cpu = 1;
};

// One JSON object. Throws std::runtime_error when the measurement is not sound: an event missing,
// one too many, a contender that does not start.
std::string run_latency_bench(const LatencyBenchOptions& options);

}  // namespace margind::daemon
