#include "daemon/process.hpp"

#include <sched.h>
#include <sys/mman.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "daemon/application.hpp"
#include "daemon/commands/command.hpp"

namespace margind::daemon {

void check_cpus(const config::ThreadSettings& threads, int shards) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<int> cpus{threads.engine_cpu, threads.io_cpu, threads.cold_cpu};
    for (int s = 0; s < shards && threads.shard_cpu >= 0; ++s)
        cpus.push_back(threads.shard_cpu + s);
    for (const int cpu : cpus) {
        if (cpu < 0) continue;
        const auto number = static_cast<std::size_t>(cpu);
        if (cpu < CPU_SETSIZE && CPU_ISSET(number, &allowed)) continue;
        throw StartupRefused(kConfig,
                             fmt::format("threads: this process may not use cpu {}; choose "
                                         "another, or -1 for any",
                                         cpu));
    }
}

void lock_memory() {
    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) return;
    throw std::system_error(errno, std::generic_category(),
                            "threads.lock_memory: memory cannot be locked; grant CAP_IPC_LOCK or "
                            "raise the memlock limit, or set it to false");
}

}  // namespace margind::daemon
