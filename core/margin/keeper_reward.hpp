// What a liquidation pays to whoever carries it out, set aside on top of the maintenance margin so
// that there is somebody to do it.
//
//   cost   = flag_cost feeds + liquidate_cost           feeds: prices the account needs
//   reward = min( max(cost + least, cost (1 + profit_share), flag + cost),
//                 collateral collateral_share, most )
//   flag   = sum of notional reward ratio over the account's positions
//
// The collateral is taken without discounts. No positions, no reward. Rounded up, the caps down.
// Source: Synthetix perps v3, KeeperCosts and GlobalPerpsMarketConfiguration::keeperReward.
#pragma once

#include <cstdint>
#include <optional>

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct KeeperReward {
    MoneyOf<N> least;        // above the cost
    RateOf<N> profit_share;  // of the cost, above it
    std::optional<RateOf<N>> collateral_share = {};
    std::optional<MoneyOf<N>> most = {};
};

template <class N>
struct KeeperCosts {
    MoneyOf<N> flag;  // per price feed
    MoneyOf<N> liquidate;
    std::uint32_t feeds = 0;
};

// What a venue sets aside from every account that holds a position. Each position needs a price
// feed.
template <class N>
struct KeeperRule {
    MoneyOf<N> flag_cost;  // per price feed
    MoneyOf<N> liquidate_cost;
    KeeperReward<N> reward;
};

template <class N>
constexpr MoneyOf<N> keeper_cost(const KeeperCosts<N>& costs) {
    using Wide = typename N::WideRaw;
    return MoneyOf<N>::from_raw(
        N::narrow(Wide(costs.flag.wide() * Wide(costs.feeds)) + costs.liquidate.wide()));
}

// `flag_reward`: sum of notional times reward ratio, exact.
template <class N>
constexpr MoneyOf<N> keeper_reward(const KeeperReward<N>& rule, const MoneyOf<N>& cost,
                                   const WeightedValueOf<N>& flag_reward,
                                   const MoneyOf<N>& collateral) {
    const auto larger = [](const MoneyOf<N>& a, const MoneyOf<N>& b) { return a < b ? b : a; };
    const auto smaller = [](const MoneyOf<N>& a, const MoneyOf<N>& b) { return b < a ? b : a; };
    MoneyOf<N> reward =
        larger(cost + rule.least, cost + product(cost, rule.profit_share, Rounding::up));
    reward = larger(reward, cost + round_up(flag_reward));
    if (rule.collateral_share) {
        reward = smaller(reward, product(collateral, *rule.collateral_share, Rounding::down));
    }
    return rule.most ? smaller(reward, *rule.most) : reward;
}

}  // namespace margind::core
