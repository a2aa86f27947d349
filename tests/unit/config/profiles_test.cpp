// Every profile loads, and its rules, with the market of a case of tests/data/reference put into
// them, give that case's figures through the engine.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "tests/support/decimals.hpp"
#include "tests/venues/production.hpp"

using namespace margind;

namespace {

constexpr const char* kFolder = MARGIND_SOURCE_DIR "/config/profiles";

using Number = test::Decimals<test::Extended>;
using Amount = core::MoneyOf<test::Extended>;
using Figures = core::LevelFiguresOf<test::Extended>;

Amount money(const char* text) {
    return Number::money(text);
}

std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    INFO(path);
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// One account of a profile, in decimals.
class World {
  public:
    explicit World(const char* profile) : venue_(profile) {}

    // What the case adds, by the name that it gets.
    std::string market(const std::string& rules) {
        return venue_.add_instrument({.rules = rules, .finest_prices = true});
    }
    std::string asset(const std::string& rules, const char* price) {
        return venue_.add_asset(rules, Number::unit_price(price));
    }
    World& price(const std::string& instrument, const char* value) {
        venue_.price(instrument, Number::price(value));
        return *this;
    }
    World& balance(const std::string& asset, const char* amount) {
        venue_.balance(asset, money(amount));
        return *this;
    }
    World& position(const std::string& instrument, const char* size, const char* entry) {
        venue_.position(instrument, Number::quantity(size), Number::price(entry));
        return *this;
    }
    World& accrued(const std::string& instrument, const char* amount) {
        venue_.accrued(instrument, money(amount));
        return *this;
    }
    World& order(const std::string& instrument, const char* size, const char* price) {
        venue_.order(instrument, Number::quantity(size), Number::price(price));
        return *this;
    }
    World& statistic(core::Statistic statistic, const std::string& of, const char* amount) {
        venue_.statistic(statistic, of, money(amount));
        return *this;
    }

    Figures initial() { return venue_.at(core::MarginLevel::initial); }
    Figures maintenance() { return venue_.at(core::MarginLevel::maintenance); }
    Amount health(core::MarginLevel level) { return venue_.health(level); }
    core::MarginState state() { return venue_.state(); }
    test::VenueAccount& venue() { return venue_; }
    // For an account that has been in liquidation for so long.
    core::LiquidationPlan plan(std::int64_t seconds = 0) {
        const core::RiskParameters& parameters = venue_.engine().parameters();
        return core::plan_liquidation(venue_.view(), venue_.market(), parameters,
                                      core::Duration::from_seconds(seconds));
    }

  private:
    test::VenueAccount venue_;
};

}  // namespace

TEST_CASE("every profile loads without a problem and says where it is from") {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() != ".yaml") continue;
        const config::Loaded loaded = config::load(entry.path());
        for (const auto& problem : loaded.problems) FAIL_CHECK(to_string(problem));
        names.insert(entry.path().stem().string());
        INFO(entry.path());
        CHECK(read(entry.path()).find("# Source: ") != std::string::npos);
        CHECK(loaded.settings.feeds.empty());
    }
    CHECK(names == std::set<std::string>{"aave-v3", "binance-pm", "compound-v3", "derive",
                                         "drift-v2", "dydx-v4", "hyperliquid", "mango-v4",
                                         "synthetix-v3", "vega"});
}

TEST_CASE("profile dydx-v4: account risk: two positions") {
    World world("dydx-v4");
    const std::string rules = "tiers: [{initial_rate: 10%}], margin: {maintenance_fraction: 50%}";
    const std::string first = world.market(rules);
    const std::string second = world.market(rules);
    world.price(first, "100").price(second, "200");
    // 100 and -25 millionths of a unit; what was paid for them is part of the quote balance: 110
    // quanta + 100 * 100 - 25 * 200 at the entry prices.
    world.position(first, "0.0001", "100").position(second, "-0.000025", "200");
    world.balance("USDC", "0.00511");
    CHECK(world.initial().equity == money("0.00511"));
    CHECK(world.initial().margin == money("0.0015"));
    CHECK(world.maintenance().margin == money("0.00075"));
}

