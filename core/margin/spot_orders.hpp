// What resting spot orders cost at one level: the worse of what each may end as.
//
// Reserved (Mango v4): what is set aside may come back as base or as quote. With
//   as base   base_reserved + min(quote_reserved * quote's asset price / base's liability price,
//                                 quote_reserved * highest_bid_inverse)
//   as quote  quote_reserved + min(base_reserved * base's asset price / quote's liability price,
//                                  base_reserved * lowest_ask)
// the potential of a token is the sum over its markets of what may end as it; an outcome that adds
// `amount` to a token counts its part clamp(balance + potential, 0, amount) as an asset and the
// rest as the repayment of a liability. Each market counts the lesser outcome. Amounts are rounded
// down.
//
// Bids and asks (Drift v2): the balance with all bids, or all asks, filled, whichever leaves less
// (equal: the bids). What fills is valued at the level's liability price, what was there before at
// its own; the quote that changes hands counts in full.
#pragma once

#include <algorithm>

#include "core/margin/accounts.hpp"
#include "core/margin/collateral.hpp"
#include "core/margin/market_view.hpp"
#include "core/margin/per_balance.hpp"
#include "core/units.hpp"

namespace margind::core {

namespace margin_detail {

template <class N>
struct ReservedOutcome {
    MoneyOf<N> base;
    MoneyOf<N> quote;
};

// amount * price / other, rounded down.
template <class N>
MoneyOf<N> exchanged(const MoneyOf<N>& amount, const UnitPriceOf<N>& price,
                     const UnitPriceOf<N>& other) {
    using Wide = typename N::WideRaw;
    return MoneyOf<N>::from_raw(
        N::narrow(div_floor<Wide>(Wide(amount.wide() * price.wide()), other.wide())));
}

template <class N>
ReservedOutcome<N> reserved_outcome(const SpotOrderRowOf<N>& order, const AccountViewOf<N>& account,
                                    const MarketViewOf<N>& market, MarginLevel level) {
    const AssetRowOf<N>& base = market.assets[account.balances[order.base].asset.index()];
    const AssetRowOf<N>& quote = market.assets[account.balances[order.quote].asset.index()];
    MoneyOf<N> bought = exchanged(order.quote_reserved, balance_price(quote, true, level),
                                  balance_price(base, false, level));
    if (order.highest_bid_inverse.raw() > 0) {
        bought = std::min(bought, exchanged(order.quote_reserved, order.highest_bid_inverse,
                                            unit_price_one<N>()));
    }
    MoneyOf<N> sold = exchanged(order.base_reserved, balance_price(base, true, level),
                                balance_price(quote, false, level));
    if (order.lowest_ask.raw() > 0) {
        sold =
            std::min(sold, exchanged(order.base_reserved, order.lowest_ask, unit_price_one<N>()));
    }
    return {order.base_reserved + bought, order.quote_reserved + sold};
}

template <class N>
WeightedValueOf<N> added_to(const MoneyOf<N>& balance, const MoneyOf<N>& potential,
                            const MoneyOf<N>& amount, const AssetRowOf<N>& asset,
                            MarginLevel level) {
    const MoneyOf<N> top = balance + potential;
    const MoneyOf<N> as_asset = std::min(std::max(top, MoneyOf<N>()), amount);
    return as_asset * balance_price(asset, true, level) * asset.asset_weight[level] +
           (amount - as_asset) * balance_price(asset, false, level) * asset.liability_weight[level];
}

template <class N>
void add_reserved(const AccountViewOf<N>& account, const PerBalance<MoneyOf<N>>& amounts,
                  const MarketViewOf<N>& market, MarginLevel level, LevelSums<N>& sums) {
    PerBalance<MoneyOf<N>> potential(account.balances.size());
    for (const SpotOrderRowOf<N>& order : account.spot_orders) {
        const ReservedOutcome<N> most = reserved_outcome(order, account, market, level);
        potential[order.base] = potential[order.base] + most.base;
        potential[order.quote] = potential[order.quote] + most.quote;
    }
    for (const SpotOrderRowOf<N>& order : account.spot_orders) {
        const ReservedOutcome<N> most = reserved_outcome(order, account, market, level);
        const auto effect = [&](std::uint32_t balance, const MoneyOf<N>& amount) {
            return added_to(amounts[balance], potential[balance], amount,
                            market.assets[account.balances[balance].asset.index()], level);
        };
        sums.equity += std::min(effect(order.base, most.base), effect(order.quote, most.quote));
    }
}

}  // namespace margin_detail

template <class N>
struct SpotWorstCase {
    BalanceFigures<N> balance;  // as the chosen outcome leaves it
    ValueOf<N> orders_value;    // what the quote side gains (asks) or pays (bids)
};

// A balance with resting bids and asks in it, the worse of the two outcomes.
template <class N>
SpotWorstCase<N> spot_worst_case(const MoneyOf<N>& amount, const SpotOrderRowOf<N>& order,
                                 const AssetRowOf<N>& asset, const AccountTermsOf<N>* account,
                                 MarginLevel level) {
    const ValueOf<N> held = amount * margin_detail::balance_price(asset, amount.raw() >= 0, level);
    const auto outcome = [&](const MoneyOf<N>& change) {
        const ValueOf<N> filled = change * margin_detail::balance_price(asset, false, level);
        return SpotWorstCase<N>{
            balance_figures(amount + change, held + filled, asset, account, level), -filled};
    };
    const auto left = [](const SpotWorstCase<N>& c) {
        return c.balance.equity - c.balance.required + c.orders_value * rate_one<N>();
    };
    const SpotWorstCase<N> bought = outcome(order.bids);
    const SpotWorstCase<N> sold = outcome(-order.asks);
    return left(sold) < left(bought) ? sold : bought;
}

}  // namespace margind::core
