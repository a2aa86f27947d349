// The time-weighted mean of a price that stands until the next one comes, over a period, without
// the time in which the market was paused.
//
//   mean = sum of price_i (time it stood in the period, outside pauses) / the time counted
//
// The time counted begins at the period's start, or at the first price if none stood before. Cut to
// the tick below. Source: Vega, protocol specs 0053-PERP ("time-weighted average price") and
// core/products/perpetual.go.
#pragma once

#include <algorithm>
#include <span>

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct TimedPrice {
    Timestamp at;  // stands from here on
    PriceOf<N> price;
};

// From one moment up to, not including, another.
struct Interval {
    Timestamp from;
    Timestamp to;

    constexpr Duration length() const { return std::max(Duration{}, to - from); }
};

// How much of `interval` the pauses cover. Requires: pauses do not overlap each other.
constexpr Duration paused_within(const Interval& interval, std::span<const Interval> pauses) {
    Duration paused;
    for (const Interval& pause : pauses) {
        paused =
            paused +
            Interval{std::max(interval.from, pause.from), std::min(interval.to, pause.to)}.length();
    }
    return paused;
}

// Zero ("none") if no price stood in the period, or all of it was paused. A period without length
// has the price that stands at its end.
// Requires: points in order of time; prices below 2^62 (for Ledger). Cost: points times pauses.
template <class N>
constexpr PriceOf<N> time_average(std::span<const TimedPrice<N>> points, const Interval& period,
                                  std::span<const Interval> pauses) {
    using Wide = typename N::WideRaw;
    if (points.empty() || points.front().at > period.to) {
        return {};
    }
    const Interval counted{std::max(period.from, points.front().at), period.to};
    PriceOf<N> standing;
    Wide weighted = 0;
    Wide time = 0;
    for (std::size_t i = 0; i < points.size() && points[i].at <= counted.to; ++i) {
        standing = points[i].price;
        const Timestamp until = i + 1 < points.size() ? points[i + 1].at : counted.to;
        const Interval stood{std::max(counted.from, points[i].at), std::min(counted.to, until)};
        const Duration open = stood.length() - paused_within(stood, pauses);
        weighted += standing.wide() * Wide(open.ns());
        time += Wide(open.ns());
    }
    if (counted.length() == Duration{}) {
        return standing;
    }
    return time == 0 ? PriceOf<N>{} : PriceOf<N>::from_raw(N::narrow(Wide(weighted / time)));
}

}  // namespace margind::core
