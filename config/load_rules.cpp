#include "config/load_rules.hpp"

#include <utility>

#include "config/levels.hpp"
#include "config/load_liquidation.hpp"
#include "config/scalars.hpp"

namespace margind::config {
namespace {

using core::Ledger;

constexpr std::pair<const char*, bool> kDebts[] = {{"equity", false}, {"requirement", true}};
constexpr std::pair<const char*, core::MarginPrice> kPrices[] = {
    {"mark", core::MarginPrice::mark}, {"entry", core::MarginPrice::entry}};
constexpr std::pair<const char*, core::OrderRule> kOrders[] = {
    {"ignored", core::OrderRule::ignored},
    {"by_side", core::OrderRule::by_side},
    {"worst_fill", core::OrderRule::worst_fill},
    {"beyond_position", core::OrderRule::beyond_position}};
constexpr std::pair<const char*, core::MarginLevel> kLevels[] = {
    {"initial", core::MarginLevel::initial},
    {"maintenance", core::MarginLevel::maintenance},
    {"close_out", core::MarginLevel::close_out}};

enum class Gains : std::uint8_t { with_balance, apart, net_of_margin };
constexpr std::pair<const char*, Gains> kGains[] = {{"with_balance", Gains::with_balance},
                                                    {"apart", Gains::apart},
                                                    {"net_of_margin", Gains::net_of_margin}};

const auto kMoney = scaled_by(core::kScaleDecimals);

// `base` is what the weight or rate is multiplied by before the growth counts.
void read_size_factor(MapReader& map, const char* key, core::SizeFactor<Ledger>& rule,
                      core::Rate core::SizeFactor<Ledger>::* base) {
    MapReader section = map.map(key);
    section.value("factor", rule.factor, parse_rate);
    section.value("base", rule.*base, parse_rate);
    section.finish();
}

std::vector<core::BalanceTier<Ledger>> read_balance_tiers(MapReader& map, const char* key) {
    std::vector<core::BalanceTier<Ledger>> tiers;
    const ListReader list = map.list(key);
    for (std::size_t t = 0; t < list.size(); ++t) {
        MapReader tier_map = list[t];
        core::BalanceTier<Ledger> tier;
        const bool last = t + 1 == list.size();
        core::Money end;
        if (tier_map.value("value_up_to", end, kMoney, last ? Need::optional : Need::required)) {
            tier.value_up_to = core::value_of(end);
        }
        if (!tier_map.has("rate")) {
            tier_map.problem("rate", "is missing; add it");
        }
        read_levels(tier_map, "rate", tier.rate, parse_rate);
        tier_map.finish();
        tiers.push_back(tier);
    }
    return tiers;
}

void read_weights_of_totals(MapReader& map, core::AssetRules& rules) {
    MapReader concentration = map.map("concentration");
    concentration.value("deposits_from", rules.concentration.deposits_from, kMoney);
    concentration.value("borrows_from", rules.concentration.borrows_from, kMoney);
    concentration.finish();
    MapReader depeg = map.map("depeg");
    depeg.value("threshold", rules.depeg.threshold, kMoney);
    depeg.value("factor", rules.depeg.factor, parse_rate);
    depeg.finish();
    map.value("confidence_charge", rules.confidence.multiplier, parse_rate);
}

void read_weights_of_size(MapReader& map, core::AssetRules& rules) {
    read_size_factor(map, "size_discount", rules.asset_discount,
                     &core::SizeFactor<Ledger>::discount_base);
    read_size_factor(map, "size_premium", rules.liability_premium,
                     &core::SizeFactor<Ledger>::premium_base);
    MapReader amount = map.map("amount_discount");
    amount.value("scale", rules.amount_discount.scale, kMoney);
    amount.value("slope", rules.amount_discount.slope, parse_rate);
    amount.value("lower", rules.amount_discount.lower, parse_rate);
    amount.value("upper", rules.amount_discount.upper, parse_rate);
    amount.finish();
    rules.haircuts = read_balance_tiers(map, "haircut_tiers");
    rules.borrow_rates = read_balance_tiers(map, "borrow_tiers");
}

void read_asset_liquidation(MapReader& map, core::LiquidationRules<Ledger>& rules) {
    MapReader section = map.map("liquidation");
    section.value("close_factor", rules.close.factor, parse_rate);
    section.value("full_below_health", rules.close.full_below_health, parse_rate);
    section.value("full_below_value", rules.close.full_below_value, kMoney);
    section.value("of_whole_position", rules.close.of_whole_position, parse_flag);
    section.value("leftover_min", rules.leftover_min, kMoney);
    section.value("bonus", rules.bonus, parse_rate);
    section.value("protocol_share", rules.protocol_share, parse_rate);
    section.finish();
}

// The section `margin` of one instrument.
class MarginReader {
  public:
    MarginReader(MapReader& map, core::Instrument& instrument)
        : map_(map), instrument_(instrument), rules_(instrument.rules), terms_(rules_.terms) {}

    void run() {
        map_.choice("price", terms_.margin_price, kPrices);
        map_.value("slow_price", rules_.slow_price, parse_flag);
        read_levels(map_, "orders", terms_.orders, one_of(kOrders));
        read_side_rates();
        read_size_rates();
        read_initial_and_maintenance();
        map_.value("minimum", terms_.minimum, kMoney);
        map_.value("order_charge", terms_.order_charge, kMoney);
        map_.value("charge_per_unit", terms_.charge_per_unit, kMoney);
        map_.value("flag_reward", terms_.flag_reward, parse_rate);
        map_.value("confidence_charge", rules_.confidence.multiplier, parse_rate);
        map_.value("payoff_cap", terms_.payoff_cap, scaled_by(instrument_.price_decimals));
        read_gains();
        read_rounding();
    }

