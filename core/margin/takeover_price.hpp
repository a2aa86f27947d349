// At what price somebody takes over a position that is being liquidated.
//
// The penalty price is the mark less what the liquidation costs: trading there, and paying nothing
// beside it, leaves the account what trading at the mark and paying `fee` of the notional would.
//
//   linear   mark (1 - fee) of a long, mark (1 + fee) of a short
//   inverse  mark / (1 + fee), mark / (1 - fee)
//   capped   as linear, at most the cap
//
// The bankruptcy price of a part is the one at which the account's equity falls by exactly the part
// of its maintenance margin that goes away with it, so that what is left is as well (or badly)
// covered as before:
//
//   proceeds = -(change of notional) - floor(equity |change of maintenance| / maintenance)
//
// The fillable price lies between the market's and the bankruptcy price; it moves away from the
// market as the account gets worse:
//
//   a     = clamp(bankruptcy_adjustment (1 - equity / maintenance), 0, 1)
//   price = (notional - a spread_to_maintenance maintenance of the position) / quantity
//
// The insurance fund takes what a fill brings above the bankruptcy price, at most a share of it,
// and pays what is missing. Amounts are signed: notional like the quantity, proceeds positive for
// what the account receives. Source: dYdX v4, GetBankruptcyPriceInQuoteQuantums, GetFillablePrice
// and GetLiquidationInsuranceFundDelta (protocol/x/clob/keeper/liquidations.go).
#pragma once

#include <algorithm>

#include "core/margin/quantum.hpp"
#include "core/margin/risk_order.hpp"
#include "core/margin/rules.hpp"
#include "core/units.hpp"

namespace margind::core {

// Rounded towards the mark: never worse for the account. Zero: there is none, the fee is all that
// the position is worth. Requires: 0 <= fee <= 1.
template <class N>
constexpr PriceOf<N> penalty_price(const PositionTermsOf<N>& terms, const PriceOf<N>& mark,
                                   const RateOf<N>& fee, bool is_long) {
    using Wide = typename N::WideRaw;
    const Rounding towards_mark = is_long ? Rounding::up : Rounding::down;
    const Wide one = N::scale();
    const Wide less = is_long ? Wide(one - fee.wide()) : Wide(one + fee.wide());
    if (terms.payoff == Payoff::inverse) {
        const Wide divisor = one + one - less;
        if (divisor == 0) return {};
        return PriceOf<N>::from_raw(
            N::narrow(divide<Wide>(Wide(mark.wide() * one), divisor, towards_mark)));
    }
    const Wide price = divide<Wide>(Wide(mark.wide() * less), one, towards_mark);
    const bool at_cap =
        !is_long && terms.payoff == Payoff::capped && price > terms.payoff_cap.wide();
    return at_cap ? std::max(mark, terms.payoff_cap) : PriceOf<N>::from_raw(N::narrow(price));
}

// Whether a trade of `change` makes the position smaller without turning it around.
template <class N>
constexpr bool reduces(const QuantityOf<N>& position, const QuantityOf<N>& change) {
    return change.raw() != 0 && (change.raw() < 0) != (position.raw() < 0) &&
           magnitude(change) <= magnitude(position);
}

// One position before or after a trade.
template <class N>
struct PositionStake {
    MoneyOf<N> notional;
    MoneyOf<N> maintenance;
};

// What the account receives for going from `before` to `after` at the bankruptcy price, in whole
// quanta. Requires: account.maintenance > 0.
template <class N>
constexpr MoneyOf<N> bankruptcy_proceeds(const AccountRisk<N>& account,
                                         const PositionStake<N>& before,
                                         const PositionStake<N>& after, const MoneyOf<N>& quantum) {
    using Wide = typename N::WideRaw;
    const MoneyOf<N> released = magnitude(after.maintenance - before.maintenance);
    const MoneyOf<N> share = whole_quanta<N>(Wide(account.equity.wide() * released.wide()),
                                             account.maintenance.wide(), Rounding::down, quantum);
    return before.notional - after.notional - share;
}

// Without a spread it is off.
template <class N>
struct FillablePrice {
    RateOf<N> bankruptcy_adjustment;
    RateOf<N> spread_to_maintenance;
};

// What the whole position brings at the fillable price; `a` is rounded down, the rest is exact.
// Requires: account.maintenance > 0.
template <class N>
constexpr WeightedValueOf<N> fillable_value(const FillablePrice<N>& rule,
                                            const AccountRisk<N>& account,
                                            const PositionStake<N>& position) {
    using Wide = typename N::WideRaw;
    const Wide missing = (account.maintenance - account.equity).wide();
    const Wide share = div_floor<Wide>(Wide(rule.bankruptcy_adjustment.wide() * missing),
                                       account.maintenance.wide());
    const Wide adjustment = std::clamp<Wide>(share, Wide(0), Wide(N::scale()));
    return WeightedValueOf<N>::from_raw(position.notional.wide() * N::scale() * N::scale() -
                                        adjustment * rule.spread_to_maintenance.wide() *
                                            position.maintenance.wide());
}

// The price at which `quantity` brings `value`. Requires: quantity is not zero.
template <class N>
constexpr PriceOf<N> price_bringing(const WeightedValueOf<N>& value, const QuantityOf<N>& quantity,
                                    const ContractScaleOf<N>& scale, Rounding rounding) {
    using Wide = typename N::WideRaw;
    const Wide sign = quantity.raw() < 0 ? Wide(-1) : Wide(1);
    const Wide steps = sign * quantity.wide() * Wide(scale.factor()) * N::scale();
    return PriceOf<N>::from_raw(N::narrow(divide<Wide>(Wide(sign * value.raw()), steps, rounding)));
}

// What the insurance fund receives (negative: pays) when the account is sold out for
// `fill_proceeds`: the difference to the bankruptcy proceeds, at most max_fee of |fill_proceeds|,
// that rounded down to whole quanta.
template <class N>
constexpr MoneyOf<N> insurance_change(const MoneyOf<N>& fill_proceeds,
                                      const MoneyOf<N>& bankruptcy_proceeds_of_fill,
                                      const RateOf<N>& max_fee, const MoneyOf<N>& quantum) {
    const MoneyOf<N> surplus = fill_proceeds - bankruptcy_proceeds_of_fill;
    return std::min(surplus, product(magnitude(fill_proceeds), max_fee, Rounding::down, quantum));
}

}  // namespace margind::core
