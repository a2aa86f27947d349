#include "daemon/queue.hpp"

#include <cstdint>
#include <memory>
#include <thread>

#include <catch2/catch.hpp>

namespace margind::daemon {
namespace {

using Queue = BoundedQueue<std::uint64_t>;

TEST_CASE("a queue takes exactly its capacity, refuses the next, and gives them back in order") {
    for (const std::size_t capacity : {std::size_t{1}, std::size_t{63}, std::size_t{64},
                                       std::size_t{65}, std::size_t{1000}, std::size_t{65'536}}) {
        const auto queue = std::make_unique<Queue>(capacity);
        std::uint64_t next_in = 0;
        std::uint64_t next_out = 0;
        // Several rounds, so that blocks are reused from every offset.
        for (int round = 0; round < 5; ++round) {
            while (queue->try_push(next_in)) ++next_in;
            CHECK(next_in - next_out == capacity);
            CHECK(queue->depth() == capacity);
            CHECK_FALSE(queue->has_room(1));
            std::uint64_t value = 0;
            for (std::size_t i = 0; i < capacity / 2 + 1; ++i) {
                REQUIRE(queue->try_pop(value));
                REQUIRE(value == next_out++);
            }
            CHECK(queue->has_room(capacity / 2 + 1));
        }
        std::uint64_t value = 0;
        while (queue->try_pop(value)) REQUIRE(value == next_out++);
        CHECK(next_out == next_in);
        CHECK(queue->depth() == 0);
    }
}

TEST_CASE("room promised for several pushes is there") {
    Queue queue(100);
    for (std::uint64_t i = 0; i < 60; ++i) REQUIRE(queue.try_push(i));
    REQUIRE(queue.has_room(40));
    CHECK_FALSE(queue.has_room(41));
    for (std::uint64_t i = 0; i < 40; ++i) CHECK(queue.try_push(i));
    CHECK_FALSE(queue.try_push(0));
}

TEST_CASE("between two threads nothing is lost, doubled or reordered") {
    constexpr std::uint64_t kCount = 300'000;
    Queue queue(256);
    std::thread producer([&]() {
        for (std::uint64_t i = 0; i < kCount;) {
            if (queue.try_push(i)) {
                ++i;
            } else {
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t expected = 0;
    bool in_order = true;
    std::size_t deepest = 0;
    while (expected < kCount) {
        deepest = std::max(deepest, queue.depth());
        std::uint64_t value = 0;
        if (queue.try_pop(value)) {
            in_order = in_order && value == expected;
            ++expected;
        } else {
            std::this_thread::yield();
        }
    }
    producer.join();
    CHECK(in_order);
    CHECK(deepest <= 256);
    CHECK(queue.depth() == 0);
}

}  // namespace
}  // namespace margind::daemon
