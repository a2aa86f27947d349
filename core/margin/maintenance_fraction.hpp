// The rates that a venue publishes of a market whose maintenance margin is a fraction of initial
// margin (`MaintenanceFraction` in rules.hpp; core/margin/requirement.hpp computes the margins).
//
//   maintenance rate = initial_rate fraction
//   funding clamp    = clamp_factor (initial_rate - maintenance rate): the most that funding may
//                      be in one period
//
// Both are cut down to whole `step`s; zero: N's own. They decide no requirement: that is rounded by
// itself. Source: dYdX v4, LiquidityTier.GetMaintenanceMarginPpm and GetMaxAbsFundingClampPpm
// (protocol/x/perpetuals/types).
#pragma once

#include "core/margin/quantum.hpp"
#include "core/margin/rules.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
constexpr RateOf<N> maintenance_rate(const MaintenanceFraction<N>& rule, const RateOf<N>& step) {
    return cut_to_step(product(rule.initial_rate, rule.fraction, Rounding::down), step);
}

// Requires: 0 <= fraction <= 1.
template <class N>
constexpr RateOf<N> funding_clamp(const MaintenanceFraction<N>& rule, const RateOf<N>& clamp_factor,
                                  const RateOf<N>& step) {
    const RateOf<N> room = rule.initial_rate - maintenance_rate(rule, step);
    return cut_to_step(product(clamp_factor, room, Rounding::down), step);
}

}  // namespace margind::core
