#include "daemon/clock.hpp"

#include <algorithm>
#include <chrono>

namespace margind::daemon {
namespace {

std::int64_t monotonic_ns() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

SystemClock::SystemClock() noexcept {
    const std::int64_t utc = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
    offset_ns_ = utc - monotonic_ns();
}

core::Timestamp SystemClock::now() noexcept {
    return core::Timestamp::from_ns(offset_ns_ + monotonic_ns());
}

}  // namespace margind::daemon
