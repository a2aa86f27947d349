// One balance at one level: what it counts towards equity, and what a debt requires.
//
//   owned   amount * price * weight             weight = 1 - haircut, less what its rules take off
//   owed    amount * price * liability weight   lowers equity, or is a requirement, as the venue
//   says
//
// Exact but for weights that depend on size (assets down, liabilities up).
#pragma once

#include <algorithm>
#include <span>

#include "core/margin/accounts.hpp"
#include "core/margin/market_view.hpp"
#include "core/margin/value_tiers.hpp"
#include "core/units.hpp"

namespace margind::core {

// Sums of one level, exact until they are rounded once.
template <class N>
struct LevelSums {
    WeightedValueOf<N> equity;
    WeightedValueOf<N> requirement;
};

namespace margin_detail {

template <class N>
UnitPriceOf<N> balance_price(const AssetRowOf<N>& asset, bool owned, MarginLevel level) {
    if (asset.terms == nullptr) return asset.price;
    const UnitPriceOf<N>& price =
        owned ? asset.terms->asset_price[level] : asset.terms->liability_price[level];
    return price.raw() == 0 ? asset.price : price;
}

template <class N>
RateOf<N> amount_discount(const AmountDiscount<N>& rule, const MoneyOf<N>& amount) {
    using Wide = typename N::WideRaw;
    if (rule.scale.raw() == 0) return {};
    const Wide raw = div_ceil<Wide>(Wide(amount.wide() * rule.slope.wide()), rule.scale.wide());
    if (raw >= rule.upper.wide()) return rule.upper;
    return std::max(RateOf<N>::from_raw(N::narrow(raw)), rule.lower);
}

// The weight of `amount` (a magnitude).
template <class N>
RateOf<N> balance_weight(const AssetRowOf<N>& asset, const AccountTermsOf<N>* account,
                         const MoneyOf<N>& amount, bool owned, MarginLevel level) {
    RateOf<N> weight = owned ? asset.asset_weight[level] : asset.liability_weight[level];
    if (asset.terms != nullptr) {
        if (owned) {
            weight = size_discount(asset.terms->asset_discount, weight, amount, money_one<N>());
            const RateOf<N> discount = amount_discount(asset.terms->amount_discount, amount);
            if (discount.raw() > 0) {
                weight = product(weight, rate_one<N>() - discount, Rounding::down);
            }
        } else {
            weight = size_premium(asset.terms->liability_premium, weight, amount, money_one<N>());
        }
    }
    if (account == nullptr || account->least_rate[level].raw() == 0) return weight;
    if (asset.terms != nullptr && asset.terms->without_least_rate) return weight;
    const RateOf<N>& least = account->least_rate[level];
    return owned ? std::min(weight, std::max(rate_one<N>() - least, RateOf<N>()))
                 : std::max(weight, rate_one<N>() + least);
}

template <class N>
WeightedValueOf<N> tiered(const ValueOf<N>& value, std::span<const BalanceTier<N>> tiers,
                          MarginLevel level) {
    return core::tiered(value, tiers, &BalanceTier<N>::value_up_to, level);
}

}  // namespace margin_detail

template <class N>
struct BalanceFigures {
    MoneyOf<N> amount;
    UnitPriceOf<N> price;
    RateOf<N> weight;
    ValueOf<N> value;             // signed; amount * price, but for resting orders
    WeightedValueOf<N> equity;    // that it adds
    WeightedValueOf<N> required;  // that it asks for
};

// `amount` of an asset, worth `value`, at a level. It is owned if its value says so.
template <class N>
BalanceFigures<N> balance_figures(const MoneyOf<N>& amount, const ValueOf<N>& value,
                                  const AssetRowOf<N>& asset, const AccountTermsOf<N>* account,
                                  MarginLevel level) {
    const bool owned = value.raw() == 0 ? amount.raw() >= 0 : value.raw() > 0;
    BalanceFigures<N> out;
    out.amount = amount;
    out.price = margin_detail::balance_price(asset, owned, level);
    out.weight = margin_detail::balance_weight(asset, account, magnitude(amount), owned, level);
    out.value = value;
    out.equity = out.value * out.weight;
    if (asset.terms == nullptr) return out;
    if (owned) {
        if (!asset.terms->haircuts.empty()) {
            out.equity = out.value * rate_one<N>() -
                         margin_detail::tiered(out.value, asset.terms->haircuts, level);
        }
        return out;
    }
    out.required = margin_detail::tiered(-out.value, asset.terms->borrow_rates, level);
    if (asset.terms->debt_is_requirement) {
        out.required -= out.equity;
        out.equity = {};
    }
    return out;
}

// The same at the level's price.
template <class N>
BalanceFigures<N> balance_figures(const MoneyOf<N>& amount, const AssetRowOf<N>& asset,
                                  const AccountTermsOf<N>* account, MarginLevel level) {
    const UnitPriceOf<N> price = margin_detail::balance_price(asset, amount.raw() >= 0, level);
    return balance_figures(amount, amount * price, asset, account, level);
}

}  // namespace margind::core
