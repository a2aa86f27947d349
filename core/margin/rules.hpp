// The rules that a venue may add to the plain linear model (tiers, haircuts, liability weights),
// each off until its fields are set. One structure per thing they apply to; what each does is said
// at its field, how it is computed in the block named there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/margin/keeper_reward.hpp"
#include "core/margin/level.hpp"
#include "core/margin/size_factor.hpp"
#include "core/units.hpp"

namespace margind::core {

// What a position's gain and notional are functions of.
enum class Payoff : std::uint8_t {
    linear,   // quantity * price, settled in the quote asset
    inverse,  // quantity / price, settled in the base asset: contracts of a fixed quote amount
    capped,   // linear between zero and a cap: a short owes cap - price (prediction markets)
};

// Which price a requirement is taken at.
enum class MarginPrice : std::uint8_t {
    mark,
    entry,  // what the position was opened at: it does not move with the market
};

// How resting orders count. Sizes are those of the account's own orders in the instrument.
enum class OrderRule : std::uint8_t {
    ignored,
    // The position with the side's orders filled, the worse of both sides; orders need the side's
    // factor but no slippage, or in an auction their value at the larger of two prices (Vega).
    by_side,
    // The position as it would be with all bids, or all asks, filled: the worse of the two in
    // requirement less gain (Drift, Mango).
    worst_fill,
    // Each order by itself, what exceeds the opposite position, both sides added (Deribit).
    beyond_position,
};

// A rate that grows linearly with size: fraction * size / scale. Zero scale: off.
template <class N>
struct SizeSlope {
    RateOf<N> fraction;
    QuantityOf<N> scale;
    friend constexpr bool operator==(const SizeSlope&, const SizeSlope&) = default;
};

// Slippage of closing the position: rate = linear + quadratic * size in whole units. Orders do not
// pay it.
template <class N>
struct Slippage {
    RateOf<N> linear;
    RateOf<N> quadratic;
    friend constexpr bool operator==(const Slippage&, const Slippage&) = default;
};

// Maintenance margin as a fraction of an initial margin: of the one at `initial_rate` (before any
// scaling), rounded by itself. Zero fraction: off.
template <class N>
struct MaintenanceFraction {
    RateOf<N> initial_rate;
    RateOf<N> fraction;
    friend constexpr bool operator==(const MaintenanceFraction&,
                                     const MaintenanceFraction&) = default;
};

// How a gain counts when it is not simply added to the settlement asset's balance.
template <class N>
struct GainRule {
    // True: gains and losses are apart from the settlement asset's balance; a gain is an asset, a
    // loss lowers equity, each at its own price and weight. False: they are netted with it.
    bool apart = false;
    PerLevel<RateOf<N>> weight;  // of a positive gain (apart), or of what `net_of_margin` leaves
    PerLevel<MoneyOf<N>> cap;    // most that a position's weighted gain counts; zero: no cap
    SizeFactor<N> discount;      // of the weight, by the size of the gain; initial level only
    // True: the requirement is taken off the gain first, and only what is positive then is
    // weighted; there is no requirement beside it (Mango's overall asset weight).
    bool net_of_margin = false;
    friend constexpr bool operator==(const GainRule&, const GainRule&) = default;
};

// Where a venue rounds. Steps are in money (1e-6 of a dollar, one unit of the smallest coin); zero:
// exact until the end of the account. Notional is cut toward zero, requirements go up.
template <class N>
struct RoundingRule {
    MoneyOf<N> notional_step;
    MoneyOf<N> requirement_step;
    friend constexpr bool operator==(const RoundingRule&, const RoundingRule&) = default;
};

// Everything an instrument's positions may be asked beyond tiers.
template <class N>
struct PositionTermsOf {
    Payoff payoff = Payoff::linear;
    PriceOf<N> payoff_cap;                            // capped only
    QuantityOf<N> unit = QuantityOf<N>::from_raw(1);  // raw quantity of one whole unit
    MarginPrice margin_price = MarginPrice::mark;
    // Prices of the level, where they are not the mark: what is long is valued at the first, what
    // is short at the second. Zero: the mark.
    PerLevel<PriceOf<N>> long_price;
    PerLevel<PriceOf<N>> short_price;

