// Times as venues write them -> UTC nanoseconds, exactly.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.hpp"

namespace margind::feeds {

// ISO 8601 in UTC: 2021-04-17T16:43:29.571587Z, with 0 to 9 digits of fraction. Year 0001 is how a
// Go program writes "no time": the result is Timestamp{}, not stated. False, with `time` untouched,
// for any other text, for days that do not exist, and outside 1970 .. 2261. Allocates nothing.
bool parse_utc_time(std::string_view text, core::Timestamp& time) noexcept;

// A count of `unit_ns` since 1970. False when it is not positive or beyond the year 2262.
bool time_from_count(std::int64_t count, std::int64_t unit_ns, core::Timestamp& time) noexcept;

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kMicrosecond = 1'000;

}  // namespace margind::feeds
