// What a liquidation costs the account: the liquidator's fee, which grows while nobody comes, and
// the insurance fund's, which takes no more than the margin can pay and still be cured.
// Source: Drift v2, programs/drift/src/math/liquidation.rs.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/margin/shortage_cover.hpp"
#include "core/units.hpp"

namespace margind::core {

//   fee = base                                    before `grace` has passed
//   fee = min(max, base + elapsed increase)       from then on; the whole time counts
//
// Exact. Time is in the venue's own units (Drift: slots since the account last acted).
template <class N>
struct FeeRamp {
    RateOf<N> base;
    RateOf<N> max;
    std::int64_t grace = 0;
    RateOf<N> increase;
};

// Requires: elapsed >= 0.
template <class N>
constexpr RateOf<N> fee_after(const FeeRamp<N>& ramp, std::int64_t elapsed) {
    using Wide = typename N::WideRaw;
    if (elapsed < ramp.grace) {
        return ramp.base;
    }
    const Wide fee = ramp.base.wide() + ramp.increase.wide() * Wide(elapsed);
    return RateOf<N>::from_raw(N::narrow(std::min<Wide>(fee, ramp.max.wide())));
}

// [spare - S / value]+: what is left of a rate once each unit of value has covered its part of the
// shortage. Rounded down. Requires: value > 0.
template <class N>
constexpr RateOf<N> spare_after(const RateOf<N>& spare, const MoneyOf<N>& shortage,
                                const ValueOf<N>& value) {
    using Wide = typename N::WideRaw;
    const Wide left =
        spare.wide() - div_ceil<Wide>(Wide(shortage.wide() * N::scale() * N::scale()), value.raw());
    return RateOf<N>::from_raw(N::narrow(std::max<Wide>(left, Wide(0))));
}

// The insurance fund's fee for taking over a perpetual worth `value`:
//   min(max_fee, cut [margin_ratio - liquidator_fee - S / value]+)
// `cut` keeps it off the last of the margin. Rounded down; zero for a position worth nothing.
template <class N>
struct PerpetualInsuranceFee {
    RateOf<N> margin_ratio;
    RateOf<N> liquidator_fee;
    RateOf<N> max_fee;
    RateOf<N> cut = RateOf<N>::from_raw(typename N::Raw(N::scale() / 20 * 19));
};

template <class N>
constexpr RateOf<N> perpetual_insurance_fee(const PerpetualInsuranceFee<N>& rule,
                                            const MoneyOf<N>& shortage, const ValueOf<N>& value) {
    if (value.raw() <= 0) {
        return RateOf<N>();
    }
    const RateOf<N> spare = spare_after(rule.margin_ratio - rule.liquidator_fee, shortage, value);
    return std::min(product(rule.cut, spare, Rounding::down), rule.max_fee);
}

// The insurance fund's fee for a debt worth `value` that collateral pays back:
//   min(max_fee, [w_l - w_a m_a / m_l - S / value]+ / w_l)
// Rounded down; zero for a debt worth nothing. Requires: w_l > 0.
template <class N>
constexpr RateOf<N> debt_insurance_fee(const CollateralSwap<N>& swap, const RateOf<N>& max_fee,
                                       const MoneyOf<N>& shortage, const ValueOf<N>& value) {
    if (value.raw() <= 0) {
        return RateOf<N>();
    }
    const RateOf<N> spare = spare_after(freed_by_swap(swap), shortage, value);
    return std::min(quotient(spare, swap.liability_weight, Rounding::down), max_fee);
}

}  // namespace margind::core
