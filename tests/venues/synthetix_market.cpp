#include "tests/venues/synthetix_market.hpp"

#include <cstdint>

namespace margind::test::synthetix {

using core::Rounding;

Markets read_markets(const Field& params) {
    Markets markets;
    for (const auto& [name, in] : params["markets"].members()) {
        const Rate least = in.rate("min_initial_ratio");
        const Rate share = in.rate("maintenance_scalar");
        Market market;
        market.terms.slope = {in.rate("initial_margin_fraction"), in.quantity("skew_scale")};
        market.terms.slope_share = {core::rate_one<Extended>(), share};
        market.terms.minimum = in.money("min_position_margin", "0");
        market.rate = {least, product(least, share, Rounding::up)};
        market.reward_ratio = in.rate("reward_ratio", "0");
        markets.emplace(name, market);
    }
    return markets;
}

const Market& find_market(const Markets& markets, const Field& name, const std::string& wanted) {
    const auto found = markets.find(wanted);
    if (found == markets.end()) {
        name.fail("'" + wanted + "' is no market of the parameters");
    }
    return found->second;
}

Prices read_prices(const Field& prices) {
    Prices found;
    for (const auto& [market, price] : prices.members()) {
        found.emplace(market, price.price());
    }
    return found;
}

const Price& find_price(const Prices& prices, const Field& in, const std::string& market) {
    const auto found = prices.find(market);
    if (found == prices.end()) {
        in.fail("has no price of '" + market + "'");
    }
    return found->second;
}

BalanceTerms collateral_terms(const Field& in) {
    BalanceTerms terms;
    terms.amount_discount = {in.money("skew_scale", "0"), in.rate("discount_scalar", "0"),
                             in.rate("lower_discount", "0"), in.rate("upper_discount", "0")};
    return terms;
}

core::KeeperReward<Extended> reward_rule(const Field& guards) {
    core::KeeperReward<Extended> rule{
        guards.money("min_reward", "0"), guards.rate("min_profit_ratio", "0"), {}, {}};
    if (const auto share = guards.find("max_scaling_ratio")) {
        rule.collateral_share = share->rate();
    }
    if (const auto most = guards.find("max_reward")) {
        rule.most = most->money();
    }
    return rule;
}

core::KeeperCosts<Extended> keeper_costs(const Field& in, std::size_t positions) {
    return {in.money("flag_cost", "0"), in.money("liquidate_cost", "0"),
            static_cast<std::uint32_t>(in.whole("feeds", static_cast<std::int64_t>(positions)))};
}

core::KeeperReward<Extended> reward_rule_of(const Case& one) {
    const auto guards = one.params.find("guards");
    return guards ? reward_rule(*guards) : core::KeeperReward<Extended>{};
}

}  // namespace margind::test::synthetix
