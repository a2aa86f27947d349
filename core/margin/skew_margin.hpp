// Requirement of a position against a pool: the rate grows with the position's share of what the
// market can take (its skew scale), so that a liquidation pays the premium it will cause.
//
//   initial ratio = |size|/skew_scale initial_fraction + least_ratio        rounded up
//   initial       = notional initial ratio + per_position
//   maintenance   = notional initial ratio maintenance_share + per_position (the ratio rounded up)
//
// Source: Synthetix perps v3, PerpsMarketConfiguration::calculateRequiredMargins.
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct SkewMargin {
    QuantityOf<N> skew_scale;
    RateOf<N> initial_fraction;
    RateOf<N> least_ratio;
    RateOf<N> maintenance_share;
    MoneyOf<N> per_position;
};

// Requires: rule.skew_scale above zero.
template <class N>
constexpr RateOf<N> skew_initial_ratio(const SkewMargin<N>& rule, const QuantityOf<N>& size) {
    using Wide = typename N::WideRaw;
    const Wide impact = div_ceil<Wide>(Wide(magnitude(size).wide() * rule.initial_fraction.wide()),
                                       rule.skew_scale.wide());
    return RateOf<N>::from_raw(N::narrow(impact)) + rule.least_ratio;
}

template <class N>
constexpr RateOf<N> skew_maintenance_ratio(const SkewMargin<N>& rule, const QuantityOf<N>& size) {
    return product(skew_initial_ratio(rule, size), rule.maintenance_share, Rounding::up);
}

// What a position of `notional` (at the index, above zero) needs at `ratio`. Exact.
template <class N>
constexpr WeightedValueOf<N> skew_requirement(const SkewMargin<N>& rule, const ValueOf<N>& notional,
                                              const RateOf<N>& ratio) {
    return notional * ratio + value_of(rule.per_position) * rate_one<N>();
}

}  // namespace margind::core
