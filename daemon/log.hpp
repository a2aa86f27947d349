// The log: for people, written by the cold thread and main only. Hot threads count; the cold thread
// reads their counters and says what changed.
#pragma once

#include "config/settings.hpp"

namespace margind::daemon {

// Sets up spdlog's default logger. Throws std::runtime_error when the file cannot be opened.
void open_log(const config::LogSettings& settings);

}  // namespace margind::daemon
