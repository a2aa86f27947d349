// How much of one asset moves an account's weighted value by a given amount, with everything else
// held: a balance counts with one weight (and price) while it is owned and another while it is
// owed, so the answer has a kink at zero.
//
//   worth(b) = b owned_price owned_weight      b >= 0
//              b owed_price owed_weight        b < 0
#pragma once

#include "core/units.hpp"

namespace margind::core {

// An asset at one level of margin: the price and weight of what is owned and of what is owed.
template <class N>
struct SidedWeights {
    UnitPriceOf<N> owned_price;
    RateOf<N> owned_weight;
    UnitPriceOf<N> owed_price;
    RateOf<N> owed_weight;
};

namespace detail {

// Weighted value of one raw unit of the asset.
template <class N>
constexpr typename N::WideRaw weighted_price(const UnitPriceOf<N>& price, const RateOf<N>& weight) {
    return price.wide() * weight.wide();
}

// Amount whose weighted value at `unit` is `worth`, at most `most`; all of `most` for no value.
template <class N>
constexpr MoneyOf<N> amount_worth(const WeightedValueOf<N>& worth, const typename N::WideRaw& unit,
                                  const MoneyOf<N>& most, Rounding rounding) {
    if (unit == 0) {
        return most;
    }
    const typename N::WideRaw amount = divide<typename N::WideRaw>(worth.raw(), unit, rounding);
    return amount >= most.wide() ? most : MoneyOf<N>::from_raw(N::narrow(amount));
}

}  // namespace detail

template <class N>
constexpr WeightedValueOf<N> worth(const SidedWeights<N>& asset, const MoneyOf<N>& balance) {
    const bool owed = balance.raw() < 0;
    return balance * (owed ? asset.owed_price : asset.owned_price) *
           (owed ? asset.owed_weight : asset.owned_weight);
}

// The least amount that, added to `balance`, raises its worth by `gain`, rounded up; `most` if that
// much does not. Requires: gain and most not below zero.
template <class N>
constexpr MoneyOf<N> amount_to_gain(const SidedWeights<N>& asset, const MoneyOf<N>& balance,
                                    const WeightedValueOf<N>& gain, const MoneyOf<N>& most) {
    const auto owed_unit = detail::weighted_price<N>(asset.owed_price, asset.owed_weight);
    const auto owned_unit = detail::weighted_price<N>(asset.owned_price, asset.owned_weight);
    const MoneyOf<N> debt = balance.raw() < 0 ? -balance : MoneyOf<N>{};
    if (most <= debt || gain.raw() <= debt.wide() * owed_unit) {
        return detail::amount_worth<N>(gain, owed_unit, most < debt ? most : debt, Rounding::up);
    }
    const auto rest = WeightedValueOf<N>::from_raw(gain.raw() - debt.wide() * owed_unit);
    return debt + detail::amount_worth<N>(rest, owned_unit, most - debt, Rounding::up);
}

// The largest amount that, taken from `balance`, lowers its worth by no more than `loss`, rounded
// down, and at most `most`. Requires: loss and most not below zero.
template <class N>
constexpr MoneyOf<N> amount_to_lose(const SidedWeights<N>& asset, const MoneyOf<N>& balance,
                                    const WeightedValueOf<N>& loss, const MoneyOf<N>& most) {
    const auto owed_unit = detail::weighted_price<N>(asset.owed_price, asset.owed_weight);
    const auto owned_unit = detail::weighted_price<N>(asset.owned_price, asset.owned_weight);
    const MoneyOf<N> owned = balance.raw() > 0 ? balance : MoneyOf<N>{};
    if (most <= owned || loss.raw() < owned.wide() * owned_unit) {
        return detail::amount_worth<N>(loss, owned_unit, most < owned ? most : owned,
                                       Rounding::down);
    }
    const auto rest = WeightedValueOf<N>::from_raw(loss.raw() - owned.wide() * owned_unit);
    return owned + detail::amount_worth<N>(rest, owed_unit, most - owned, Rounding::down);
}

}  // namespace margind::core
