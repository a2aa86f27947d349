// The newest price of every source, for prices that may be overtaken (book tops, marks, indices,
// oracles): a burst conflates here instead of queueing. The queue carries a slot's number at most
// once at a time: from the first unread value until the reader takes the newest.
//
// Threads: one writer (io), one reader (engine); neither ever waits. Memory: 576 bytes a source.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/assert.hpp"
#include "core/ids.hpp"
#include "core/input.hpp"
#include "daemon/published.hpp"

namespace margind::daemon {

class LatestSlots {
  public:
    explicit LatestSlots(std::size_t sources) : slots_(sources) {}

    // Writer: whether a value waits unread, so that the next one conflates. It may be taken at any
    // moment, never come back by itself.
    bool waiting(core::SourceId source) const noexcept { return slot(source).waiting(); }

    // Writer: replaces the slot's value. True when the reader must be told (nothing was waiting);
    // false when an unread value was overtaken, which is counted.
    bool put(core::SourceId source, const core::Input& input) noexcept {
        Published<core::Input>& value = slots_[source.index()];
        value.writable() = input;
        if (!value.publish()) return true;
        conflated_.store(conflated_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return false;
    }

    // Reader, once for every put() that returned true.
    const core::Input& take(core::SourceId source) noexcept {
        Published<core::Input>& value = slots_[source.index()];
        MARGIND_DEBUG_ASSERT(value.waiting());
        return value.read();
    }

    // Any thread.
    std::uint64_t conflated() const noexcept { return conflated_.load(std::memory_order_relaxed); }

  private:
    const Published<core::Input>& slot(core::SourceId source) const noexcept {
        return slots_[source.index()];
    }

    std::vector<Published<core::Input>> slots_;
    std::atomic<std::uint64_t> conflated_{0};  // written by the writer only
};

}  // namespace margind::daemon
