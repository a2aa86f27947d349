// How far the journal's disk is, for those who wait for it: the io thread lets events leave and
// acknowledges account updates only up to here, where the config says so.
//
// Threads: written by the journal's thread, read by any.
#pragma once

#include <atomic>
#include <cstdint>

#include "config/settings.hpp"
#include "core/limits.hpp"

namespace margind::daemon {

class Durability {
  public:
    explicit Durability(config::Durability mode) : mode_(mode) {}

    config::Durability mode() const noexcept { return mode_; }

    // Whether what has this number may be published, or acknowledged. Once the journal has failed
    // only what is on disk may, whatever the mode.
    bool event_may_leave(std::uint64_t event_seq) const noexcept {
        return may_be_told(event_seq, events_);
    }
    bool input_may_be_acknowledged(std::uint64_t input_seq) const noexcept {
        return may_be_told(input_seq, inputs_);
    }
    bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
    bool disk_low() const noexcept { return disk_low_.load(std::memory_order_relaxed); }
    std::uint64_t inputs() const noexcept { return inputs_.load(std::memory_order_acquire); }
    std::uint64_t events() const noexcept { return events_.load(std::memory_order_acquire); }

    // Journal's thread: everything up to these numbers is on disk.
    void reached(std::uint64_t input_seq, std::uint64_t event_seq) noexcept {
        // release: pairs with the readers' acquire; the files were synced before.
        inputs_.store(input_seq, std::memory_order_release);
        events_.store(event_seq, std::memory_order_release);
    }
    void fail() noexcept { failed_.store(true, std::memory_order_release); }
    void set_disk_low(bool low) noexcept { disk_low_.store(low, std::memory_order_relaxed); }

  private:
    bool may_be_told(std::uint64_t seq, const std::atomic<std::uint64_t>& on_disk) const noexcept {
        if (mode_ == config::Durability::none) return true;
        return seq <= on_disk.load(std::memory_order_acquire) ||
               (mode_ == config::Durability::memory && !failed());
    }

    const config::Durability mode_;
    alignas(core::kCacheLine) std::atomic<std::uint64_t> inputs_{0};
    std::atomic<std::uint64_t> events_{0};
    std::atomic<bool> failed_{false};
    std::atomic<bool> disk_low_{false};
};

}  // namespace margind::daemon
