// What an account may take out.
//
//   with positions      available - required      (below zero: it may not)
//   without positions   its collateral, undiscounted: nothing is at stake that a discount guards
//   in debt             nothing
//
// Source: Synthetix perps v3, PerpsAccount::getWithdrawableMargin.
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct WithdrawalInputs {
    bool has_positions = false;
    MoneyOf<N> debt;        // not below zero
    MoneyOf<N> collateral;  // at market prices
    MoneyOf<N> available;   // discounted, with profit and loss
    MoneyOf<N> required;    // initial margin and all that is set aside with it
};

template <class N>
constexpr MoneyOf<N> withdrawable(const WithdrawalInputs<N>& account) {
    if (account.debt.raw() > 0) {
        return {};
    }
    return account.has_positions ? account.available - account.required : account.collateral;
}

// Of one asset: the amount whose weighted value is the free equity,
//   [equity - margin]+ / (price weight)    rounded down
// Nothing of an asset without price or weight, which frees no margin to begin with. An answer above
// what the account owns means all of it.
// Source: Drift v2, calculate_max_withdrawable_amount (programs/drift/src/math/orders.rs).
template <class N>
constexpr MoneyOf<N> withdrawable_amount(const MoneyOf<N>& equity, const MoneyOf<N>& margin,
                                         const UnitPriceOf<N>& price, const RateOf<N>& weight) {
    using Wide = typename N::WideRaw;
    const Wide divisor = price.wide() * weight.wide();
    if (divisor == 0 || equity <= margin) {
        return {};
    }
    return MoneyOf<N>::from_raw(N::narrow(
        div_floor<Wide>(Wide((equity - margin).wide() * N::scale() * N::scale()), divisor)));
}

}  // namespace margind::core
