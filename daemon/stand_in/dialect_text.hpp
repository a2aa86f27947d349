// Pieces of messages that several dialects write or read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/time.hpp"

namespace margind::daemon::stand_in {

// "..." with what JSON wants escaped.
std::string json_text(std::string_view text);
// 2025-10-10T21:15:00.123456Z, cut (not rounded) to `digits` decimals of a second.
std::string utc_text(core::Timestamp time, int digits);
// A size with eight decimals, at least 0.00000001.
std::string size_text(double size);

inline std::int64_t milliseconds(core::Timestamp time) {
    return time.ns() / 1'000'000;
}

}  // namespace margind::daemon::stand_in
