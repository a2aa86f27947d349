#include "config/load_liquidation.hpp"

#include <cstdint>
#include <limits>
#include <optional>

#include "config/scalars.hpp"

namespace margind::config {
namespace {

using core::Ledger;

const auto kMoney = scaled_by(core::kScaleDecimals);

// A limit that does not hold where it is not written.
template <class T, class Parser>
void read_limit(MapReader& map, const char* key, std::optional<T>& out, Parser parse) {
    T limit;
    if (map.value(key, limit, parse)) out = limit;
}

}  // namespace

void read_keeper_reward(MapReader& root, core::RiskParameters& risk) {
    core::KeeperRule<Ledger> rule;
    MapReader map = root.map("keeper_reward");
    map.value("flag_cost", rule.flag_cost, kMoney);
    map.value("liquidate_cost", rule.liquidate_cost, kMoney);
    map.value("reward_min", rule.reward.least, kMoney);
    map.value("profit_share", rule.reward.profit_share, parse_rate);
    read_limit(map, "collateral_share", rule.reward.collateral_share, parse_rate);
    read_limit(map, "reward_max", rule.reward.most, kMoney);
    map.finish();
    if (root.has("keeper_reward")) risk.keeper_reward = rule;
}

void read_liquidation_ramp(MapReader& root, core::RiskParameters& risk) {
    core::LiquidationRamp<Ledger> rule{.initial_share = {}, .duration = 0, .at_once_below = {}};
    core::Duration duration;
    MapReader map = root.map("liquidation_ramp");
    const bool given = root.has("liquidation_ramp");
    map.value("initial_share", rule.initial_share, parse_rate);
    map.value("duration", duration, parse_duration, given ? Need::required : Need::optional);
    map.value("at_once_below", rule.at_once_below, kMoney);
    map.finish();
    rule.duration = duration.ns();
    if (given) risk.liquidation_ramp = rule;
}

void read_liquidation_fee(MapReader& map, core::Instrument& instrument) {
    constexpr const char* kKey = "liquidation_fee";
    if (!map.is_section(kKey)) {
        map.value(kKey, instrument.liquidation_fee, parse_rate);
        return;
    }
    MapReader section = map.map_as_whole(kKey);
    core::FeeGrowth& growth = instrument.fee_growth;
    section.value("base", instrument.liquidation_fee, parse_rate, Need::required);
    section.value("max", growth.max, parse_rate, Need::required);
    section.value("grace", growth.grace, parse_duration);
    section.value("increase_per_second", growth.increase_per_second, parse_rate, Need::required);
    section.finish();
}

void read_liquidation_limits(MapReader& map, core::Instrument& instrument) {
    core::LiquidationLimits<Ledger>& limits = instrument.liquidation_limits;
    MapReader section = map.map("liquidation_limits");
    section.value("min_notional", limits.min_notional, kMoney);
    section.value("max_portion", limits.max_portion, parse_rate);
    const bool limited = section.value("account_notional", limits.account_notional, kMoney);
    if (!limited && limits.max_portion.raw() > 0) {
        limits.account_notional = core::Money::from_raw(std::numeric_limits<std::int64_t>::max());
    }
    core::LiquidationCapacity<Ledger>& rule = instrument.liquidation_capacity;
    MapReader capacity = section.map("capacity");
    capacity.value("maker_fee", rule.maker_fee, parse_rate);
    capacity.value("taker_fee", rule.taker_fee, parse_rate);
    capacity.value("skew_scale", rule.skew_scale, scaled_by(instrument.quantity_decimals));
    capacity.value("multiplier", rule.multiplier, parse_rate);
    capacity.value("window", rule.window, parse_duration);
    capacity.finish();
    section.finish();
}

void read_takeover_price(MapReader& map, core::Instrument& instrument) {
    core::FillablePrice<Ledger>& rule = instrument.fillable_price;
    MapReader section = map.map("fillable_price");
    if (section.value("spread_to_maintenance", rule.spread_to_maintenance, parse_rate)) {
        rule.bankruptcy_adjustment = core::kRateOne;
    }
    section.value("bankruptcy_adjustment", rule.bankruptcy_adjustment, parse_rate);
    section.finish();
}

}  // namespace margind::config
