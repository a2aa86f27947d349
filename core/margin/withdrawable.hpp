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

}  // namespace margind::core
