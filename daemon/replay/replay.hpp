// `margind run --inputs`: recordings through the same sequencer, engine and queues as live prices,
// at their recorded times. The same files and accounts give the same event bodies, byte for byte,
// whatever the thread layout and idle strategy.
#pragma once

#include <filesystem>
#include <vector>

#include "config/settings.hpp"

namespace margind::daemon {

struct ReplayOptions {
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path events_out;  // empty: standard output
    bool assume_time = false;
    bool summary = false;
};

// Returns the exit code. Throws std::system_error or std::runtime_error when a file cannot be read
// or written.
int replay(const config::Settings& settings, const ReplayOptions& options);

}  // namespace margind::daemon