    PerLevel<RateOf<N>> long_rate;   // added to the tiers' rate for long positions
    PerLevel<RateOf<N>> short_rate;  // and for short ones
    Slippage<N> slippage;
    SizeSlope<N> slope;                // added to the rate
    PerLevel<RateOf<N>> slope_share;   // part of the slope's rate that the level takes
    SizeFactor<N> premium;             // core/margin/size_factor.hpp
    PerLevel<RateOf<N>> reduced_rate;  // high-leverage accounts; zero: not offered
    MaintenanceFraction<N> maintenance_of_initial;
    MoneyOf<N> minimum;       // of every open position, added
    MoneyOf<N> order_charge;  // per resting order, in the valuation currency
    // Provision per unit of a position that pays it (positive: longs pay): funding, fees.
    MoneyOf<N> charge_per_unit;
    RateOf<N> flag_reward;  // of the notional, what a keeper is paid for flagging the position

    PerLevel<OrderRule> orders = OrderRule::ignored;
    bool in_auction = false;  // by_side: orders count at the larger of their and this price
    PriceOf<N> auction_price;
    GainRule<N> gains;
    RoundingRule<N> rounding;
    friend constexpr bool operator==(const PositionTermsOf&, const PositionTermsOf&) = default;
};

using PositionTerms = PositionTermsOf<Ledger>;

// A discount that grows with the amount: clamp(amount / scale * slope, lower, upper). Zero scale:
// off.
template <class N>
struct AmountDiscount {
    MoneyOf<N> scale;
    RateOf<N> slope;
    RateOf<N> lower;
    RateOf<N> upper;
    friend constexpr bool operator==(const AmountDiscount&, const AmountDiscount&) = default;
};

// The part of a balance's value below `value_up_to` and above the tier before counts by these.
template <class N>
struct BalanceTier {
    ValueOf<N> value_up_to;  // the last one's is never compared
    PerLevel<RateOf<N>> rate;
};

// Everything a balance may be asked beyond a haircut and a liability weight.
template <class N>
struct BalanceTermsOf {
    // Prices of the level: what is owned is valued at the first, what is owed at the second. Zero:
    // the asset's price.
    PerLevel<UnitPriceOf<N>> asset_price;
    PerLevel<UnitPriceOf<N>> liability_price;
    SizeFactor<N> asset_discount;     // of the asset weight, by size
    SizeFactor<N> liability_premium;  // of the liability weight, by size
    AmountDiscount<N> amount_discount;
    std::span<const BalanceTier<N>> haircuts;      // of what is owned; replaces the asset weight
    std::span<const BalanceTier<N>> borrow_rates;  // of what is owed: a requirement on top
    // True: a debt is a requirement (health is assets over debt); false: it lowers equity.
    bool debt_is_requirement = false;
    // True: an account's least rate leaves this asset alone (the coin that margin is counted in).
    bool without_least_rate = false;
    MoneyOf<N> order_charge;  // per resting spot order, in the valuation currency
};

// What is particular to one account.
template <class N>
struct AccountTermsOf {
    // No position needs less than this rate; no asset counts more than 1 - it, no debt less than
    // 1 + it. Zero: off.
    PerLevel<RateOf<N>> least_rate;
    bool high_leverage = false;
    // Added to the requirement per unit of liability (a debt's value, a position's notional), and
    // to equity per unit of loss: what a liquidation must leave above maintenance. Zero: off.
    PerLevel<RateOf<N>> buffer;
    // What is set aside for who liquidates the account, at every level.
    std::optional<KeeperRule<N>> keeper = {};
};

using BalanceTerms = BalanceTermsOf<Ledger>;
using AccountTerms = AccountTermsOf<Ledger>;

}  // namespace margind::core
