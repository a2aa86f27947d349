// How long to wait before the next connection attempt: doubles up to a maximum, with jitter, so
// that many clients cut off at once do not return at once. A pure policy: seeded, no clock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/time.hpp"

namespace margind::feeds {

class Backoff {
  public:
    // Requires: 0 < first <= max.
    Backoff(core::Duration first, core::Duration max, std::uint64_t seed)
        : first_ns_(first.ns()), max_ns_(max.ns()), next_ns_(first.ns()), state_(seed) {}

    // The wait before the next attempt: uniform in [step / 2, step], where step is first, 2 *
    // first, 4 * first ... but at most max. The lower half is fixed so that a wait is never close
    // to zero.
    core::Duration next() {
        const std::int64_t step = next_ns_;
        next_ns_ = step > max_ns_ / 2 ? max_ns_ : step * 2;
        const auto width = static_cast<std::uint64_t>(step - step / 2) + 1;
        return core::Duration::from_ns(step / 2 + static_cast<std::int64_t>(random() % width));
    }

    // The connection has proved itself: the next failure starts from `first` again.
    void reset() { next_ns_ = first_ns_; }

  private:
    // SplitMix64: any seed is good, and every machine draws the same numbers.
    std::uint64_t random() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    std::int64_t first_ns_;
    std::int64_t max_ns_;
    std::int64_t next_ns_;
    std::uint64_t state_;
};

}  // namespace margind::feeds
