// The rules of venues, from YAML to the parameters of the core.
#include <cstdint>
#include <functional>
#include <limits>

#include <catch2/catch.hpp>

#include "config/settings.hpp"

using namespace margind;
using core::MarginLevel;
using core::Rate;

namespace {

std::string with(const std::string& asset, const std::string& instrument,
                 const std::string& rest = "") {
    return "assets:\n  - {name: USD}\n  - {name: BTC, priced_by: BTC-USD" +
           (asset.empty() ? "" : ", " + asset) +
           "}\ninstrument_defaults: {quote: USD, price_decimals: 2, quantity_decimals: 4, "
           "price_max: 1000000}\ninstruments:\n  - {name: BTC-USD, kind: spot, slow_price: "
           "{slot_growth: 6%, growth_per_second: 0.03%}}\n  - {name: X" +
           (instrument.empty() ? "" : ", " + instrument) +
           (instrument.find("tiers") == std::string::npos
                ? ", tiers: [{initial_rate: 10%, maintenance_rate: 5%}]"
                : "") +
           "}\n" + rest;
}

core::RiskParameters load(const std::string& asset, const std::string& instrument,
                          const std::string& rest = "") {
    const config::Loaded loaded = config::load_text(with(asset, instrument, rest), "rules.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(to_string(problem));
    REQUIRE(loaded.problems.empty());
    return loaded.settings.risk;
}

// The keys of what is wrong.
std::vector<std::string> refused(const std::string& asset, const std::string& instrument,
                                 const std::string& rest = "") {
    std::vector<std::string> keys;
    for (const auto& problem :
         config::load_text(with(asset, instrument, rest), "rules.yaml").problems) {
        CHECK(problem.line > 0);
        keys.push_back(problem.key);
    }
    return keys;
}

using Keys = std::vector<std::string>;
constexpr std::int64_t kPercent = core::kScale / 100;

}  // namespace

TEST_CASE("a value is the same at all levels, or given by level") {
    const auto same = load("haircut: 20%", "").assets[1].haircut;
    CHECK(same == core::PerLevel<Rate>(Rate::from_raw(20 * kPercent)));
    const auto two = load("haircut: {initial: 20%, maintenance: 10%}", "").assets[1].haircut;
    CHECK(two[MarginLevel::initial].raw() == 20 * kPercent);
    CHECK(two[MarginLevel::maintenance].raw() == 10 * kPercent);
    CHECK(two[MarginLevel::close_out].raw() == 10 * kPercent);
    const auto three =
        load("haircut: {initial: 20%, maintenance: 10%, close_out: 15%}", "").assets[1].haircut;
    CHECK(three[MarginLevel::close_out].raw() == 15 * kPercent);
}

TEST_CASE("levels must be complete and in order") {
    CHECK(refused("haircut: {initial: 20%}", "") == Keys{"assets[1].haircut.maintenance"});
    CHECK(refused("haircut: {initial: 10%, maintenance: 20%}", "") == Keys{"assets[1].haircut"});
    CHECK(refused("haircut: {initial: 20%, maintenance: 10%, close_out: 5%}", "") ==
          Keys{"assets[1].haircut"});
    CHECK(refused("haircut: {initial: 20%, maintenance: 10%, closeout: 15%}", "") ==
          Keys{"assets[1].haircut.closeout"});
}

TEST_CASE("an asset's rules arrive, and what an evaluation need not look at is plain") {
    const auto rules = [](const std::string& asset) { return load(asset, "").assets[1].rules; };
    CHECK(rules("").plain);
    const auto totals = rules("concentration: {deposits_from: 5, borrows_from: 7}");
    CHECK(totals.concentration.deposits_from.raw() == 5 * core::kScale);
    CHECK(totals.concentration.borrows_from.raw() == 7 * core::kScale);
    CHECK(totals.plain);
    const auto depeg = rules("depeg: {threshold: 0.98, factor: 2}, confidence_charge: 1.5");
    CHECK(depeg.depeg.threshold.raw() == 98 * kPercent);
    CHECK(depeg.confidence.multiplier.raw() == 150 * kPercent);
    CHECK(depeg.plain);
    const auto sizes =
        rules("size_discount: {factor: 0.1}, size_premium: {factor: 0.2, base: 0.9}");
    CHECK(sizes.asset_discount.factor.raw() == 10 * kPercent);
    CHECK(sizes.asset_discount.discount_base.raw() == 110 * kPercent);
    CHECK(sizes.liability_premium.premium_base.raw() == 90 * kPercent);
    CHECK_FALSE(sizes.plain);
    const auto tiers = rules(
        "haircut_tiers: [{value_up_to: 10, rate: 5%}, {rate: {initial: 20%, maintenance: 10%}}]");
    REQUIRE(tiers.haircuts.size() == 2);
    CHECK(tiers.haircuts[0].value_up_to ==
          core::value_of(core::Money::from_raw(10 * core::kScale)));
    CHECK(tiers.haircuts[1].rate[MarginLevel::initial].raw() == 20 * kPercent);
    CHECK_FALSE(tiers.plain);
    CHECK_FALSE(rules("debt: requirement").plain);
    CHECK(rules("debt: requirement").debt_is_requirement);
    CHECK_FALSE(rules("slow_price: true").plain);
    CHECK_FALSE(rules("redemption: true").plain);
    CHECK_FALSE(rules("order_charge: 0.01").plain);
    CHECK_FALSE(rules("borrow_tiers: [{rate: 5%}]").plain);
    CHECK_FALSE(rules("amount_discount: {scale: 10, slope: 1, upper: 5%}").plain);
}

TEST_CASE("an instrument's rules arrive") {
    const auto instrument = [](const std::string& text) { return load("", text).instruments[1]; };
    CHECK(instrument("").rules.plain);
    CHECK(instrument("margin: {}").rules.plain);
    const auto sides = instrument(
        "margin: {orders: by_side, risk_factors: {long: 1%, short: {initial: 3%, maintenance: "
        "2%}}, slippage: {linear: 0.1, quadratic: 0.01}, minimum: 10, rounding: {notional: 0.01, "
        "requirement: 1}}, tiers: [{initial_rate: 0, maintenance_rate: 0}]");
    const core::PositionTerms& terms = sides.rules.terms;
    CHECK_FALSE(sides.rules.plain);
    CHECK(terms.unit.raw() == 10'000);
    CHECK(terms.orders == core::OrderRule::by_side);
    CHECK(terms.long_rate[MarginLevel::close_out].raw() == kPercent);
    CHECK(terms.short_rate[MarginLevel::initial].raw() == 3 * kPercent);
    CHECK(terms.slippage.quadratic.raw() == kPercent);
    CHECK(terms.minimum.raw() == 10 * core::kScale);
    CHECK(terms.rounding.notional_step.raw() == kPercent);
    CHECK(terms.rounding.requirement_step.raw() == core::kScale);

    const auto model = instrument(
        "margin: {risk_model: {lognormal: {risk_aversion: 0.001, horizon_years: 0.5, volatility: "
        "2}}}, tiers: [{initial_rate: 0, maintenance_rate: 0}]");
    CHECK(model.rules.lognormal);
    CHECK(model.rules.risk_model.horizon_years == 0.5);

    const auto slope = instrument("margin: {size_slope: {fraction: 2, scale: 1.5, share: 50%}}");
    CHECK(slope.rules.terms.slope.scale.raw() == 15'000);
    CHECK(slope.rules.terms.slope_share[MarginLevel::initial].raw() == 50 * kPercent);
    CHECK(instrument("margin: {size_slope: {fraction: 2, scale: 1.5}}")
              .rules.terms.slope_share[MarginLevel::maintenance]
              .raw() == core::kScale);

    const auto gains = instrument("margin: {gains: {counted: net_of_margin}}").rules.terms.gains;
    CHECK(gains.net_of_margin);
    CHECK(gains.weight[MarginLevel::initial] == core::kRateOne);
    const auto apart = instrument(
                           "margin: {gains: {counted: apart, weight: 90%, cap: {initial: 100, "
                           "maintenance: 0}, discount: {factor: 0.5}}}")
                           .rules.terms.gains;
    CHECK(apart.apart);
    CHECK(apart.cap[MarginLevel::initial].raw() == 100 * core::kScale);
    CHECK(apart.discount.factor.raw() == 50 * kPercent);

    const auto scaled = instrument("margin: {open_interest_scaling: {lower_cap: 1, upper_cap: 2}}");
    CHECK(scaled.rules.open_interest.upper_cap.raw() == 2 * core::kScale);
    CHECK(scaled.rules.plain);  // it moves the tiers' rates and nothing else
}

TEST_CASE("how orders count may differ by level, and no other rule than the initial level's") {
    using core::OrderRule;
    const auto orders = [](const std::string& text) {
        return load("", "margin: {orders: " + text + "}").instruments[1].rules.terms.orders;
    };
    CHECK(orders("worst_fill") == core::PerLevel<OrderRule>(OrderRule::worst_fill));
    CHECK(orders("{initial: beyond_position, maintenance: ignored}") ==
          core::PerLevel<OrderRule>(OrderRule::beyond_position, OrderRule::ignored));
    const auto close_out = orders("{initial: by_side, maintenance: ignored, close_out: by_side}");
    CHECK(close_out[MarginLevel::maintenance] == OrderRule::ignored);
    CHECK(close_out[MarginLevel::close_out] == OrderRule::by_side);

    const Keys whole{"instruments[1].margin.orders"};
    for (const char* text :
         {"{initial: ignored, maintenance: by_side}", "{initial: worst_fill, maintenance: by_side}",
          "{initial: by_side, maintenance: by_side, close_out: ignored}", "worst"}) {
        INFO(text);
        CHECK(refused("", "margin: {orders: " + std::string(text) + "}") == whole);
    }
    CHECK(refused("", "margin: {orders: {initial: by_side}}") ==
          Keys{"instruments[1].margin.orders.maintenance"});
}

TEST_CASE("a round of a liquidation is limited in all only where that is said") {
    const auto limits = [](const std::string& text) {
        return load("", "liquidation_limits: " + text).instruments[1].liquidation_limits;
    };
    const auto some = limits("{min_notional: 100000, max_portion: 20%}");
    CHECK(some.max_portion.raw() == 20 * kPercent);
    CHECK(some.account_notional.raw() == std::numeric_limits<std::int64_t>::max());
    CHECK(limits("{max_portion: 20%, account_notional: 5}").account_notional.raw() ==
          5 * core::kScale);
}

TEST_CASE("maintenance margin may be a fraction of initial margin") {
    const auto instrument =
        load("", "margin: {maintenance_fraction: 60%}, tiers: [{initial_rate: 5%}]").instruments[1];
    CHECK(instrument.tiers[0].maintenance_rate.raw() == 3 * kPercent);
    CHECK(instrument.rules.terms.maintenance_of_initial.initial_rate.raw() == 5 * kPercent);
    CHECK_FALSE(instrument.rules.plain);
    CHECK(refused("", "margin: {maintenance_fraction: 60%}") ==
          Keys{"instruments[1].tiers[0].maintenance_rate"});
    CHECK(refused("",
                  "margin: {maintenance_fraction: 60%, slippage: {linear: 1%}}, tiers: "
                  "[{initial_rate: 5%}]") == Keys{"instruments[1].margin.maintenance_fraction"});
}

TEST_CASE("an inverse contract is settled in its base, with its own scale") {
    const auto inverse = load("",
                              "kind: inverse_perpetual, settle: BTC, multiplier: 10, "
                              "price_decimals: 1, quantity_decimals: 0")
                             .instruments[1];
    // 10 * 10^(16 + 1 - 0)
    CHECK(inverse.scale.factor() == 1'000'000'000'000'000'000);
    CHECK(inverse.settle == core::AssetId(1));
    CHECK_FALSE(inverse.rules.plain);
    CHECK(refused("", "kind: inverse_future") == Keys{"instruments[1].settle"});
    CHECK(refused("", "kind: inverse_future, settle: USD") == Keys{"instruments[1].settle"});
    CHECK(refused("",
                  "kind: inverse_future, settle: BTC, multiplier: 100, price_decimals: 3, "
                  "quantity_decimals: 0") == Keys{"instruments[1].multiplier"});
}

TEST_CASE("a capped contract says what it pays at most") {
    const auto capped = load("", "kind: capped, margin: {payoff_cap: 1}").instruments[1];
    CHECK(capped.rules.terms.payoff_cap.raw() == 100);
    CHECK(refused("", "kind: capped") == Keys{"instruments[1].margin.payoff_cap"});
    CHECK(refused("", "margin: {payoff_cap: 1}") == Keys{"instruments[1].margin.payoff_cap"});
}

TEST_CASE("a rule that needs a price is refused on an asset at par") {
    for (const char* rule :
         {"slow_price: true", "redemption: true", "depeg: {threshold: 0.99, factor: 1}",
          "confidence_charge: 1", "concentration: {deposits_from: 1}"}) {
        const std::string text = "assets:\n  - {name: USD, " + std::string(rule) +
                                 "}\ninstruments:\n  - {name: X, kind: spot, quote: USD, "
                                 "price_max: 10}\n";
        INFO(text);
        const config::Loaded loaded = config::load_text(text, "par.yaml");
        REQUIRE(loaded.problems.size() == 1);
        CHECK(loaded.problems[0].message.find("at par") != std::string::npos);
    }
}

TEST_CASE("what contradicts or has no effect is refused") {
    CHECK(refused("haircut: 5%, haircut_tiers: [{rate: 5%}]", "") == Keys{"assets[1].haircut"});
    CHECK(refused("depeg: {threshold: 1}", "") == Keys{"assets[1].depeg"});
    CHECK(refused("", "margin: {gains: {weight: 50%}}") ==
          Keys{"instruments[1].margin.gains.weight"});
    CHECK(refused("", "margin: {gains: {cap: 5}}") == Keys{"instruments[1].margin.gains.cap"});
    CHECK(refused("", "margin: {slow_price: true}") == Keys{"instruments[1].margin.slow_price"});
    CHECK(refused("",
                  "slow_price: {growth_per_second: 1%, slot_growth: 1%}, margin: {slow_price: "
                  "true, price: entry}") == Keys{"instruments[1].margin.slow_price"});
    CHECK(refused("",
                  "margin: {risk_factors: {long: 1%}, risk_model: {lognormal: "
                  "{horizon_years: 1, volatility: 1}}}") ==
          Keys{"instruments[1].margin.risk_factors"});
    CHECK(refused("", "margin: {size_slope: {fraction: 1}}") ==
          Keys{"instruments[1].margin.size_slope"});
    CHECK(refused("", "tiers: [{initial_rate: 0, maintenance_rate: 0}]").front() ==
          "instruments[1].tiers[0].initial_rate");
    CHECK(refused("", "kind: spot, margin: {minimum: 1}, tiers: []") ==
          Keys{"instruments[1].margin"});
    CHECK(refused("", "margin: {size_premium: {factr: 1}}") ==
          Keys{"instruments[1].margin.size_premium.factr"});
    CHECK(refused("", "", "ladder: {close_out_buffer: 1%}") == Keys{"ladder.close_out_buffer"});
}

TEST_CASE("rungs are measured at margin levels of their own, each reached before the next") {
    const core::Ladder ladder =
        load("", "",
             "ladder:\n  warning: {multiplier: 1.1, hysteresis: 0, of: initial}\n"
             "  margin_call: {multiplier: 1, hysteresis: 0, of: initial}\n"
             "  liquidation: {multiplier: 1, hysteresis: 0}\n"
             "  liquidation_target: 1\n  target_of: close_out\n  close_out_buffer: 2%\n")
            .ladder;
    CHECK(ladder.margin_call.of == MarginLevel::initial);
    CHECK(ladder.liquidation.of == MarginLevel::maintenance);
    CHECK(ladder.target_of == MarginLevel::close_out);
    CHECK(ladder.close_out_buffer.raw() == 2 * kPercent);
    CHECK(refused("", "", "ladder: {liquidation: {multiplier: 1, of: initial}}").front() ==
          "ladder.margin_call.of");
    CHECK(refused("", "",
                  "ladder: {margin_call: {multiplier: 0.9, of: initial}, warning: {multiplier: "
                  "1.1, of: initial}}") == Keys{"ladder.margin_call.multiplier"});
}

TEST_CASE("each rule out of range is named, and the end of its range is not") {
    const auto asset = [](const std::string& rule) { return refused(rule, ""); };
    const auto margin = [](const std::string& rule) {
        return refused("", "margin: {" + rule + "}");
    };
    const auto in = [](const std::string& key) { return Keys{"assets[1]." + key}; };
    const auto of = [](const std::string& key) { return Keys{"instruments[1].margin." + key}; };
    CHECK(asset("size_discount: {factor: 21}") == in("size_discount.factor"));
    CHECK(asset("size_discount: {factor: 20, base: 2}").empty());
    CHECK(asset("size_premium: {factor: 1, base: 1.1}") == in("size_premium.base"));
    CHECK(asset("amount_discount: {slope: 1, upper: 5%}") == in("amount_discount.scale"));
    CHECK(asset("amount_discount: {scale: 1, slope: 1, lower: 6%, upper: 5%}") ==
          in("amount_discount.lower"));
    CHECK(asset("concentration: {borrows_from: -1}") == in("concentration.borrows_from"));
    CHECK(asset("depeg: {threshold: 1, factor: 11}") == in("depeg.factor"));
    CHECK(asset("confidence_charge: 11") == in("confidence_charge"));
    CHECK(asset("order_charge: 11") == in("order_charge"));
    CHECK(asset("borrow_tiers: [{rate: 201%}]") == in("borrow_tiers[0].rate"));
    CHECK(asset("borrow_tiers: [{rate: 200%}]").empty());
    CHECK(asset("haircut_tiers: [{value_up_to: 0, rate: 1%}, {rate: 2%}]") ==
          in("haircut_tiers[0].value_up_to"));
    CHECK(asset("liquidation: {close_factor: 0}") == in("liquidation.close_factor"));
    CHECK(asset("liquidation: {bonus: 101%}") == in("liquidation.bonus"));

    CHECK(margin("risk_factors: {long: 11}") == of("risk_factors.long"));
    CHECK(margin("risk_factors: {short: {initial: 1%, maintenance: 2%}}") ==
          of("risk_factors.short"));
    CHECK(margin("slippage: {linear: -1%}") == of("slippage.linear"));
    CHECK(margin("slippage: {linear: 1000, quadratic: 1000}").empty());
    CHECK(margin("slippage: {linear: 1001}") == of("slippage.linear"));
    CHECK(margin("slippage: {quadratic: 1001}") == of("slippage.quadratic"));
    CHECK(margin("size_slope: {fraction: 1, scale: 1, share: 101%}") == of("size_slope.share"));
    CHECK(margin("size_premium: {factor: 21}") == of("size_premium.factor"));
    CHECK(margin("reduced_rate: 11%").size() == 1);
    CHECK(margin("reduced_rate: {initial: 10%, maintenance: 5%}").empty());
    CHECK(margin("open_interest_scaling: {lower_cap: 2, upper_cap: 1}") ==
          of("open_interest_scaling.upper_cap"));
    CHECK(margin("minimum: 1000001") == of("minimum"));
    CHECK(margin("charge_per_unit: 1000000").empty());  // what a unit is worth at price_max
    CHECK(margin("charge_per_unit: 1000000.01") == of("charge_per_unit"));
    CHECK(margin("rounding: {requirement: -1}") == of("rounding.requirement"));
    CHECK(margin("gains: {counted: apart, weight: 101%}") == of("gains.weight"));
    CHECK(margin("gains: {counted: apart, weight: {initial: 100%, maintenance: 90%}}") ==
          of("gains.weight"));
    CHECK(margin("confidence_charge: 11") == of("confidence_charge"));
    CHECK(margin("risk_model: {lognormal: {risk_aversion: 1, horizon_years: 1, volatility: 1}}") ==
          of("risk_model.lognormal.risk_aversion"));
    CHECK(refused("", "slow_price: {slot_growth: 1%, growth_per_second: 1%, slot: 0s}") ==
          Keys{"instruments[1].slow_price.slot"});
    CHECK(refused("", "insurance_fee: 51%") == Keys{"instruments[1].insurance_fee"});
    CHECK(refused("", "liquidation_limits: {min_notional: 5}") ==
          Keys{"instruments[1].liquidation_limits"});
    CHECK(refused("", "tiers: [{initial_rate: 10%, maintenance_rate: 5%, close_out_rate: 11%}]") ==
          Keys{"instruments[1].tiers[0].close_out_rate"});
}

TEST_CASE("a keeper's reward is the venue's, and off without its section") {
    CHECK_FALSE(load("", "").keeper_reward.has_value());
    const auto risk = load("", "margin: {flag_reward: 2%}",
                           "keeper_reward: {flag_cost: 1, liquidate_cost: 2, reward_min: 3, "
                           "profit_share: 40%, collateral_share: 50%, reward_max: 600}\n");
    REQUIRE(risk.keeper_reward.has_value());
    const core::KeeperRule<core::Ledger>& rule = *risk.keeper_reward;
    CHECK(rule.flag_cost.raw() == 1 * core::kScale);
    CHECK(rule.liquidate_cost.raw() == 2 * core::kScale);
    CHECK(rule.reward.least.raw() == 3 * core::kScale);
    CHECK(rule.reward.profit_share.raw() == 40 * kPercent);
    CHECK(rule.reward.collateral_share == Rate::from_raw(50 * kPercent));
    CHECK(rule.reward.most == core::Money::from_raw(600 * core::kScale));
    CHECK(risk.instruments[1].rules.terms.flag_reward.raw() == 2 * kPercent);
    CHECK_FALSE(risk.instruments[1].rules.plain);
    const auto bare = load("", "", "keeper_reward: {flag_cost: 1}\n");
    CHECK_FALSE(bare.keeper_reward->reward.collateral_share.has_value());
    CHECK_FALSE(bare.keeper_reward->reward.most.has_value());
}

TEST_CASE("a keeper's reward has bounds, and its share of a notional needs it") {
    CHECK(refused("", "margin: {flag_reward: 2%}") == Keys{"instruments[1].margin.flag_reward"});
    CHECK(refused("", "margin: {flag_reward: 101%}", "keeper_reward: {reward_max: 1}\n") ==
          Keys{"instruments[1].margin.flag_reward"});
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{{"flag_cost", "-1"},
                                                          {"liquidate_cost", "1000001"},
                                                          {"reward_min", "-1"},
                                                          {"reward_max", "1000001"},
                                                          {"profit_share", "11"},
                                                          {"collateral_share", "1001"},
                                                          {"reward", "1"}}) {
        INFO(key);
        CHECK(refused("", "", "keeper_reward: {" + key + ": " + value + "}\n") ==
              Keys{"keeper_reward." + key});
    }
}

TEST_CASE("a fillable price is for linear contracts") {
    const auto rule = [](const std::string& keys) {
        return load("", "fillable_price: {" + keys + "}").instruments[1].fillable_price;
    };
    CHECK(rule("spread_to_maintenance: 10%").spread_to_maintenance.raw() == 10 * kPercent);
    CHECK(rule("spread_to_maintenance: 10%").bankruptcy_adjustment == core::kRateOne);
    CHECK(
        rule("spread_to_maintenance: 10%, bankruptcy_adjustment: 2").bankruptcy_adjustment.raw() ==
        200 * kPercent);
    CHECK(load("", "").instruments[1].fillable_price.spread_to_maintenance.raw() == 0);
    CHECK(refused("", "fillable_price: {bankruptcy_adjustment: 10001}") ==
          Keys{"instruments[1].fillable_price.bankruptcy_adjustment"});
    CHECK(refused("", "fillable_price: {spread_to_maintenance: 1001%}") ==
          Keys{"instruments[1].fillable_price.spread_to_maintenance"});
    CHECK(refused("",
                  "kind: inverse_perpetual, settle: BTC, fillable_price: {spread_to_maintenance: "
                  "10%}") == Keys{"instruments[1].fillable_price"});
}

TEST_CASE("a liquidation fee is a rate, or grows with the time") {
    const auto flat = load("", "liquidation_fee: 2%").instruments[1];
    CHECK(flat.liquidation_fee.raw() == 2 * kPercent);
    CHECK(flat.fee_growth.increase_per_second.raw() == 0);
    const auto growing = load("",
                              "liquidation_fee: {base: 1%, max: 3%, grace: 10m, "
                              "increase_per_second: 0.01%}")
                             .instruments[1];
    CHECK(growing.liquidation_fee.raw() == 1 * kPercent);
    CHECK(growing.fee_growth.max.raw() == 3 * kPercent);
    CHECK(growing.fee_growth.grace == core::Duration::from_seconds(600));
    CHECK(growing.fee_growth.increase_per_second.raw() == kPercent / 100);
    const auto wrong = [](const std::string& keys) {
        return refused("", "liquidation_fee: {" + keys + "}");
    };
    CHECK(wrong("base: 1%, max: 0.5%, increase_per_second: 1%") ==
          Keys{"instruments[1].liquidation_fee.max"});
    CHECK(wrong("base: 1%, max: 51%, increase_per_second: 1%") ==
          Keys{"instruments[1].liquidation_fee.max"});
    CHECK(wrong("base: 1%, max: 2%, increase_per_second: 101%") ==
          Keys{"instruments[1].liquidation_fee.increase_per_second"});
    CHECK(wrong("base: 1%, max: 2%, increase_per_second: 1%, grace: 31d") ==
          Keys{"instruments[1].liquidation_fee.grace"});
    CHECK(wrong("base: 1%, max: 2%") == Keys{"instruments[1].liquidation_fee.increase_per_second"});
}

TEST_CASE("a liquidation ramp is the venue's") {
    CHECK_FALSE(load("", "").liquidation_ramp.has_value());
    const auto ramp =
        load("", "", "liquidation_ramp: {initial_share: 10%, duration: 1m, at_once_below: 50}\n")
            .liquidation_ramp;
    REQUIRE(ramp.has_value());
    CHECK(ramp->initial_share.raw() == 10 * kPercent);
    CHECK(ramp->duration == 60'000'000'000);
    CHECK(ramp->at_once_below.raw() == 50 * core::kScale);
    CHECK(
        load("", "", "liquidation_ramp: {duration: 1m}\n").liquidation_ramp->at_once_below.raw() ==
        0);
    const auto wrong = [](const std::string& keys) {
        return refused("", "", "liquidation_ramp: {" + keys + "}\n");
    };
    CHECK(wrong("initial_share: 10%") == Keys{"liquidation_ramp.duration"});
    CHECK(wrong("duration: 0s") == Keys{"liquidation_ramp.duration"});
    CHECK(wrong("duration: 1m, initial_share: 101%") == Keys{"liquidation_ramp.initial_share"});
    CHECK(wrong("duration: 1m, at_once_below: -1") == Keys{"liquidation_ramp.at_once_below"});
}

TEST_CASE("an insurance share and a market's capacity arrive, within their bounds") {
    CHECK(load("", "insurance_share: 95%").instruments[1].insurance_share.raw() == 95 * kPercent);
    CHECK(refused("", "insurance_share: 101%") == Keys{"instruments[1].insurance_share"});
    const auto capacity = [](const std::string& keys) {
        return load("", "liquidation_limits: {capacity: {" + keys + "}}")
            .instruments[1]
            .liquidation_capacity;
    };
    const auto full =
        capacity("maker_fee: 0.7%, taker_fee: 0.3%, skew_scale: 1000, multiplier: 2, window: 10s");
    CHECK(core::capacity_per_window(full).raw() == 200 * 10'000);  // four decimals
    CHECK(core::capacity_per_window(capacity("taker_fee: 1%, skew_scale: 10")).raw() == 30'000);
    CHECK(load("", "").instruments[1].liquidation_capacity.skew_scale.raw() == 0);
    const auto wrong = [](const std::string& keys) {
        return refused("", "liquidation_limits: {capacity: {" + keys + "}}");
    };
    CHECK(wrong("taker_fee: 1%") == Keys{});  // without a skew scale: off
    CHECK(wrong("skew_scale: 10") == Keys{"instruments[1].liquidation_limits.capacity"});
    CHECK(wrong("taker_fee: 101%, skew_scale: 10") ==
          Keys{"instruments[1].liquidation_limits.capacity.taker_fee"});
    CHECK(wrong("taker_fee: 1%, skew_scale: 10, multiplier: 11") ==
          Keys{"instruments[1].liquidation_limits.capacity.multiplier"});
    CHECK(wrong("taker_fee: 1%, skew_scale: 10, window: 0s") ==
          Keys{"instruments[1].liquidation_limits.capacity.window"});
}
