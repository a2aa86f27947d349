// A bankrupt account's loss, shared by the others once nobody is left to pay it: by everyone with a
// position, through the funding index, or by everyone who lent the asset, through the interest
// index. Both are rounded up: the whole loss is paid.
// Source: Drift v2, programs/drift/src/math/liquidation.rs
// (calculate_funding_rate_deltas_to_resolve_bankruptcy and
// calculate_cumulative_deposit_interest_delta_to_resolve_bankruptcy).
#pragma once

#include "core/units.hpp"

namespace margind::core {

// What each unit of open position pays:  |loss| / (|long| + |short|).
// Quantities in raw steps, `one` of them a whole unit; zero where nobody is left.
template <class N>
constexpr MoneyOf<N> loss_per_unit(const MoneyOf<N>& loss, const QuantityOf<N>& longs,
                                   const QuantityOf<N>& shorts, const QuantityOf<N>& one) {
    using Wide = typename N::WideRaw;
    const Wide open = magnitude(longs).wide() + magnitude(shorts).wide();
    if (open == 0) {
        return MoneyOf<N>();
    }
    return MoneyOf<N>::from_raw(
        N::narrow(div_ceil<Wide>(Wide(magnitude(loss).wide() * one.wide()), open)));
}

// By how much the interest index of deposits falls. Deposits are kept as balances that the index
// turns into amounts, amount = balance index, so the loss costs each unit of balance
//   |loss| / deposit_balance
// whatever the index is. Zero where nobody has deposits.
template <class N>
constexpr RateOf<N> interest_index_drop(const MoneyOf<N>& loss, const MoneyOf<N>& deposit_balance) {
    if (deposit_balance.raw() == 0) {
        return RateOf<N>();
    }
    return ratio(magnitude(loss), deposit_balance, Rounding::up);
}

}  // namespace margind::core
