// Maintenance margin as a fraction of initial margin, each rounded for itself as venues with whole
// quanta do:
//
//   initial     = ceil(|notional| max(rate, initial_floor))
//   maintenance = ceil(ceil(|notional| initial_rate) maintenance_fraction)
//
// `rate` is the initial rate at work, raised perhaps by open interest (open_interest_scaling.hpp);
// initial_floor is one that the account's owner has chosen. Neither touches maintenance, which
// follows initial_rate, the market's own. Everything is rounded up to whole quanta (quantum.hpp).
// Source: dYdX v4, GetMarginRequirementsInQuoteQuantums (protocol/x/perpetuals/lib).
#pragma once

#include <algorithm>

#include "core/margin/quantum.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct MarginFractions {
    RateOf<N> initial_rate;
    RateOf<N> maintenance_fraction;
    RateOf<N> step;  // of published rates; zero: N's own
};

template <class N>
constexpr MoneyOf<N> initial_requirement(const MoneyOf<N>& notional, const RateOf<N>& rate,
                                         const RateOf<N>& floor, const MoneyOf<N>& quantum) {
    return product(magnitude(notional), std::max(rate, floor), Rounding::up, quantum);
}

template <class N>
constexpr MoneyOf<N> maintenance_requirement(const MarginFractions<N>& rule,
                                             const MoneyOf<N>& notional,
                                             const MoneyOf<N>& quantum) {
    const MoneyOf<N> initial =
        product(magnitude(notional), rule.initial_rate, Rounding::up, quantum);
    return product(initial, rule.maintenance_fraction, Rounding::up, quantum);
}

// The maintenance rate a venue publishes: cut down to whole steps. It decides no requirement.
template <class N>
constexpr RateOf<N> maintenance_rate(const MarginFractions<N>& rule) {
    return cut_to_step(product(rule.initial_rate, rule.maintenance_fraction, Rounding::down),
                       rule.step);
}

// The most that funding may be in one period: clamp_factor (initial rate - maintenance rate), cut
// down to whole steps. Source: dYdX v4, LiquidityTier.GetMaxAbsFundingClampPpm.
template <class N>
constexpr RateOf<N> funding_clamp(const MarginFractions<N>& rule, const RateOf<N>& clamp_factor) {
    return cut_to_step(
        product(clamp_factor, rule.initial_rate - maintenance_rate(rule), Rounding::down),
        rule.step);
}

}  // namespace margind::core
