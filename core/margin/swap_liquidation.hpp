// Token-for-token liquidation: somebody pays part of a debt and takes an asset of the debtor for
// it, at the market price and a fee, until the account's health is back at the level's end.
//
//   fee      (1 + the asset's fees)(1 + the debt's fees)                        rounded up
//   needed = -health / (debt weight debt price - debt price fee asset weight)   rounded up
//   x      = min(needed, debt, what the asset pays for, max_repaid)
//   asset    x debt price fee / asset price                                     rounded down
//
// If the denominator is not above zero the swap cannot cure; then only the limits count. The debt
// and the asset that may move are the lesser of the balance alone and with the profit and loss of
// contracts settled in it: a loss not yet settled is no asset, a profit not yet settled no debt
// paid.
//
// Health is negative for an account to be liquidated. The weights are those of the level at which
// the liquidation ends, the prices the market's, above zero. Source: Mango v4,
// liq_token_with_token.
#pragma once

#include "core/units.hpp"

namespace margind::core {

// One side of the swap. Signed balances: the debt's are below zero.
template <class N>
struct SwapSide {
    MoneyOf<N> balance;
    MoneyOf<N> balance_with_contracts;
    UnitPriceOf<N> price;
    RateOf<N> weight;  // of what is owned (asset), of what is owed (debt)
    RateOf<N> fees;    // for whoever liquidates, and for the platform
};

template <class N>
struct Swap {
    bool possible = false;  // false: there is no debt, or no asset
    MoneyOf<N> repaid;      // of the debt
    MoneyOf<N> taken;       // of the asset
};

namespace detail {

template <class N>
constexpr MoneyOf<N> swap_needed(const MoneyOf<N>& health, const SwapSide<N>& asset,
                                 const SwapSide<N>& debt, const RateOf<N>& fee,
                                 const MoneyOf<N>& most) {
    using Wide = typename N::WideRaw;
    if (health.raw() >= 0) {
        return {};
    }
    const RateOf<N> given_up = product(fee, asset.weight, Rounding::up);
    const Wide freed = debt.price.wide() * (debt.weight.wide() - given_up.wide());
    if (freed <= 0) {
        return most;
    }
    const Wide missing = -health.wide() * N::scale() * N::scale();
    const Wide needed = div_ceil<Wide>(missing, freed);
    return needed < most.wide() ? MoneyOf<N>::from_raw(N::narrow(needed)) : most;
}

}  // namespace detail

template <class N>
constexpr Swap<N> swap_liquidation(const MoneyOf<N>& health, const SwapSide<N>& asset,
                                   const SwapSide<N>& debt, const MoneyOf<N>& max_repaid) {
    using Wide = typename N::WideRaw;
    const auto lesser = [](const MoneyOf<N>& a, const MoneyOf<N>& b) { return b < a ? b : a; };
    const MoneyOf<N> owned = lesser(asset.balance, asset.balance_with_contracts);
    const MoneyOf<N> owed = lesser(-debt.balance, -debt.balance_with_contracts);
    if (owned.raw() <= 0 || owed.raw() <= 0) {
        return {};
    }
    const RateOf<N> fee =
        product(rate_one<N>() + asset.fees, rate_one<N>() + debt.fees, Rounding::up);
    // asset taken = repaid * cost / worth
    const Wide cost = debt.price.wide() * fee.wide();
    const Wide worth = asset.price.wide() * N::scale();
    const Wide payable = div_floor<Wide>(Wide(owned.wide() * worth), cost);
    const MoneyOf<N> most =
        lesser(lesser(owed, max_repaid), MoneyOf<N>::from_raw(N::narrow(payable)));
    const MoneyOf<N> repaid = detail::swap_needed(health, asset, debt, fee, most);
    return {true, repaid,
            MoneyOf<N>::from_raw(N::narrow(div_floor<Wide>(Wide(repaid.wide() * cost), worth)))};
}

}  // namespace margind::core
