// Every profile loads, and its rules, with the market of a case of tests/data/reference put into
// them, give that case's figures through the engine.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "config/settings.hpp"
#include "feeds/decimal.hpp"
#include "feeds/normalise.hpp"
#include "tests/support/book.hpp"

using namespace margind;

namespace {

constexpr const char* kFolder = MARGIND_SOURCE_DIR "/config/profiles";

std::int64_t scaled(const std::string& text, int decimals) {
    feeds::Decimal decimal;
    std::int64_t raw = 0;
    INFO(text);
    REQUIRE(feeds::parse_decimal(text, decimal));
    REQUIRE(feeds::scale_exactly(decimal, decimals, raw) == feeds::NormaliseError::none);
    return raw;
}

core::Money money(const std::string& text) {
    return core::Money::from_raw(scaled(text, core::kScaleDecimals));
}

std::string read(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    INFO(path);
    REQUIRE(stream);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

// A profile with a case's own assets and instruments listed first, each instrument with one source.
core::RiskParameters profile(const std::string& name, const std::string& assets,
                             const std::string& instruments) {
    std::string text = read(std::string(kFolder) + "/" + name + ".yaml");
    const auto put_first = [&](const std::string& list, const std::string& items) {
        const std::size_t at = text.find("\n" + list + ":\n");
        REQUIRE(at != std::string::npos);
        text.insert(at + list.size() + 3, items);
    };
    put_first("assets", assets);
    put_first("instruments", instruments);
    const config::Loaded loaded = config::load_text(text, name);
    for (const auto& problem : loaded.problems) FAIL_CHECK(to_string(problem));
    REQUIRE(loaded.problems.empty());
    core::RiskParameters risk = loaded.settings.risk;
    risk.max_accounts = 4;
    risk.feeds = {"given"};
    for (std::uint32_t i = 0; i < risk.instruments.size(); ++i) {
        test::add_source(risk, i, risk.instruments[i].quote);
    }
    return risk;
}

// One account of a profile, in the profile's own names and in decimals.
class World {
  public:
    explicit World(core::RiskParameters risk) : risk_(risk), driver_(std::move(risk)) {}

    World& price(const std::string& instrument, const std::string& value) {
        const std::uint32_t i = instrument_of(instrument);
        const auto raw = scaled(value, risk_.instruments[i].price_decimals);
        REQUIRE(driver_.set_price(i, core::Price::from_raw(raw)) == core::Refusal::none);
        return *this;
    }
    World& balance(const std::string& asset, const std::string& amount) {
        REQUIRE(driver_.set_balance(key_, asset_of(asset), money(amount)) == core::Refusal::none);
        return *this;
    }
    World& position(const std::string& instrument, const std::string& size,
                    const std::string& entry) {
        const std::uint32_t i = instrument_of(instrument);
        const core::Instrument& of = risk_.instruments[i];
        REQUIRE(driver_.set_position(key_, i,
                                     core::Quantity::from_raw(scaled(size, of.quantity_decimals)),
                                     core::Price::from_raw(scaled(entry, of.price_decimals))) ==
                core::Refusal::none);
        return *this;
    }
    World& record(core::AccountRecord kind, const std::string& instrument, std::int64_t amount,
                  const std::string& price = "0") {
        core::AccountInput input;
        input.key = key_;
        input.record = kind;
        input.id = instrument_of(instrument);
        input.amount = amount;
        input.price = scaled(price, risk_.instruments[input.id].price_decimals);
        REQUIRE(driver_.apply(core::Input::of(input)) == core::Refusal::none);
        return *this;
    }
    World& accrued(const std::string& instrument, const std::string& amount) {
        return record(core::AccountRecord::accrued, instrument, money(amount).raw());
    }
    World& order(const std::string& instrument, const std::string& size, const std::string& price) {
        const int decimals = risk_.instruments[instrument_of(instrument)].quantity_decimals;
        return record(core::AccountRecord::order, instrument, scaled(size, decimals), price);
    }
    World& statistic(core::Statistic statistic, std::uint32_t target, std::int64_t value) {
        REQUIRE(driver_.set_statistic(statistic, target, value) == core::Refusal::none);
        return *this;
    }
    std::uint32_t asset_of(const std::string& name) const {
        for (std::uint32_t i = 0; i < risk_.assets.size(); ++i) {
            if (risk_.assets[i].name == name) return i;
        }
        FAIL("no asset " + name);
        return 0;
    }
    std::uint32_t instrument_of(const std::string& name) const {
        for (std::uint32_t i = 0; i < risk_.instruments.size(); ++i) {
            if (risk_.instruments[i].name == name) return i;
        }
        FAIL("no instrument " + name);
        return 0;
    }

    core::LevelFigures at(core::MarginLevel level) const { return report().evaluation.at(level); }
    core::LevelFigures initial() const { return at(core::MarginLevel::initial); }
    core::LevelFigures maintenance() const { return at(core::MarginLevel::maintenance); }
    core::MarginState state() const { return report().state; }
    core::Money health(core::MarginLevel level) const {
        return at(level).equity - at(level).margin;
    }

  private:
    core::AccountReport report() const {
        const core::AccountReport found = driver_.engine.report(*driver_.engine.find(key_));
        REQUIRE(found.priced);
        return found;
    }

    core::RiskParameters risk_;
    test::Driver driver_;
    core::AccountKey key_ = test::key("case");
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
    const std::string market =
        ", price_decimals: 2, quantity_decimals: 6, price_max: 1000, tiers: "
        "[{initial_rate: 10%}], margin: {maintenance_fraction: 50%}}\n";
    World world(profile("dydx-v4", "", "  - {name: P1" + market + "  - {name: P2" + market));
    world.price("P1", "100").price("P2", "200");
    // 100 and -25 millionths of a unit; what was paid for them is part of the quote balance.
    world.balance("USDC", "0.00961");  // 110 quanta + 100 * 100 - 25 * 200 at the entry prices
    world.position("P1", "0.0001", "100").position("P2", "-0.000025", "200");
    world.balance("USDC", "0.00511");
    CHECK(world.initial().equity == money("0.00511"));
    CHECK(world.initial().margin == money("0.0015"));
    CHECK(world.maintenance().margin == money("0.00075"));
}

TEST_CASE("profile dydx-v4: multiple perpetuals with margin requirements and updates") {
    World world(profile("dydx-v4", "",
                        "  - {name: B, price_decimals: 5, quantity_decimals: 10, price_max: "
                        "1000000, tiers: [{initial_rate: 50%}], margin: {maintenance_fraction: "
                        "80%}}\n"
                        "  - {name: E, price_decimals: 6, quantity_decimals: 9, price_max: 50000, "
                        "tiers: [{initial_rate: 20%}], margin: {maintenance_fraction: 50%}}\n"));
    world.price("B", "50000").price("E", "3000");
    // Quote 1, minus 50,000 for the short, plus 2,250 for the long; entries at 1 leave the rest.
    world.balance("USDC", "0.75").position("B", "-1", "1").position("E", "0.75", "1");
    CHECK(world.maintenance().equity == money("-47749"));
    CHECK(world.initial().margin == money("25450"));
    CHECK(world.maintenance().margin == money("20225"));
    CHECK(world.state() == core::MarginState::bankrupt);
}

TEST_CASE("profile dydx-v4: open interest raises the initial rate and leaves maintenance") {
    World world(profile("dydx-v4", "", ""));
    world.price("LINK-USD", "10").balance("USDC", "10000").position("LINK-USD", "100", "10");
    CHECK(world.initial().margin == money("100"));
    const std::uint32_t link = world.instrument_of("LINK-USD");
    world.statistic(core::Statistic::open_interest, link, money("35000000").raw());
    CHECK(world.initial().margin == money("550"));  // half way between the caps: 55 %
    CHECK(world.maintenance().margin == money("50"));
}

TEST_CASE("profile drift-v2: account_usdc_not_1_perp_1, account_usdc_above_1_borrow_1") {
    World world(profile("drift-v2", "",
                        "  - {name: P, price_max: 1000, tiers: [{initial_rate: 10%, "
                        "maintenance_rate: 5%}]}\n"));
    world.price("USDC-USD", "1.01").price("P", "100");
    world.balance("USDC", "10").position("P", "1", "100");
    CHECK(world.initial().equity == money("10.1"));
    CHECK(world.initial().margin == money("10.1"));
    world.position("P", "0", "100").balance("USDC", "-1");
    CHECK(world.initial().equity == money("0"));
    CHECK(world.initial().margin == money("1.01"));
}

TEST_CASE("profile drift-v2: account_trigger_order_perp: an order costs a cent") {
    World world(profile("drift-v2", "",
                        "  - {name: P, price_max: 1000, tiers: [{initial_rate: 10%, "
                        "maintenance_rate: 5%}]}\n"));
    world.price("USDC-USD", "1").price("P", "100").balance("USDC", "100");
    world.order("P", "1", "90");
    // The case's trigger order has no size; this one's worst fill needs a tenth of 100 more.
    CHECK(world.initial().margin == money("10.01"));
}

TEST_CASE("profile mango-v4: health1_04, health1_05 and the kinds of health") {
    const std::string token =
        "  - {name: T1, priced_by: T1-USD, haircut: {initial: 20%, maintenance: 10%, close_out: "
        "20%}, liability_weight: {initial: 1.2, maintenance: 1.1, close_out: 1.2}, slow_price: "
        "true}\n";
    const std::string market =
        "  - {name: T1-USD, kind: spot, price_max: 10}\n"
        "  - {name: P, settle: T1, price_max: 100, margin: {risk_factors: {long: {initial: 20%, "
        "maintenance: 10%, close_out: 20%}, short: {initial: 20%, maintenance: 10%, close_out: "
        "20%}}, gains: {weight: {initial: 95%, maintenance: 98%, close_out: 95%}}}}\n";
    World world(profile("mango-v4", token, market));
    world.price("T1-USD", "1").price("P", "5");
    // 10 lots of 10 at 5, quote 100: bought for -100 in all.
    world.position("P", "100", "5").accrued("P", "600");
    CHECK(world.health(core::MarginLevel::initial) == money("380"));
    // 30 lots, quote -100
    world.position("P", "300", "5").accrued("P", "1400");
    CHECK(world.health(core::MarginLevel::initial) == money("836"));
}

TEST_CASE("profile vega: 0019-MCAL-032#001 and 0019-MCAL-208#001") {
    const std::string market =
        "  - {name: M, price_decimals: 0, quantity_decimals: 2, price_max: 1000000, margin: "
        "{risk_factors: {long: 10%, short: 10%}, slippage: {linear: 25%}, rounding: {requirement: "
        "1}}}\n"
        "  - {name: N, price_decimals: 0, quantity_decimals: 2, price_max: 1000000, margin: "
        "{risk_factors: {long: 80%, short: 100%}, slippage: {linear: 25%}, rounding: {requirement: "
        "1}}}\n";
    World world(profile("vega", "", market));
    world.price("M", "15900").price("N", "15800");
    world.balance("USDT", "6000").position("M", "-1", "15900");
    CHECK(world.maintenance().margin == money("5565"));
    // search 6121, initial 6678: between them the collateral was searched and is enough again.
    CHECK(world.state() == core::MarginState::margin_call);
    world.position("M", "0", "1").position("N", "3", "15800");
    CHECK(world.maintenance().margin == money("49770"));
}

TEST_CASE("profile vega: parties-margin-with-0-pos-cleared-on-cancel#001, log-normal factors") {
    World world(profile("vega", "",
                        "  - {name: M, price_decimals: 0, quantity_decimals: 0, price_max: "
                        "1000000, margin: {slippage: {linear: 25%}, rounding: {requirement: 1}, "
                        "risk_model: {lognormal: {risk_aversion: 0.001, horizon_years: 0.01, "
                        "drift: 0, volatility: 1.2}}}}\n"));
    world.price("M", "100").balance("USDT", "100000").order("M", "-100", "120");
    CHECK(world.maintenance().margin == money("4879"));
    world.order("M", "-400", "120");
    CHECK(world.maintenance().margin == money("19515"));
}

TEST_CASE("profile synthetix-v3: margins_two and collateral_value") {
    World world(profile("synthetix-v3", "", ""));
    world.price("BTC-USD", "30000").price("ETH-USD", "2000");
    world.price("BTC-PERP", "30000").price("ETH-PERP", "2000");
    // The fills: index (1 + size / 2 / skew scale), 29,700 and 2,020.
    world.balance("sUSD", "100000");
    world.position("BTC-PERP", "-2", "29700").position("ETH-PERP", "20", "2020");
    CHECK(world.maintenance().equity == money("99000"));
    CHECK(world.initial().margin == money("6500"));
    CHECK(world.maintenance().margin == money("4000"));
    world.position("BTC-PERP", "0", "1").position("ETH-PERP", "0", "1").balance("sUSD", "0");
    world.balance("BTC", "8").balance("ETH", "700");
    CHECK(world.maintenance().equity == money("1588800"));
}

TEST_CASE("profile aave-v3: aave_health_factor_docs and aave_account_data") {
    World world(
        profile("aave-v3",
                "  - {name: A, priced_by: A-USD, haircut: {initial: 25%, maintenance: 20%}, "
                "debt: requirement}\n  - {name: W, priced_by: W-USD, haircut: {initial: "
                "17.5%, maintenance: 14%}, debt: requirement, amount_max: 1000}\n",
                "  - {name: A-USD, price_max: 10}\n  - {name: W-USD, price_max: 100000}\n"));
    world.price("A-USD", "1").price("USDC-USD", "1").price("W-USD", "27000");
    world.balance("A", "10000").balance("USDC", "-6000");
    CHECK(world.maintenance().equity == money("8000"));  // 8000 / 6000 = 1.333
    CHECK(world.maintenance().margin == money("6000"));
    CHECK(world.state() == core::MarginState::healthy);
    world.balance("A", "0").balance("W", "0.4").balance("USDC", "-2000");
    CHECK(world.maintenance().equity == money("9288"));  // 10800 at 86 %
    CHECK(world.initial().equity == money("8910"));      // at 82.5 %
    CHECK(world.initial().margin == money("2000"));
}

TEST_CASE("profile compound-v3: comet_liq_covered, comet_liq_price_halved, comet_borrow_boundary") {
    World world(profile("compound-v3",
                        "  - {name: C, priced_by: C-USD}\n  - {name: D, priced_by: C-USD, haircut: "
                        "{initial: 80%, maintenance: 0}}\n",
                        "  - {name: C-USD, price_max: 10}\n"));
    world.price("C-USD", "1").balance("USDC", "-100000").balance("C", "100000");
    CHECK(world.state() != core::MarginState::liquidation);
    CHECK(world.health(core::MarginLevel::maintenance) == money("0"));
    world.price("C-USD", "0.5");
    CHECK(world.state() == core::MarginState::liquidation);
    world.price("C-USD", "1").balance("C", "0").balance("USDC", "-1").balance("D", "5");
    CHECK(world.health(core::MarginLevel::initial) == money("0"));  // may just borrow
    world.price("C-USD", "0.5");
    CHECK(world.health(core::MarginLevel::initial) == money("-0.5"));
}

TEST_CASE("profile hyperliquid: hyperliquid_17_btc_long_5x, liquidated at its price") {
    // Published when the largest leverage was 50.
    World world(profile("hyperliquid", "",
                        "  - {name: B, price_max: 1000000, tiers: [{initial_rate: 2%, "
                        "maintenance_rate: 1%}]}\n"));
    world.price("B", "66930").balance("USDC", "20.043862").position("B", "0.0015", "66930");
    CHECK(world.initial().margin == money("2.0079"));
    world.price("B", "54108.6");  // the case: 54108.51
    CHECK(world.state() == core::MarginState::margin_call);
    world.price("B", "54108.4");
    CHECK(world.state() == core::MarginState::liquidation);
}

TEST_CASE("profile binance-pm: tiers_btc, tier_lookup_btc_6e+08, binance_isolated_btc") {
    World world(profile("binance-pm", "", ""));
    world.price("BTCUSDT", "60000").price("USDT-USD", "1").balance("USDT", "1000000000");
    world.position("BTCUSDT", "10000", "60000");
    // 600 million: at half, less 199,703,800.
    CHECK(world.maintenance().margin == money("100296200"));
    world.position("BTCUSDT", "109.488", "32481.98").balance("USDT", "1535443.01");
    world.price("BTCUSDT", "31000").price("BTCUSDT", "18778.73");
    // The case's price is where margin is covered to the cent; this account is liquidated at 1.05.
    const core::Money left = world.health(core::MarginLevel::maintenance);
    CHECK(core::magnitude(left) < money("0.7"));
    CHECK(world.state() == core::MarginState::liquidation);
}

TEST_CASE("profile binance-pm: inverse contracts are settled in the coin") {
    World world(profile("binance-pm", "", ""));
    world.price("BTCUSD_PERP", "50000").price("BTC-USD", "50000").balance("BTC", "1");
    world.position("BTCUSD_PERP", "100", "50000");
    // 100 contracts of 100 dollars: 0.2 BTC, at 0.4 %.
    CHECK(world.maintenance().equity == money("47500"));
    CHECK(world.maintenance().margin == money("40"));
    world.price("BTCUSD_PERP", "40000");
    CHECK(world.maintenance().equity == money("45125"));  // 10,000 / 50,000 - 10,000 / 40,000
}

TEST_CASE("profile derive: test_long_ATM_perp, test_long_ITM_perp, test_short_OTM_perp") {
    World world(profile("derive", "", ""));
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