TEST_CASE("profile dydx-v4: multiple perpetuals with margin requirements and updates") {
    World world("dydx-v4");
    const std::string btc =
        world.market("tiers: [{initial_rate: 50%}], margin: {maintenance_fraction: 80%}");
    const std::string eth =
        world.market("tiers: [{initial_rate: 20%}], margin: {maintenance_fraction: 50%}");
    world.price(btc, "50000").price(eth, "3000");
    // Quote 1, minus 50,000 for the short, plus 2,250 for the long; entries at 1 leave the rest.
    world.balance("USDC", "0.75").position(btc, "-1", "1").position(eth, "0.75", "1");
    CHECK(world.maintenance().equity == money("-47749"));
    CHECK(world.initial().margin == money("25450"));
    CHECK(world.maintenance().margin == money("20225"));
    CHECK(world.state() == core::MarginState::bankrupt);
}

TEST_CASE("profile dydx-v4: open interest raises the initial rate and leaves maintenance") {
    World world("dydx-v4");
    world.price("LINK-USD", "10").balance("USDC", "10000").position("LINK-USD", "100", "10");
    CHECK(world.initial().margin == money("100"));
    world.statistic(core::Statistic::open_interest, "LINK-USD", "35000000");
    CHECK(world.initial().margin == money("550"));  // half way between the caps: 55 %
    CHECK(world.maintenance().margin == money("50"));
}

TEST_CASE("profile drift-v2: account_usdc_not_1_perp_1, account_usdc_above_1_borrow_1") {
    World world("drift-v2");
    const std::string perp = world.market("tiers: [{initial_rate: 10%, maintenance_rate: 5%}]");
    world.price("USDC-USD", "1.01").price(perp, "100");
    world.balance("USDC", "10").position(perp, "1", "100");
    CHECK(world.initial().equity == money("10.1"));
    CHECK(world.initial().margin == money("10.1"));
    world.position(perp, "0", "100").balance("USDC", "-1");
    CHECK(world.initial().equity == money("0"));
    CHECK(world.initial().margin == money("1.01"));
}

