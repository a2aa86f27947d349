// A value one thread replaces and another reads, neither ever waiting: a triple buffer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/limits.hpp"

namespace margind::daemon {

template <class T>
class Published {
  public:
    // Writer: fill writable(), then publish(). The buffer then writable holds an older value.
    // publish() says whether the value before was overtaken unread.
    T& writable() noexcept { return buffers_[write_]; }
    bool publish() noexcept {
        // acq_rel: releases the buffer just written, acquires the one the reader gave back.
        const std::uint32_t before = middle_.exchange(write_ | kFresh, std::memory_order_acq_rel);
        write_ = before & kIndex;
        return (before & kFresh) != 0;
    }
    // Any thread: whether a published value has not been read yet.
    bool waiting() const noexcept {
        return (middle_.load(std::memory_order_relaxed) & kFresh) != 0;
    }
    // Reader: the newest published value; stays valid until the next call.
    const T& read() noexcept {
        if (middle_.load(std::memory_order_relaxed) & kFresh) {
            read_ = middle_.exchange(read_, std::memory_order_acq_rel) & kIndex;
        }
        return buffers_[read_];
    }

    // Before the threads start: give every buffer its final capacity.
    template <class F>
    void for_each_buffer(F prepare) {
        for (T& buffer : buffers_) prepare(buffer);
    }

  private:
    static constexpr std::uint32_t kFresh = 4;
    static constexpr std::uint32_t kIndex = 3;

    std::array<T, 3> buffers_{};
    alignas(core::kCacheLine) std::uint32_t write_ = 0;  // writer's
    alignas(core::kCacheLine) std::atomic<std::uint32_t> middle_{1};
    alignas(core::kCacheLine) std::uint32_t read_ = 2;  // reader's
};

}  // namespace margind::daemon
