#include "daemon/published.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

#include <catch2/catch.hpp>

namespace margind::daemon {
namespace {

TEST_CASE("the reader sees the newest value, and the writer learns whether it was read") {
    Published<int> value;
    value.writable() = 1;
    CHECK_FALSE(value.publish());
    value.writable() = 2;
    CHECK(value.publish());  // 1 was never read
    CHECK(value.waiting());
    CHECK(value.read() == 2);
    CHECK_FALSE(value.waiting());
    CHECK(value.read() == 2);
    value.writable() = 3;
    CHECK_FALSE(value.publish());
    CHECK(value.read() == 3);
}

TEST_CASE("a value is never torn and never goes back") {
    struct Pair {
        std::uint64_t a = 0;
        std::uint64_t b = 0;
    };
    constexpr std::uint64_t kCount = 200'000;
    Published<Pair> value;
    std::atomic<bool> done{false};
    std::thread writer([&]() {
        for (std::uint64_t i = 1; i <= kCount; ++i) {
            value.writable() = {i, ~i};
            value.publish();
        }
        done.store(true, std::memory_order_release);
    });
    std::uint64_t last = 0;
    bool whole = true;
    bool forward = true;
    while (!done.load(std::memory_order_acquire) || value.waiting()) {
        const Pair seen = value.read();
        if (seen.a != 0) whole = whole && seen.b == ~seen.a;
        forward = forward && seen.a >= last;
        last = seen.a;
    }
    writer.join();
    CHECK(whole);
    CHECK(forward);
    CHECK(last == kCount);
}

}  // namespace
}  // namespace margind::daemon
