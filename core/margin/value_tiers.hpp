// Rates that step with an exact amount - a position's notional, a balance's value: each part of the
// amount takes the rate of the tier it lies in. (notional_tiers.hpp: the same for amounts of money,
// with the deductions that venues print.)
#pragma once

#include <cstdint>
#include <span>

#include "core/margin/level.hpp"
#include "core/units.hpp"

namespace margind::core {

// `Tier` has a PerLevel `rate` and the member `up_to` names; the last one's is never compared.
// Calls `see(index, part, rate)` for each tier that takes a part. Nothing without tiers.
// Requires: value >= 0.
template <class N, class Tier, class See>
constexpr WeightedValueOf<N> tiered(const ValueOf<N>& value, std::span<const Tier> tiers,
                                    ValueOf<N> Tier::* up_to, MarginLevel level, const See& see) {
    WeightedValueOf<N> sum;
    if (tiers.empty()) return sum;
    ValueOf<N> from;
    const Tier* tier = tiers.data();
    const Tier* const last = tier + tiers.size() - 1;
    const auto add = [&](const ValueOf<N>& end) {
        sum += (end - from) * tier->rate[level];
        see(static_cast<std::uint32_t>(tier - tiers.data()), end - from, tier->rate[level]);
    };
    for (; tier != last && value > tier->*up_to; ++tier) {
        add(tier->*up_to);
        from = tier->*up_to;
    }
    add(value);
    return sum;
}
template <class N, class Tier>
constexpr WeightedValueOf<N> tiered(const ValueOf<N>& value, std::span<const Tier> tiers,
                                    ValueOf<N> Tier::* up_to, MarginLevel level) {
    return tiered(value, tiers, up_to, level,
                  [](std::uint32_t, const ValueOf<N>&, const RateOf<N>&) {});
}

}  // namespace margind::core
