// Synthetix perps v3: markets, prices and rules as a case gives them.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "core/margin/keeper_reward.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/case.hpp"

namespace margind::test::synthetix {

// A market against the pool: its margin terms, and what its positions add to a keeper's reward.
struct Market {
    PositionTerms terms;
    core::PerLevel<Rate> rate;
    Rate reward_ratio;
};
using Markets = std::map<std::string, Market>;
Markets read_markets(const Field& params);
const Market& find_market(const Markets& markets, const Field& name, const std::string& wanted);

using Prices = std::map<std::string, Price>;
Prices read_prices(const Field& prices);
const Price& find_price(const Prices& prices, const Field& in, const std::string& market);

BalanceTerms collateral_terms(const Field& in);

core::KeeperReward<Extended> reward_rule(const Field& guards);
// The rule among a case's parameters: no limits without guards.
core::KeeperReward<Extended> reward_rule_of(const Case& one);
core::KeeperCosts<Extended> keeper_costs(const Field& in, std::size_t positions);

}  // namespace margind::test::synthetix
