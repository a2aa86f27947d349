// Rates that step up (or down) with an amount: maintenance by position notional, margin by
// liability, haircuts by collateral value.
//
//   bracket:     amount rate_i                      the whole amount at the rate of its tier
//   continuous:  amount rate_i - deduction_i        each part at the rate of the tier it lies in
//                deduction_i = deduction_(i-1) + from_i (rate_i - rate_(i-1))
//
// Tier i holds the amounts from from_i up to from_(i+1); the first begins at zero, the last is
// open. The deduction is what venues print as "maintenance amount" or "cum": it makes the
// requirement continuous where the rate jumps. Everything here is exact.
//
// Source: Binance, "Leverage and Margin of USD-M Futures"; Bybit, "Maintenance Margin Calculation";
// Hyperliquid docs, "Margin tiers"; the tests of exchange client libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct NotionalTier {
    MoneyOf<N> from;  // the lowest amount that counts here
    RateOf<N> rate;
};

// Lowest first, not empty, `from` rising.
template <class N>
using NotionalTiers = std::span<const NotionalTier<N>>;

// Which tier an amount on a bound lies in: venues print their tiers either way. It makes no
// difference to a continuous requirement, only to the rate and deduction that are shown.
enum class OnBound : std::uint8_t { higher, lower };

// The tier that `amount` lies in. One below the first bound lies in the first.
template <class N>
constexpr std::size_t tier_of(NotionalTiers<N> tiers, const ValueOf<N>& amount,
                              OnBound on_bound = OnBound::higher) {
    std::size_t tier = 0;
    while (tier + 1 < tiers.size()) {
        const ValueOf<N> bound = value_of(tiers[tier + 1].from);
        if (amount < bound || (amount == bound && on_bound == OnBound::lower)) {
            break;
        }
        ++tier;
    }
    return tier;
}

// What amount times rate is too much in that tier. Negative where rates fall.
template <class N>
constexpr WeightedValueOf<N> tier_deduction(NotionalTiers<N> tiers, std::size_t tier) {
    WeightedValueOf<N> deduction;
    for (std::size_t i = 1; i <= tier; ++i) {
        deduction += value_of(tiers[i].from) * (tiers[i].rate - tiers[i - 1].rate);
    }
    return deduction;
}

// Each part of `amount` at the rate of its own tier. Requires: amount >= 0.
template <class N>
constexpr WeightedValueOf<N> tiered(NotionalTiers<N> tiers, const ValueOf<N>& amount) {
    const std::size_t tier = tier_of(tiers, amount);
    return amount * tiers[tier].rate - tier_deduction(tiers, tier);
}

}  // namespace margind::core
