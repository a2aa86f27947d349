// Liquidation at lending markets: how much of a debt may be repaid by somebody else, what of the
// collateral that person gets for it, and what is left over.
//
//   cover   repaid, in the debt's asset; at most what the close factor allows
//   seized  = cover price_debt / price_collateral (1 + bonus), at most the collateral; if that
//             limits it, cover = collateral price_collateral / price_debt / (1 + bonus)
//   fee     the protocol's share of the bonus in it: share (seized - seized / (1 + bonus))
//
// Amounts are rounded against the liquidator: cover up, seized down; the fee is rounded down.
//
// Sources: Aave v3, LiquidationLogic.executeLiquidationCall and its tests (3.3: close factor of the
// whole position, dust rule; before: of the one debt); aave.com/docs, "Liquidations".
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/units.hpp"

namespace margind::core {

// An amount of one asset and what one unit of it is worth.
template <class N>
struct PricedAmount {
    MoneyOf<N> amount;
    UnitPriceOf<N> price;

    constexpr ValueOf<N> value() const { return amount * price; }
};

// Weighted collateral over debt, kept as the fraction it is: below one the position may be
// liquidated. Without debt it is above every number.
template <class N>
struct LendingHealth {
    WeightedValueOf<N> collateral;  // value times liquidation threshold, summed
    ValueOf<N> debt;

