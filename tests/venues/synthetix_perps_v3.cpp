// Synthetix perps v3: markets against a pool, margin by skew; README of the reference data, section
// 3.6.
#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/margin/keeper_reward.hpp"
#include "core/margin/liquidation_window.hpp"
#include "core/market/skew.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::Duration;
using core::Rounding;
using core::Timestamp;

// Parts of a day (or of a second) to whole nanoseconds, rounded down.
Duration duration(const Field& field, std::int64_t unit_ns) {
    const Integer ns = field.quantity().raw() * unit_ns / Extended::scale();
    return Duration::from_ns(static_cast<std::int64_t>(ns));
}
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDayNs = 86'400 * kSecondNs;

Answers fill(const Case& one) {
    const Field& in = one.inputs;
    return {
        {"fill_price", core::skewed_fill_price(in.price("price"), in.quantity("skew"),
                                               in.quantity("size"), in.quantity("skew_scale"))}};
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

Answers keeper_reward(const Case& one) {
    const std::vector<Field> positions = one.inputs["positions"].items();
    core::WeightedValueOf<Extended> flag;
    for (const Field& position : positions) {
        const auto notional =
            magnitude(kPlainContract.value(position.price("price"), position.quantity("size")));
        flag += notional * position.rate("reward_ratio");
    }
    const Money cost = core::keeper_cost(keeper_costs(one.inputs, positions.size()));
    return {{"reward", core::keeper_reward(reward_rule(one.params), cost, flag,
                                           one.inputs.money("collateral"))}};
}

Answers liquidation_window(const Case& one) {
    const Field& rule = one.params;
    const Duration window = duration(rule["window"], kSecondNs);
    const Quantity capacity = core::capacity_per_window<Extended>(
        {rule.rate("maker_fee"), rule.rate("taker_fee"), rule.quantity("skew_scale"),
         rule.rate("multiplier", "1"), window});
    std::map<std::string, Quantity> sizes;
    Answers windows;
    for (const auto& [account, size] : one.inputs["positions"].members()) {
        sizes[account] = magnitude(size.quantity());
        windows.emplace(account, Answer::integer(windows_needed(sizes[account], capacity)));
    }
    core::LiquidationWindowOf<Extended> market(capacity, window);
    std::vector<Quantity> left;
    for (const Field& call : one.inputs["calls"].items()) {
        const std::vector<Field> parts = call.items();
        if (parts.size() != 2) {
            call.fail("is not [time, account]");
        }
        Quantity& size = sizes.at(parts[1].text());
        size = size - market.take(size, Timestamp{} + duration(parts[0], kSecondNs));
        left.push_back(size);
    }
    return {{"capacity", capacity}, {"left", left}, {"windows", windows}};
}

// The first trader's size is the skew to begin with; then others move it, step by step.
Answers funding(const Case& one) {
    const Quantity size = one.inputs.quantity("size");
    const auto value = kPlainContract.value(one.inputs.price("price"), size);
    Timestamp now;
    core::DriftingFundingOf<Extended> market(one.params.quantity("skew_scale"),
                                             one.params.rate("max_velocity"), now);
    Quantity skew = size;
    Money owed;
    market.set_skew(skew, now);
    std::vector<Quantity> skews;
    std::vector<Rate> velocities;
    std::vector<Rate> rates;
    std::vector<Money> accrued;
    for (const Field& step : one.inputs["steps"].items()) {
        const std::vector<Field> parts = step.items();
        if (parts.size() != 2) {
            step.fail("is not [days, change of skew]");
        }
        now = now + duration(parts[0], kDayNs);
        owed = owed + round_up(value * market.accrued(now, Rounding::up));
        skew = skew + parts[1].quantity();
        market.set_skew(skew, now);
        skews.push_back(skew);
        velocities.push_back(market.velocity());
        rates.push_back(market.rate(now));
        accrued.push_back(owed);
    }
    return {{"skew", skews}, {"velocity", velocities}, {"rate", rates}, {"accrued", accrued}};
}

constexpr std::array kModels{
    Model{"snx_fill", fill},
    Model{"snx_keeper_reward", keeper_reward},
    Model{"snx_liquidation_window", liquidation_window},
    Model{"snx_funding", funding},
};

}  // namespace

std::span<const Model> synthetix_perps_v3_models() {
    return kModels;
}

}  // namespace margind::test