  private:
    void read_side_rates() {
        MapReader factors = map_.map("risk_factors");
        read_levels(factors, "long", terms_.long_rate, parse_rate);
        read_levels(factors, "short", terms_.short_rate, parse_rate);
        factors.finish();
        MapReader model = map_.map("risk_model");
        rules_.lognormal = model.has("lognormal");
        MapReader lognormal = model.map("lognormal");
        lognormal.value("risk_aversion", rules_.risk_model.risk_aversion, parse_number);
        lognormal.value("horizon_years", rules_.risk_model.horizon_years, parse_number);
        lognormal.value("drift", rules_.risk_model.drift, parse_number);
        lognormal.value("volatility", rules_.risk_model.volatility, parse_number);
        lognormal.finish();
        model.finish();
    }

    void read_size_rates() {
        MapReader slippage = map_.map("slippage");
        slippage.value("linear", terms_.slippage.linear, parse_rate);
        slippage.value("quadratic", terms_.slippage.quadratic, parse_rate);
        slippage.finish();
        read_size_factor(map_, "size_premium", terms_.premium,
                         &core::SizeFactor<Ledger>::premium_base);
        MapReader slope = map_.map("size_slope");
        slope.value("fraction", terms_.slope.fraction, parse_rate);
        slope.value("scale", terms_.slope.scale, scaled_by(instrument_.quantity_decimals));
        if (slope.has("scale")) terms_.slope_share = core::kRateOne;
        read_levels(slope, "share", terms_.slope_share, parse_rate);
        slope.finish();
    }

    void read_initial_and_maintenance() {
        map_.value("maintenance_fraction", terms_.maintenance_of_initial.fraction, parse_rate);
        read_levels(map_, "reduced_rate", terms_.reduced_rate, parse_rate);
        MapReader scaling = map_.map("open_interest_scaling");
        scaling.value("lower_cap", rules_.open_interest.lower_cap, kMoney);
        scaling.value("upper_cap", rules_.open_interest.upper_cap, kMoney);
        scaling.value("step", rules_.open_interest.step, parse_rate);
        scaling.finish();
    }

    void read_gains() {
        MapReader gains = map_.map("gains");
        Gains counted = Gains::with_balance;
        gains.choice("counted", counted, kGains);
        terms_.gains.apart = counted == Gains::apart;
        terms_.gains.net_of_margin = counted == Gains::net_of_margin;
        if (counted != Gains::with_balance) terms_.gains.weight = core::kRateOne;
        read_levels(gains, "weight", terms_.gains.weight, parse_rate);
        read_levels(gains, "cap", terms_.gains.cap, kMoney);
        read_size_factor(gains, "discount", terms_.gains.discount,
                         &core::SizeFactor<Ledger>::discount_base);
        gains.finish();
    }

    void read_rounding() {
        MapReader rounding = map_.map("rounding");
        rounding.value("notional", terms_.rounding.notional_step, kMoney);
        rounding.value("requirement", terms_.rounding.requirement_step, kMoney);
        rounding.finish();
    }

    MapReader& map_;
    core::Instrument& instrument_;
    core::InstrumentRules& rules_;
    core::PositionTerms& terms_;
};

core::Quantity one_unit(int quantity_decimals) {
    std::int64_t unit = 1;
    for (int i = 0; i < quantity_decimals; ++i) unit *= 10;
    return core::Quantity::from_raw(unit);
}

void read_slow_price(MapReader& map, core::SlowPriceRule<Ledger>& rule) {
    MapReader slow = map.map("slow_price");
    slow.value("slot_growth", rule.slot_growth, parse_rate);
    slow.value("growth_per_second", rule.growth_per_second, parse_rate);
    slow.value("slot", rule.slot, parse_duration);
    slow.value("least", rule.least, parse_duration);
    slow.value("most", rule.most, parse_duration);
    slow.finish();
}

}  // namespace

void read_asset_rules(MapReader& map, core::Asset& asset) {
    core::AssetRules& rules = asset.rules;
    map.value("slow_price", rules.slow_price, parse_flag);
    map.value("redemption", rules.redemption, parse_flag);
    read_weights_of_totals(map, rules);
    read_weights_of_size(map, rules);
    map.choice("debt", rules.debt_is_requirement, kDebts);
    map.value("order_charge", rules.order_charge, kMoney);
    map.value("least_rate_applies", rules.least_rate_applies, parse_flag);
    read_asset_liquidation(map, asset.liquidation);
    rules.plain = !looked_at(rules);
}

void read_instrument_rules(MapReader& map, core::Instrument& instrument) {
    instrument.rules.terms.unit = one_unit(instrument.quantity_decimals);
    read_slow_price(map, instrument.slow_price);
    map.value("insurance_fee", instrument.insurance_fee, parse_rate);
    map.value("insurance_share", instrument.insurance_share, parse_rate);
    read_liquidation_limits(map, instrument);
    read_takeover_price(map, instrument);
    const bool spot = instrument.kind == core::InstrumentKind::spot;
    MapReader margin = map.map("margin");
    // Defaults are for instruments with positions.
    if (!spot || map.has_itself("margin")) {
        MarginReader(margin, instrument).run();
        margin.finish();
    }
    instrument.rules.plain = !looked_at(instrument.rules, instrument.kind);
}

void read_margin_level(MapReader& map, const char* key, core::MarginLevel& level) {
    map.choice(key, level, kLevels);
}

}  // namespace margind::config