    // What a venue states as a number.
    static constexpr LendingHealth of(const RateOf<N>& stated, const ValueOf<N>& debt) {
        return {.collateral = debt * stated, .debt = debt};
    }
    constexpr bool above(const RateOf<N>& rate) const {
        return debt.raw() == 0 || debt * rate < collateral;
    }
    constexpr bool below(const RateOf<N>& rate) const { return collateral < debt * rate; }
    // As a number, rounded down. Requires: debt > 0.
    constexpr RateOf<N> ratio() const {
        return RateOf<N>::from_raw(
            N::narrow(divide<typename N::WideRaw>(collateral.raw(), debt.raw(), Rounding::down)));
    }
};

// How much of a debt may be repaid at once. While the position is still healthier than
// `full_below_health`, only `factor` of the debt: of this debt, or, if `of_whole_position`, of all
// debts together (so that one debt may well be repaid in full). With a `full_below_value`, a debt
// or a collateral worth less is always closed in full.
template <class N>
struct CloseFactor {
    RateOf<N> factor = rate_one<N>();
    RateOf<N> full_below_health;
    MoneyOf<N> full_below_value;
    bool of_whole_position = false;
};

template <class N>
struct LiquidationRules {
    CloseFactor<N> close;
    MoneyOf<N> leftover_min;   // what a remainder must be worth, if both sides leave one
    RateOf<N> bonus;           // what the liquidator gets above the value repaid
    RateOf<N> protocol_share;  // of that bonus
};

// The largest part of `debt` that may be repaid. Rounded down.
template <class N>
constexpr MoneyOf<N> closable(const CloseFactor<N>& rule, const LendingHealth<N>& health,
                              const PricedAmount<N>& collateral, const PricedAmount<N>& debt) {
    using Wide = typename N::WideRaw;
    const ValueOf<N> small = value_of(rule.full_below_value);
    if (!health.above(rule.full_below_health) || debt.value() < small ||
        collateral.value() < small) {
        return debt.amount;
    }
    if (!rule.of_whole_position) {
        return product(debt.amount, rule.factor, Rounding::down);
    }
    const WeightedValueOf<N> allowed = health.debt * rule.factor;
    const Wide amount = divide<Wide>(allowed.raw(), debt.price.wide() * N::scale(), Rounding::down);
    return std::min(debt.amount, MoneyOf<N>::from_raw(N::narrow(amount)));
}

// What `value` times `factor` buys of an asset. Requires: price > 0.
template <class N>
constexpr MoneyOf<N> amount_for(const ValueOf<N>& value, const RateOf<N>& factor,
                                const UnitPriceOf<N>& price, Rounding rounding) {
    using Wide = typename N::WideRaw;
    return MoneyOf<N>::from_raw(
        N::narrow(divide<Wide>((value * factor).raw(), price.wide() * N::scale(), rounding)));
}

enum class LiquidationRefusal : std::uint8_t { none, healthy, dust };

template <class N>
struct LendingLiquidation {
    LiquidationRefusal refusal = LiquidationRefusal::none;
    MoneyOf<N> cover;
    MoneyOf<N> seized;
    MoneyOf<N> protocol_fee;  // of what is seized; the liquidator receives the rest
};

// Seizes collateral for `cover` of the debt, at most all of it. Requires: both prices above zero.
template <class N>
constexpr LendingLiquidation<N> seize(const PricedAmount<N>& collateral,
                                      const PricedAmount<N>& debt, const MoneyOf<N>& cover,
                                      const LiquidationRules<N>& rules) {
    using Wide = typename N::WideRaw;
    const RateOf<N> with_bonus = rate_one<N>() + rules.bonus;
    LendingLiquidation<N> result;
    result.cover = cover;
    result.seized = amount_for(cover * debt.price, with_bonus, collateral.price, Rounding::down);
    if (collateral.amount < result.seized) {
        result.seized = collateral.amount;
        const Wide worth = collateral.value().raw() * N::scale();
        result.cover = MoneyOf<N>::from_raw(
            N::narrow(divide<Wide>(worth, debt.price.wide() * with_bonus.wide(), Rounding::up)));
    }
    const MoneyOf<N> without_bonus = MoneyOf<N>::from_raw(N::narrow(
        divide<Wide>(result.seized.wide() * N::scale(), with_bonus.wide(), Rounding::up)));
    result.protocol_fee =
        product(result.seized - without_bonus, rules.protocol_share, Rounding::down);
    return result;
}

// Whether both sides would be left with something, and one of them with too little.
template <class N>
constexpr bool leaves_dust(const PricedAmount<N>& collateral, const PricedAmount<N>& debt,
                           const LendingLiquidation<N>& liquidation, const MoneyOf<N>& least) {
    const MoneyOf<N> collateral_left = collateral.amount - liquidation.seized;
    const MoneyOf<N> debt_left = debt.amount - liquidation.cover;
    if (collateral_left.raw() <= 0 || debt_left.raw() <= 0) {
        return false;
    }
    return collateral_left * collateral.price < value_of(least) ||
           debt_left * debt.price < value_of(least);
}

// One liquidation of one debt against one collateral: `wanted` of the debt, or as much as may be.
template <class N>
constexpr LendingLiquidation<N> liquidate(const LiquidationRules<N>& rules,
                                          const LendingHealth<N>& health,
                                          const PricedAmount<N>& collateral,
                                          const PricedAmount<N>& debt,
                                          const std::optional<MoneyOf<N>>& wanted) {
    if (!health.below(rate_one<N>())) {
        LendingLiquidation<N> refused;
        refused.refusal = LiquidationRefusal::healthy;
        return refused;
    }
    const MoneyOf<N> most = closable(rules.close, health, collateral, debt);
    LendingLiquidation<N> result =
        seize(collateral, debt, wanted ? std::min(most, *wanted) : most, rules);
    if (leaves_dust(collateral, debt, result, rules.leftover_min)) {
        result.refusal = LiquidationRefusal::dust;
    }
    return result;
}

// Absorption: the venue takes all collateral, at a discount, against the debt of its base asset;
// what that leaves is credited, what it lacks is forgiven.
//
//   balance after   = max(0, balance + sum of value liquidation_factor)
//   paid by reserve = balance after - balance before
//
// Source: Compound III (Comet), absorbInternal and its tests.
template <class N>
struct Absorption {
    MoneyOf<N> balance;
    MoneyOf<N> paid_by_reserves;
};

// `equity` is the balance with the collateral at its liquidation factors.
template <class N>
constexpr Absorption<N> absorb(const MoneyOf<N>& balance, const MoneyOf<N>& equity) {
    const MoneyOf<N> left = std::max(MoneyOf<N>{}, equity);
    return {.balance = left, .paid_by_reserves = left - balance};
}

// What the venue asks for collateral it absorbed: part of the discount it took is passed on.
//
//   price (1 - passed_on (1 - liquidation_factor))
//
// Rounded up. Source: Compound III (Comet), quoteCollateral and its tests.
template <class N>
constexpr UnitPriceOf<N> storefront_price(const UnitPriceOf<N>& price,
                                          const RateOf<N>& liquidation_factor,
                                          const RateOf<N>& passed_on) {
    using Wide = typename N::WideRaw;
    const RateOf<N> off = product(passed_on, rate_one<N>() - liquidation_factor, Rounding::down);
    return UnitPriceOf<N>::from_raw(N::narrow(
        divide<Wide>(price.wide() * (rate_one<N>() - off).wide(), N::scale(), Rounding::up)));
}

// What may still be borrowed of an amount that needs `rate` of it as margin: free / rate, where
// free is what equity exceeds the requirement by. Rounded down; zero if nothing is free.
// Requires: rate > 0. Source: Binance, portfolio margin pro, "max borrow".
template <class N>
constexpr MoneyOf<N> borrowable(const MoneyOf<N>& equity, const MoneyOf<N>& requirement,
                                const RateOf<N>& rate) {
    using Wide = typename N::WideRaw;
    if (equity <= requirement) {
        return {};
    }
    return MoneyOf<N>::from_raw(N::narrow(
        divide<Wide>((equity - requirement).wide() * N::scale(), rate.wide(), Rounding::down)));
}

// The equity that weights ask for, as a fraction of what is borrowed: with w of an asset counted
// and v of a debt, the margin is zero at equity / debt = v / w - 1. Rounded up.
// Requires: asset_weight > 0. Source: spot margin of FTX and Backpack ("margin fraction").
template <class N>
constexpr RateOf<N> borrow_margin_fraction(const RateOf<N>& liability_weight,
                                           const RateOf<N>& asset_weight) {
    return quotient(liability_weight, asset_weight, Rounding::up) - rate_one<N>();
}

}  // namespace margind::core
