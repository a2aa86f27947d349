// How a bar becomes prices: the documented rule of `margind venue`.
//
//   1. The path is open, one extreme, the other extreme, close; a seeded coin decides which extreme
//      comes first. A price equal to the one before it is left out, so a bar with one price gives
//      one.
//   2. The bar is cut into quarters; price k is sent at a seeded moment within quarter k. Prices of
//   a
//      bar are therefore in order, and the symbols of a venue do not tick in step.
//   3. Around each price p stands a book: its spread is `spread_bp` hundredths of a percent of p,
//      rounded up to a whole unit of the file's precision and at least one; the best bid is p less
//      half of it (rounded down), but at least one unit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/time.hpp"
#include "core/units.hpp"
#include "daemon/stand_in/history.hpp"

namespace margind::daemon::stand_in {

struct PathPoint {
    core::Timestamp time;
    std::int64_t price = 0;
};

struct PricePath {
    std::array<PathPoint, 4> points;
    std::size_t count = 0;
};

// A well mixed number that depends on nothing but its arguments (SplitMix64).
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    std::uint64_t z = a + b * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// `seed` is that of the symbol. Pure: the same bar and seed give the same path.
inline PricePath path_of(const Bar& bar, core::Duration step, std::uint64_t seed) {
    const std::uint64_t draw = mix(seed, static_cast<std::uint64_t>(bar.start.ns()));
    const bool low_first = (draw & 1) == 0;
    const std::array<std::int64_t, 4> prices = {bar.open, low_first ? bar.low : bar.high,
                                                low_first ? bar.high : bar.low, bar.close};
    const std::int64_t quarter = step.ns() / 4;
    PricePath path;
    for (std::size_t k = 0; k < prices.size(); ++k) {
        if (path.count > 0 && path.points[path.count - 1].price == prices[k]) continue;
        const auto within = static_cast<std::int64_t>(
            mix(draw, k) % static_cast<std::uint64_t>(quarter > 0 ? quarter : 1));
        const auto offset = static_cast<std::int64_t>(k) * quarter + within;
        path.points[path.count++] = {bar.start + core::Duration::from_ns(offset), prices[k]};
    }
    return path;
}

struct Book {
    std::int64_t bid = 0;
    std::int64_t ask = 0;
};

// Requires: price > 0, 0 <= spread_bp <= 10'000.
inline Book book_around(std::int64_t price, int spread_bp) {
    const core::Int128 exact = core::Int128{price} * spread_bp;
    auto spread = static_cast<std::int64_t>(core::div_ceil(exact, 10'000));
    if (spread < 1) spread = 1;
    std::int64_t bid = price - spread / 2;
    if (bid < 1) bid = 1;
    return {.bid = bid, .ask = bid + spread};
}

}  // namespace margind::daemon::stand_in
