// Price history read from CSV: what a stand-in venue has to tell.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/time.hpp"

namespace margind::daemon::stand_in {

// One bar; prices in units of 10^-History::decimals.
struct Bar {
    core::Timestamp start;
    std::int64_t open = 0;
    std::int64_t high = 0;
    std::int64_t low = 0;
    std::int64_t close = 0;
    double volume = 0;
};

struct History {
    int decimals = 0;     // the most that any price of the file has
    core::Duration step;  // length of a bar: the shortest distance between two
    std::vector<Bar> bars;
};

// A part of time, [from, to).
struct Window {
    core::Timestamp from = core::Timestamp::from_ns(INT64_MIN);
    core::Timestamp to = core::Timestamp::from_ns(INT64_MAX);
    bool contains(core::Timestamp t) const { return from <= t && t < to; }
};

// Reads `ts_ms,open,high,low,close,volume[,...]` with one header line, gzipped or not; ts_ms is the
// start of a bar in UTC milliseconds. Times must grow, and low <= open, close <= high, all above
// zero. Throws std::runtime_error naming file, line and remedy; also when no bar is in the window.
History read_history(const std::filesystem::path& file, const Window& window);

// `units` of 10^-decimals as text with at least `decimals_min` decimals; no exponent.
void append_decimal(std::string& out, std::int64_t units, int decimals, int decimals_min = 0);

}  // namespace margind::daemon::stand_in
