// Collateral that counts for less the more of it there is: what selling it would cost.
//
//   discount = clamp(amount/skew_scale scalar, least, most)      rounded up
//   weight   = 1 - discount
//
// `skew_scale` is how much of the asset the market takes for a price move of 100 %; zero: the size
// does not matter and the discount is `least`.
// Source: Synthetix perps v3, PerpsCollateralConfiguration (collateral discount).
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct CollateralDiscount {
    MoneyOf<N> skew_scale;  // an amount of the asset
    RateOf<N> scalar;
    RateOf<N> least;
    RateOf<N> most;
};

// Requires: least <= most. A debt (amount below zero) is discounted like no amount.
template <class N>
constexpr RateOf<N> discount_for_size(const CollateralDiscount<N>& rule, const MoneyOf<N>& amount) {
    using Wide = typename N::WideRaw;
    if (rule.skew_scale.raw() == 0 || amount.raw() <= 0) {
        return rule.least;
    }
    const Wide impact =
        div_ceil<Wide>(Wide(amount.wide() * rule.scalar.wide()), rule.skew_scale.wide());
    return impact < rule.least.wide()  ? rule.least
           : impact > rule.most.wide() ? rule.most
                                       : RateOf<N>::from_raw(N::narrow(impact));
}

}  // namespace margind::core
