// Moments and lengths of time. The core never reads a clock: every moment enters with an input.
#pragma once

#include <compare>
#include <cstdint>

namespace margind::core {

// A length of time in nanoseconds; may be negative (a clock that runs behind).
class Duration {
  public:
    constexpr Duration() = default;
    static constexpr Duration from_ns(std::int64_t ns) { return Duration(ns); }
    static constexpr Duration from_us(std::int64_t us) { return Duration(us * 1'000); }
    static constexpr Duration from_ms(std::int64_t ms) { return Duration(ms * 1'000'000); }
    static constexpr Duration from_seconds(std::int64_t s) { return Duration(s * 1'000'000'000); }

    constexpr std::int64_t ns() const { return ns_; }
    constexpr double seconds() const { return static_cast<double>(ns_) * 1e-9; }

    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.ns_ + b.ns_); }
    friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.ns_ - b.ns_); }

  private:
    explicit constexpr Duration(std::int64_t ns) : ns_(ns) {}
    std::int64_t ns_ = 0;
};

// A moment: nanoseconds since 1970-01-01 UTC. Zero means "not stated".
class Timestamp {
  public:
    constexpr Timestamp() = default;
    static constexpr Timestamp from_ns(std::int64_t ns) { return Timestamp(ns); }

    constexpr std::int64_t ns() const { return ns_; }
    constexpr bool stated() const { return ns_ != 0; }

    friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
    friend constexpr Duration operator-(Timestamp a, Timestamp b) {
        return Duration::from_ns(a.ns_ - b.ns_);
    }
    friend constexpr Timestamp operator+(Timestamp t, Duration d) {
        return Timestamp(t.ns_ + d.ns());
    }
    friend constexpr Timestamp operator-(Timestamp t, Duration d) {
        return Timestamp(t.ns_ - d.ns());
    }

  private:
    explicit constexpr Timestamp(std::int64_t ns) : ns_(ns) {}
    std::int64_t ns_ = 0;
};

}  // namespace margind::core