TEST_CASE("profile drift-v2: liq_fee_after_10, liq_fee_after_10000, liq_share_small_shortage") {
    World world("drift-v2");
    const std::string p = world.market(
        "liquidation_fee: {base: 2%, max: 5%, grace: 10m, increase_per_second: 0.00025%}, tiers: "
        "[{initial_rate: 10%, maintenance_rate: 5%}]");
    const auto limit = [&](std::int64_t seconds) {
        return world.venue().widened(p, world.plan(seconds).steps[0].limit_price);
    };
    world.price("USDC-USD", "1").price(p, "100");
    // Short of maintenance and 2 % of 1,000 by 22: all at once. The insurance fund could have 95 %
    // of 7 % - 2 % - 2.2 %, more than its 1.5 %.
    world.balance("USDC", "48").position(p, "10", "100");
    REQUIRE(world.state() == core::MarginState::liquidation);
    CHECK(world.plan().complete);
    CHECK(limit(4) == Number::price("96.5"));      // 10 slots: 2 %
    CHECK(limit(4'000) == Number::price("95.5"));  // 10,000 slots: 3 %
    world.balance("USDC", "28");                   // nothing of 7 % - 3 % - 4.2 % is left
    CHECK(limit(4'000) == Number::price("97"));
}

TEST_CASE("profile drift-v2: a tenth of a large shortage at once, all of it after a minute") {
    World world("drift-v2");
    const std::string p = world.market("tiers: [{initial_rate: 10%, maintenance_rate: 5%}]");
    world.price("USDC-USD", "1").price(p, "100");
    world.balance("USDC", "4800").position(p, "1000", "100");
    REQUIRE(world.state() == core::MarginState::liquidation);
    const auto closed = [&](std::int64_t seconds) {
        return world.plan(seconds).steps[0].quantity.raw();
    };
    CHECK_FALSE(world.plan(0).complete);
    CHECK_FALSE(world.plan(30).complete);
    CHECK(closed(30) > 5 * closed(0));
    CHECK(world.plan(60).complete);
    CHECK(closed(60) > 9 * closed(0));
}

TEST_CASE("profile drift-v2: account_trigger_order_perp: an order costs a cent") {
    World world("drift-v2");
    const std::string perp = world.market("tiers: [{initial_rate: 10%, maintenance_rate: 5%}]");
    world.price("USDC-USD", "1").price(perp, "100").balance("USDC", "100");
    world.order(perp, "1", "90");
    // The case's trigger order has no size; this one's worst fill needs a tenth of 100 more.
    CHECK(world.initial().margin == money("10.01"));
}

TEST_CASE("profile mango-v4: health1_04, health1_05 and the kinds of health") {
    World world("mango-v4");
    const std::string token = world.asset(
        "haircut: {initial: 20%, maintenance: 10%, close_out: 20%}, liability_weight: {initial: "
        "1.2, maintenance: 1.1, close_out: 1.2}",
        "1");
    const std::string perp = world.market(
        "settle: " + token +
        ", margin: {risk_factors: {long: {initial: 20%, maintenance: 10%, close_out: 20%}, short: "
        "{initial: 20%, maintenance: 10%, close_out: 20%}}, gains: {weight: {initial: 95%, "
        "maintenance: 98%, close_out: 95%}}}");
    world.price(perp, "5");
    // 10 lots of 10 at 5, quote 100: bought for -100 in all.
    world.position(perp, "100", "5").accrued(perp, "600");
    CHECK(world.health(core::MarginLevel::initial) == money("380"));
    // 30 lots, quote -100
    world.position(perp, "300", "5").accrued(perp, "1400");
    CHECK(world.health(core::MarginLevel::initial) == money("836"));
}

TEST_CASE("profile vega: 0019-MCAL-032#001 and 0019-MCAL-208#001") {
    World world("vega");
    const std::string first = world.market(
        "margin: {risk_factors: {long: 10%, short: 10%}, slippage: {linear: 25%}, rounding: "
        "{requirement: 1}}");
    const std::string second = world.market(
        "margin: {risk_factors: {long: 80%, short: 100%}, slippage: {linear: 25%}, rounding: "
        "{requirement: 1}}");
    world.price(first, "15900").price(second, "15800");
    world.balance("USDT", "6000").position(first, "-1", "15900");
    CHECK(world.maintenance().margin == money("5565"));
    // search 6121, initial 6678: between them the collateral was searched and is enough again.
    CHECK(world.state() == core::MarginState::margin_call);
    world.position(first, "0", "1").position(second, "3", "15800");
    CHECK(world.maintenance().margin == money("49770"));
}

TEST_CASE("profile vega: parties-margin-with-0-pos-cleared-on-cancel#001, log-normal factors") {
    World world("vega");
    const std::string market = world.market(
        "margin: {slippage: {linear: 25%}, rounding: {requirement: 1}, risk_model: {lognormal: "
        "{risk_aversion: 0.001, horizon_years: 0.01, drift: 0, volatility: 1.2}}}");
    world.price(market, "100").balance("USDT", "100000").order(market, "-100", "120");
    CHECK(world.maintenance().margin == money("4879"));
    world.order(market, "-300", "120");
    CHECK(world.maintenance().margin == money("19515"));
}

TEST_CASE("profile synthetix-v3: margins_two, collateral_value, collateral_with_position") {
    World world("synthetix-v3");
    world.price("BTC-USD", "30000").price("ETH-USD", "2000");
    world.price("BTC-PERP", "30000").price("ETH-PERP", "2000");
    // The fills: index (1 + size / 2 / skew scale), 29,700 and 2,020.
    world.balance("sUSD", "100000");
    world.position("BTC-PERP", "-2", "29700").position("ETH-PERP", "20", "2020");
    CHECK(world.maintenance().equity == money("99000"));
    // The cases' 6,500 and 4,000, each with a keeper's reward of 5 % of 100,000.
    CHECK(world.initial().margin == money("11500"));
    CHECK(world.maintenance().margin == money("9000"));
    CHECK(world.health(core::MarginLevel::initial) == money("87500"));  // withdrawable
    world.position("BTC-PERP", "0", "1").position("ETH-PERP", "0", "1").balance("sUSD", "0");
    world.balance("BTC", "8").balance("ETH", "700");
    CHECK(world.maintenance().equity == money("1588800"));
    CHECK(world.maintenance().margin == money("0"));  // no position, no reward
    world.position("ETH-PERP", "50", "2050");
    CHECK(world.health(core::MarginLevel::initial) == money("1569800"));
}

TEST_CASE("profile synthetix-v3: five_open, five_moved, five_zero_margin are liquidatable or not") {
    World world("synthetix-v3");
    const auto market = [&](const std::string& scale, bool small) {
        return world.market(
            "margin: {size_slope: {fraction: " + std::string(small ? "1.5" : "2") +
            ", scale: " + scale + "}}, tiers: [{initial_rate: " +
            (small ? "3.5%, maintenance_rate: 1.75%}]" : "1%, maintenance_rate: 0.5%}]"));
    };
    const std::string b = market("100", false);
    const std::string e = market("1000", false);
    const std::string l = market("100000", false);
    const std::string a = market("100000", true);
    const std::string o = market("100000", true);
    const auto prices = [&](const char* of_b, const char* of_e, const char* of_l, const char* of_a,
                            const char* of_o) {
        world.price(b, of_b).price(e, of_e).price(l, of_l).price(a, of_a).price(o, of_o);
    };
    prices("30000", "2000", "5", "2", "2");
    // The fills: index (1 + size / 2 / skew scale).
    world.balance("sUSD", "20000").position(b, "-1", "29850").position(e, "20", "2020");
    world.position(l, "2000", "5.05").position(a, "5000", "2.05").position(o, "5000", "2.05");
    CHECK(world.maintenance().equity == money("18850"));
    CHECK(world.state() == core::MarginState::healthy);
    prices("28000", "1900", "4.6", "1.9", "1.8");
    CHECK(world.maintenance().equity == money("16550"));
    CHECK(world.state() < core::MarginState::liquidation);
    // Maintenance is 2,617.5; 5 % of 93,700 comes on top, and not a cent less is enough.
    CHECK(world.maintenance().margin == money("7302.5"));
    world.balance("sUSD", "10752.5");
    CHECK(world.state() == core::MarginState::margin_call);
    world.balance("sUSD", "10752.49999999");
    CHECK(world.state() == core::MarginState::liquidation);
    world.balance("sUSD", "20000");
    prices("31000", "1775", "3", "1", "1.13");
    CHECK(world.maintenance().equity == money("0"));
    CHECK(world.state() == core::MarginState::bankrupt);  // liquidatable, with nothing left
}

TEST_CASE("profile synthetix-v3: window_full: no step is larger than the market's capacity") {
    World world("synthetix-v3");
    const std::string x = world.market(
        "liquidation_limits: {capacity: {skew_scale: 1000}}, margin: {size_slope: {scale: 1000}}");
    world.price(x, "1").balance("sUSD", "10").position(x, "150", "1");
    REQUIRE(world.state() == core::MarginState::liquidation);
    REQUIRE(world.plan().size == 1);
    CHECK(world.venue().widened(x, world.plan().steps[0].quantity) == Number::quantity("100"));
    CHECK_FALSE(world.plan().complete);
}

TEST_CASE("profile aave-v3: aave_health_factor_docs and aave_account_data") {
    World world("aave-v3");
    const std::string stable =
        world.asset("haircut: {initial: 25%, maintenance: 20%}, debt: requirement", "1");
    const std::string wrapped = world.asset(
        "haircut: {initial: 17.5%, maintenance: 14%}, debt: requirement, amount_max: 1000",
        "27000");
    world.price("USDC-USD", "1");
    world.balance(stable, "10000").balance("USDC", "-6000");
    CHECK(world.maintenance().equity == money("8000"));  // 8000 / 6000 = 1.333
    CHECK(world.maintenance().margin == money("6000"));
    CHECK(world.state() == core::MarginState::healthy);
    world.balance(stable, "0").balance(wrapped, "0.4").balance("USDC", "-2000");
    CHECK(world.maintenance().equity == money("9288"));  // 10800 at 86 %
    CHECK(world.initial().equity == money("8910"));      // at 82.5 %
    CHECK(world.initial().margin == money("2000"));
}

TEST_CASE("profile compound-v3: comet_liq_covered, comet_liq_price_halved, comet_borrow_boundary") {
    const auto account = [](World& world, const char* price) {
        const std::string whole = world.asset("", price);
        const std::string part = world.asset("haircut: {initial: 80%, maintenance: 0}", price);
        return std::pair(whole, part);
    };
    World covered("compound-v3");
    covered.balance("USDC", "-100000").balance(account(covered, "1").first, "100000");
    CHECK(covered.state() != core::MarginState::liquidation);
    CHECK(covered.health(core::MarginLevel::maintenance) == money("0"));
    World halved("compound-v3");
    halved.balance("USDC", "-100000").balance(account(halved, "0.5").first, "100000");
    CHECK(halved.state() == core::MarginState::liquidation);
    World boundary("compound-v3");
    boundary.balance("USDC", "-1").balance(account(boundary, "1").second, "5");
    CHECK(boundary.health(core::MarginLevel::initial) == money("0"));  // may just borrow
    World below("compound-v3");
    below.balance("USDC", "-1").balance(account(below, "0.5").second, "5");
    CHECK(below.health(core::MarginLevel::initial) == money("-0.5"));
}

TEST_CASE("profile hyperliquid: hyperliquid_17_btc_long_5x, liquidated at its price") {
    // Published when the largest leverage was 50.
    World world("hyperliquid");
    const std::string btc = world.market("tiers: [{initial_rate: 2%, maintenance_rate: 1%}]");
    world.price(btc, "66930").balance("USDC", "20.043862").position(btc, "0.0015", "66930");
    CHECK(world.initial().margin == money("2.0079"));
    world.price(btc, "54108.6");  // the case: 54108.51
    CHECK(world.state() == core::MarginState::margin_call);
    world.price(btc, "54108.4");
    CHECK(world.state() == core::MarginState::liquidation);
}

TEST_CASE("profile hyperliquid: a large position is closed a fifth at a time") {
    World world("hyperliquid");
    const std::string btc = world.market("tiers: [{initial_rate: 2%, maintenance_rate: 1%}]");
    world.price(btc, "50000").balance("USDC", "100").position(btc, "100", "50000");
    const core::LiquidationPlan plan = world.venue().plan();
    REQUIRE(plan.size == 1);
    CHECK(world.venue().widened(btc, plan.steps[0].quantity) == Number::quantity("20"));
    CHECK_FALSE(plan.complete);
    world.position(btc, "1.5", "50000");  // 75,000: below 100,000 all of it may go
    CHECK(world.venue().plan().complete);
}

TEST_CASE("profile binance-pm: tiers_btc, tier_lookup_btc_6e+08, binance_isolated_btc") {
    World world("binance-pm");
    world.price("BTCUSDT", "60000").price("USDT-USD", "1").balance("USDT", "1000000000");
    world.position("BTCUSDT", "10000", "60000");
    // 600 million: at half, less 199,703,800.
    CHECK(world.maintenance().margin == money("100296200"));
    world.position("BTCUSDT", "109.488", "32481.98").balance("USDT", "1535443.01");
    world.price("BTCUSDT", "18778.73");
    // The case's price is where margin is covered to the cent; this account is liquidated at 1.05.
    const Amount left = world.health(core::MarginLevel::maintenance);
    CHECK(core::magnitude(left) < money("0.7"));
    CHECK(world.state() == core::MarginState::liquidation);
}

TEST_CASE("profile binance-pm: inverse contracts are settled in the coin") {
    World world("binance-pm");
    world.price("BTCUSD_PERP", "50000").price("BTC-USD", "50000").balance("BTC", "1");
    world.position("BTCUSD_PERP", "100", "50000");
    // 100 contracts of 100 dollars: 0.2 BTC, at 0.4 %.
    CHECK(world.maintenance().equity == money("47500"));
    CHECK(world.maintenance().margin == money("40"));
    world.price("BTCUSD_PERP", "40000");
    CHECK(world.maintenance().equity == money("45125"));  // 10,000 / 50,000 - 10,000 / 40,000
}

TEST_CASE("profile derive: test_long_ATM_perp, test_long_ITM_perp, test_short_OTM_perp") {
    World world("derive");
    world.price("ETH-PERP", "2001").balance("USDC", "0");
    const auto health = [&](const char* size, const char* entry) {
        world.position("ETH-PERP", size, entry);
        return std::pair(world.health(core::MarginLevel::initial),
                         world.health(core::MarginLevel::maintenance));
    };
    // The venue cuts them toward zero: -134 and -104, 470 and 500, -631 and -601.
    CHECK(health("1", "2005") == std::pair(money("-134.065"), money("-104.05")));
    CHECK(health("1", "1400") == std::pair(money("470.935"), money("500.95")));
    CHECK(health("-1", "1500") == std::pair(money("-631.065"), money("-601.05")));
}
