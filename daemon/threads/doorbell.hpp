// Wakes a thread that declared itself asleep: an eventfd and a flag. A ring costs one relaxed load
// while the sleeper is awake, a system call (8-9 us across cores) only when it really sleeps.
//
// Threads: one sleeper; anybody may ring. Lifetime: outlives all of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/limits.hpp"
#include "core/time.hpp"

namespace margind::daemon {

class Doorbell {
  public:
    Doorbell();  // throws std::system_error when the kernel has no descriptor left
    ~Doorbell();
    Doorbell(const Doorbell&) = delete;
    Doorbell& operator=(const Doorbell&) = delete;

    // Ringer, after what the sleeper should notice was made visible.
    void ring() noexcept {
        // seq_cst fence: pairs with the one in declare_asleep(). Either the sleeper sees what we
        // published before, or we see its flag.
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (asleep_.load(std::memory_order_relaxed)) wake();
    }

    // Sleeper: declare_asleep(), check once more that there is nothing to do, then wait() (or wait
    // on descriptor() by other means and swallow()), then declare_awake().
    void declare_asleep() noexcept {
        asleep_.store(true, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_seq_cst);
    }
    void wait(core::Duration timeout) noexcept;
    void swallow() noexcept;
    void declare_awake() noexcept { asleep_.store(false, std::memory_order_relaxed); }

    int descriptor() const noexcept { return descriptor_; }
    // Any thread: rings that had to wake somebody.
    std::uint64_t wakeups() const noexcept { return wakeups_.load(std::memory_order_relaxed); }

  private:
    void wake() noexcept;

    int descriptor_ = -1;
    alignas(core::kCacheLine) std::atomic<bool> asleep_{false};
    std::atomic<std::uint64_t> wakeups_{0};
};

}  // namespace margind::daemon
