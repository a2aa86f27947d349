// What the process asks of the machine before anything is opened.
#pragma once

#include "config/settings.hpp"

namespace margind::daemon {

// Throws StartupRefused when a thread is to run on a cpu that this process may not use: found out
// here, not by a thread that cannot start.
void check_cpus(const config::ThreadSettings& threads, int shards);

// Keeps all memory, present and to come, from being swapped out. Throws std::system_error.
void lock_memory();

}  // namespace margind::daemon
