// How much of an asset may leave an account.
#pragma once

#include <algorithm>

#include "core/units.hpp"

namespace margind::core {

// The amount whose weighted value is the free equity, [equity - margin]+ / (price weight), rounded
// down. Nothing without a price or weight: such an asset's leaving changes no margin.
// Requires: the account owns at least that much; a larger answer means all of it.
// Source: Drift v2, calculate_max_withdrawable_amount (programs/drift/src/math/orders.rs).
template <class N>
constexpr MoneyOf<N> withdrawable(const MoneyOf<N>& equity, const MoneyOf<N>& margin,
                                  const UnitPriceOf<N>& price, const RateOf<N>& weight) {
    using Wide = typename N::WideRaw;
    const Wide divisor = price.wide() * weight.wide();
    if (divisor == 0 || equity <= margin) {
        return MoneyOf<N>();
    }
    return MoneyOf<N>::from_raw(N::narrow(
        div_floor<Wide>(Wide((equity - margin).wide() * N::scale() * N::scale()), divisor)));
}

}  // namespace margind::core
