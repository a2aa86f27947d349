// Rates that step with an exact amount - a position's notional, a balance's value: each part of the
// amount takes the rate of the tier it lies in. (notional_tiers.hpp: the same for amounts of money,
// with the deductions that venues print.)
#pragma once

#include <span>

#include "core/margin/level.hpp"
#include "core/units.hpp"

namespace margind::core {

// `Tier` has a PerLevel `rate` and the member `up_to` names; the last one's is never compared.
// Nothing without tiers. Requires: value >= 0.
template <class N, class Tier>
constexpr WeightedValueOf<N> tiered(const ValueOf<N>& value, std::span<const Tier> tiers,
                                    ValueOf<N> Tier::* up_to, MarginLevel level) {
    WeightedValueOf<N> sum;
    if (tiers.empty()) return sum;
    ValueOf<N> from;
    const Tier* tier = tiers.data();
    const Tier* const last = tier + tiers.size() - 1;
    for (; tier != last && value > tier->*up_to; ++tier) {
        sum += (tier->*up_to - from) * tier->rate[level];
        from = tier->*up_to;
    }
    return sum + (value - from) * tier->rate[level];
}

}  // namespace margind::core
