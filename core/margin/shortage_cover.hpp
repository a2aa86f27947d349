// How much has to change hands so that an account's margin shortage S is gone, and what is given
// for what.
//
// Taking over a perpetual frees its margin less the fees it costs; paying back a debt with
// collateral frees the difference of their weights:
//
//   base      = S / (price (quote_price (ratio - liquidation_fee) - insurance_fee))
//   liability = S / (price (w_l - w_a m_a / m_l - insurance_fee w_l))
//
// m_a, m_l are the liquidation multipliers: the liquidator receives the asset at price / m_a and
// delivers the liability at price / m_l. Nothing covers the shortage where the divisor is not
// positive: nullopt.
//
//   implied liability = asset amount  asset price m_l / (liability price m_a)    rounded up
//   asset transfer    = liability amount  liability price m_a / (asset price m_l)   rounded down
//
// What is freed per unit is rounded down, what has to change hands up.
// Source: Drift v2, programs/drift/src/math/liquidation.rs.
#pragma once

#include <optional>

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct PerpetualCover {
    RateOf<N> margin_ratio;
    RateOf<N> liquidation_fee;
    RateOf<N> insurance_fee;
};

// The least quantity that covers `shortage`. Requires: shortage >= 0.
template <class N>
constexpr std::optional<QuantityOf<N>> quantity_to_cover(const PerpetualCover<N>& rule,
                                                         const MoneyOf<N>& shortage,
                                                         const PriceOf<N>& price,
                                                         const ContractScaleOf<N>& scale,
                                                         const UnitPriceOf<N>& quote_price) {
    using Wide = typename N::WideRaw;
    if (price.raw() == 0 || rule.margin_ratio <= rule.liquidation_fee) {
        return std::nullopt;
    }
    const Wide freed = div_floor<Wide>(Wide((rule.margin_ratio - rule.liquidation_fee).wide() *
                                            quote_price.wide()),
                                       Wide(N::scale())) -
                       rule.insurance_fee.wide();
    if (freed <= 0) {
        return std::nullopt;
    }
    const Wide quantity = div_ceil<Wide>(Wide(shortage.wide() * N::scale() * N::scale()),
                                         Wide(price.wide() * Wide(scale.factor()) * freed));
    return QuantityOf<N>::from_raw(N::narrow(quantity));
}

// Collateral that pays a debt in a liquidation: weights at the level that counts, and multipliers.
template <class N>
struct CollateralSwap {
    RateOf<N> asset_weight;
    RateOf<N> asset_multiplier;
    RateOf<N> liability_weight;
    RateOf<N> liability_multiplier;
};

// w_l - w_a m_a / m_l: what each unit of value paid back frees, rounded down. Not positive where
// the swap would make the account worse.
template <class N>
constexpr RateOf<N> freed_by_swap(const CollateralSwap<N>& swap) {
    using Wide = typename N::WideRaw;
    const Wide given = div_ceil<Wide>(Wide(swap.asset_weight.wide() * swap.asset_multiplier.wide()),
                                      swap.liability_multiplier.wide());
    return swap.liability_weight - RateOf<N>::from_raw(N::narrow(given));
}

// The least amount of the liability whose repayment covers `shortage`. Requires: shortage >= 0.
template <class N>
constexpr std::optional<MoneyOf<N>> liability_to_cover(const CollateralSwap<N>& swap,
                                                       const RateOf<N>& insurance_fee,
                                                       const MoneyOf<N>& shortage,
                                                       const UnitPriceOf<N>& price) {
    using Wide = typename N::WideRaw;
    const RateOf<N> freed =
        freed_by_swap(swap) - product(insurance_fee, swap.liability_weight, Rounding::up);
    if (freed.raw() <= 0 || price.raw() == 0) {
        return std::nullopt;
    }
    const Wide amount = div_ceil<Wide>(Wide(shortage.wide() * N::scale() * N::scale()),
                                       Wide(price.wide() * freed.wide()));
    return MoneyOf<N>::from_raw(N::narrow(amount));
}

// The amount of `to` worth as much as `amount` of `from`, at price / multiplier each.
template <class N>
constexpr MoneyOf<N> exchanged(const MoneyOf<N>& amount, const UnitPriceOf<N>& from_price,
                               const RateOf<N>& from_multiplier, const UnitPriceOf<N>& to_price,
                               const RateOf<N>& to_multiplier, Rounding rounding) {
    using Wide = typename N::WideRaw;
    return MoneyOf<N>::from_raw(
        N::narrow(divide<Wide>(Wide(amount.wide() * from_price.wide() * to_multiplier.wide()),
                               Wide(to_price.wide() * from_multiplier.wide()), rounding)));
}

template <class N>
struct SwapPrices {
    UnitPriceOf<N> asset;
    UnitPriceOf<N> liability;
};

// The liability that `asset_amount` pays for.
template <class N>
constexpr MoneyOf<N> implied_liability(const CollateralSwap<N>& swap, const SwapPrices<N>& prices,
                                       const MoneyOf<N>& asset_amount) {
    return exchanged(asset_amount, prices.asset, swap.asset_multiplier, prices.liability,
                     swap.liability_multiplier, Rounding::up);
}

// The asset that pays for `liability_amount`: all of `asset_amount` if what would remain of it is
// worth less than `dust`.
template <class N>
constexpr MoneyOf<N> asset_transfer(const CollateralSwap<N>& swap, const SwapPrices<N>& prices,
                                    const MoneyOf<N>& asset_amount,
                                    const MoneyOf<N>& liability_amount, const MoneyOf<N>& dust) {
    const MoneyOf<N> transfer =
        exchanged(liability_amount, prices.liability, swap.liability_multiplier, prices.asset,
                  swap.asset_multiplier, Rounding::down);
    return (asset_amount - transfer) * prices.asset < value_of(dust) ? asset_amount : transfer;
}

// Whether a liquidator who was given `asset_amount` to trade with has returned enough of the
// liability.
template <class N>
constexpr bool swap_returns_enough(const CollateralSwap<N>& swap, const SwapPrices<N>& prices,
                                   const MoneyOf<N>& asset_amount,
                                   const MoneyOf<N>& liability_amount) {
    return liability_amount >= implied_liability(swap, prices, asset_amount);
}

// Whether a liquidator who asks for at least `limit` of the asset for each unit of the liability
// gets that.
template <class N>
constexpr bool within_limit(const UnitPriceOf<N>& limit, const MoneyOf<N>& asset_amount,
                            const MoneyOf<N>& liability_amount) {
    return value_of(asset_amount) >= liability_amount * limit;
}

}  // namespace margind::core
