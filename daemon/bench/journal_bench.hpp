// What a journal costs: the engine's thread per record, a group commit against a bare write and
// fdatasync of the same bytes, a snapshot, coming back from one, and a replay against the engine
// alone. Each figure has what it is compared with in the same run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace margind::daemon {

struct JournalBenchOptions {
    std::filesystem::path folder;  // on the disk to be measured; a folder of its own is made in it
    std::uint32_t accounts = 100'000;
    std::uint32_t instruments = 100;
    std::uint64_t ticks = 100'000;
    std::uint64_t commits = 200;
    std::uint64_t inputs_per_commit = 100;
    double bp = 1;
    std::uint64_t seed = 1;
    bool recovery_only = false;
};

// One JSON object. Throws std::runtime_error when the disk fails, or a replay is not what was
// recorded.
std::string run_journal_bench(const JournalBenchOptions& options);

}  // namespace margind::daemon
