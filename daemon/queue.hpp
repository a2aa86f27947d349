// A bounded queue between two threads: moodycamel::ConcurrentQueue with explicit tokens. The only
// file that includes it.
//
// Policy for "full": try_push() refuses; the queue never drops and never grows. What a producer
// does about it is written beside each use: daemon/threads/queued_delivery.hpp for inputs (prices
// conflate, sessions stop reading), daemon/threads/engine_cycle.hpp for events (the engine takes no
// further input until they are out).
//
// Memory: all of it is taken, and touched, by the constructor. Order: first in, first out.
// Threads: one producer and one consumer, each with its token. A further producer would need a
// token of its own here, and its own share of the blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <concurrentqueue/concurrentqueue.h>

#include "core/assert.hpp"
#include "core/limits.hpp"

namespace margind::daemon {

// Largest capacity a queue may be configured to; the index of its blocks is reserved for so many.
inline constexpr std::size_t kQueueCapacityMax = std::size_t{1} << 22;

// NOLINTBEGIN(readability-identifier-naming): moodycamel's names.
struct QueueTraits : moodycamel::ConcurrentQueueDefaultTraits {
    static constexpr std::size_t BLOCK_SIZE = 64;
    // A power of two; without it try_enqueue would refuse after 32 blocks.
    static constexpr std::size_t EXPLICIT_INITIAL_INDEX_SIZE = 2 * kQueueCapacityMax / BLOCK_SIZE;
    static constexpr std::size_t MAX_SUBQUEUE_SIZE = kQueueCapacityMax + 4 * BLOCK_SIZE;
    // No queueing without a token.
    static constexpr std::size_t INITIAL_IMPLICIT_PRODUCER_HASH_SIZE = 0;
};
// NOLINTEND(readability-identifier-naming)

template <class T>
class BoundedQueue {
    static_assert(std::is_trivially_copyable_v<T>, "crosses threads by copy");

  public:
    // Requires: 1 <= capacity <= kQueueCapacityMax.
    explicit BoundedQueue(std::size_t capacity)
        : capacity_(capacity), queue_(reserved(capacity)), producer_(queue_), consumer_(queue_) {
        MARGIND_ASSERT(capacity >= 1 && capacity <= kQueueCapacityMax);
        touch_everything(reserved(capacity));
    }
    BoundedQueue(const BoundedQueue&) = delete;
    BoundedQueue& operator=(const BoundedQueue&) = delete;

    std::size_t capacity() const noexcept { return capacity_; }

    // Producer: whether `count` pushes in a row will succeed.
    bool has_room(std::size_t count) noexcept {
        if (room_ >= count) return true;
        // acquire: pairs with the release in try_pop(). The count covers only elements that were
        // copied out, so their blocks are free again.
        room_ = capacity_ - static_cast<std::size_t>(pushed_.load(std::memory_order_relaxed) -
                                                     popped_.load(std::memory_order_acquire));
        return room_ >= count;
    }

    // Producer. False when full; counts nothing and changes nothing.
    bool try_push(const T& value) noexcept {
        if (!has_room(1)) return false;
        --room_;
        // Before the element can be popped, so that no thread ever counts more popped than pushed.
        // Only the producer writes it.
        pushed_.store(pushed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        const bool taken = queue_.try_enqueue(producer_, value);
        MARGIND_ASSERT(taken);  // there is one block more than `capacity_` can occupy
        return true;
    }

    // Consumer. False when empty.
    bool try_pop(T& value) noexcept {
        if (!queue_.try_dequeue(consumer_, value)) return false;
        popped_.store(popped_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        return true;
    }

    // Any thread: elements pushed and not popped yet, as of a moment ago; one that is just being
    // pushed counts. Exact when the other side stands still. At most the capacity for producer and
    // consumer; a third thread also counts what came in while it looked.
    std::size_t depth() const noexcept {
        // acquire: every element popped was counted as pushed before (the queue orders the two).
        const std::uint64_t popped = popped_.load(std::memory_order_acquire);
        const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
        return static_cast<std::size_t>(pushed - popped);
    }

  private:
    // A block is reused when all of it was popped, so the oldest and the newest may be part empty.
    static constexpr std::size_t reserved(std::size_t capacity) {
        constexpr std::size_t kBlock = QueueTraits::BLOCK_SIZE;
        return ((capacity + kBlock - 1) / kBlock + 2) * kBlock;
    }

    // Gives every block to the one producer and maps its memory, before the first real element.
    void touch_everything(std::size_t count) {
        T value{};
        for (std::size_t i = 0; i < count; ++i) {
            MARGIND_ASSERT(queue_.try_enqueue(producer_, value));
        }
        for (std::size_t i = 0; i < count; ++i) {
            MARGIND_ASSERT(queue_.try_dequeue(consumer_, value));
        }
    }

    // Constant after construction.
    const std::size_t capacity_;
    moodycamel::ConcurrentQueue<T, QueueTraits> queue_;
    // Producer's.
    alignas(core::kCacheLine) moodycamel::ProducerToken producer_;
    std::size_t room_ = capacity_;  // pushes that are sure to succeed; the true room may be larger
    std::atomic<std::uint64_t> pushed_{0};
    // Consumer's.
    alignas(core::kCacheLine) moodycamel::ConsumerToken consumer_;
    std::atomic<std::uint64_t> popped_{0};
};

}  // namespace margind::daemon
