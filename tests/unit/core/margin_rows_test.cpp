// What statistics, slow prices, confidence and risk models come to for an account, through the
// engine: inputs in, figures out.
#include "core/market/margin_rows.hpp"

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

const AccountKey kHolder = key("holder");

// The small venue with rules on BTC-PERP and on BTC as collateral.
struct Venue : Driver {
    template <class Change>
    explicit Venue(Change change) : Driver(changed(change)) {
        set_price(0, price(100));
        set_price(1, price(10));
    }
    template <class Change>
    static RiskParameters changed(Change change) {
        RiskParameters parameters = small_venue();
        change(parameters);
        parameters.instruments[0].rules.plain = false;
        parameters.assets[1].rules.plain = false;
        return parameters;
    }
};

// By 0.01 % a second, of the contract and of the asset.
void with_slow_price(RiskParameters& p) {
    p.instruments[0].slow_price.growth_per_second = rate(0.0001);
    p.instruments[0].slow_price.slot_growth = rate(0.06);
    p.instruments[0].rules.slow_price = true;
    p.assets[1].rules.slow_price = true;
}

Money margin(const Driver& driver, MarginLevel level) {
    return driver.figures(kHolder).at(level).margin;
}
Money equity(const Driver& driver, MarginLevel level) {
    return driver.figures(kHolder).at(level).equity;
}

}  // namespace

TEST_CASE("open interest raises initial margin, never maintenance, and comes down again") {
    Venue d([](RiskParameters& p) {
        p.instruments[0].rules.open_interest = {money(1'000), money(2'000), {}};
    });
    d.set_balance(kHolder, 0, money(1'000));
    d.set_position(kHolder, 0, quantity(10), price(100));
    CHECK(margin(d, MarginLevel::initial) == money(100));
    REQUIRE(d.set_statistic(Statistic::open_interest, 0, money(1'500).raw()) == Refusal::none);
    CHECK(margin(d, MarginLevel::initial) == money(550));
    CHECK(margin(d, MarginLevel::maintenance) == money(50));
    CHECK(d.events_of(EventKind::threshold_changed).size() == 1);
    REQUIRE(d.set_statistic(Statistic::open_interest, 0, 0) == Refusal::none);
    CHECK(margin(d, MarginLevel::initial) == money(100));
}

TEST_CASE("a slow price counts against the account at the initial level only") {
    Venue d(with_slow_price);
    d.set_balance(kHolder, 0, money(1'000), Last::no);
    d.set_balance(kHolder, 1, money(1));
    d.set_position(kHolder, 0, quantity(10), price(100));
    d.wait(Duration::from_seconds(10));
    d.set_price(0, price(150));  // the slow price may move by 0.01 % a second
    // Long: the lower price, 100.1 or less, for gain and collateral; the mark for maintenance.
    CHECK(equity(d, MarginLevel::maintenance) == money(1'000 + 500 + 135));
    CHECK(equity(d, MarginLevel::initial) < money(1'000 + 1.1 + 90.1));
    CHECK(equity(d, MarginLevel::initial) >= money(1'000 + 90));
    // Short: the higher one, which is the mark.
    d.set_position(kHolder, 0, quantity(-10), price(100));
    CHECK(equity(d, MarginLevel::initial) < money(1'000 - 500 + 90.1));
}

TEST_CASE("a price that is not sure costs margin at every level") {
    Venue d([](RiskParameters& p) {
        p.instruments[0].rules.confidence.multiplier = rate(2);
        p.assets[1].rules.confidence.multiplier = rate(1);
    });
    d.set_balance(kHolder, 1, money(2), Last::no);
    d.set_position(kHolder, 0, quantity(10), price(100));
    CHECK(margin(d, MarginLevel::maintenance) == money(50));
    PriceInput unsure;
    unsure.source = SourceId(0);
    unsure.price = price(100);
    unsure.confidence = price(1);  // 1 %
    REQUIRE(d.apply(Input::of(unsure)) == Refusal::none);
    CHECK(margin(d, MarginLevel::maintenance) == money(70));
    CHECK(margin(d, MarginLevel::initial) == money(120));
    CHECK(equity(d, MarginLevel::maintenance) == money(2 * 100 * 0.89));
    d.set_price(0, price(100));
    CHECK(margin(d, MarginLevel::maintenance) == money(50));
    CHECK(equity(d, MarginLevel::maintenance) == money(180));
}

TEST_CASE("redemption value caps what is owned, not what is owed") {
    Venue d([](RiskParameters& p) { p.assets[1].rules.redemption = true; });
    d.set_balance(kHolder, 1, money(2));
    REQUIRE(d.set_statistic(Statistic::redemption_value, 1, money(95).raw()) == Refusal::none);
    CHECK(equity(d, MarginLevel::maintenance) == money(2 * 95 * 0.9));
    d.set_price(0, price(90));
    CHECK(equity(d, MarginLevel::maintenance) == money(2 * 90 * 0.9));
    d.set_price(0, price(100));
    d.set_balance(kHolder, 1, money(-2));
    CHECK(equity(d, MarginLevel::maintenance) == money(-200));
}

TEST_CASE("a stable asset below its peg loses initial weight") {
    Venue d([](RiskParameters& p) {
        p.assets[1].haircut = rate(0);
        p.assets[1].rules.depeg = {UnitPrice::from_raw(98'000'000), rate(4)};
    });
    d.set_price(0, price(50));  // in steps: no jump beyond the guard
    for (double p : {26.0, 14.0, 8.0, 5.0, 3.0, 2.0, 1.2, 0.99}) d.set_price(0, price(p));
    d.set_balance(kHolder, 1, money(100));
    CHECK(equity(d, MarginLevel::initial) == money(99));
    d.set_price(0, price(0.95));  // 3 cents below 98: 12 % off
    CHECK(equity(d, MarginLevel::initial) == money(95 * 0.88));
    CHECK(equity(d, MarginLevel::maintenance) == money(95));
}

TEST_CASE("the venue's deposits and borrows move initial weights") {
    Venue d(
        [](RiskParameters& p) { p.assets[1].rules.concentration = {money(1'000), money(1'000)}; });
    d.set_balance(kHolder, 1, money(1));
    REQUIRE(d.set_statistic(Statistic::total_deposits, 1, money(20).raw()) == Refusal::none);
    CHECK(equity(d, MarginLevel::initial) == money(45));  // 0.9 * 1000 / 2000
    CHECK(equity(d, MarginLevel::maintenance) == money(90));
    d.set_balance(kHolder, 1, money(-1));
    REQUIRE(d.set_statistic(Statistic::total_borrows, 1, money(30).raw()) == Refusal::none);
    CHECK(equity(d, MarginLevel::initial) == money(-300));
    CHECK(equity(d, MarginLevel::maintenance) == money(-100));
}

TEST_CASE("expected funding is provided for by whoever pays it") {
    Venue d([](RiskParameters&) {});
    d.set_balance(kHolder, 0, money(1'000));
    d.set_position(kHolder, 0, quantity(10), price(100));
    REQUIRE(d.set_statistic(Statistic::expected_funding, 0, money(0.5).raw()) == Refusal::none);
    CHECK(margin(d, MarginLevel::maintenance) == money(55));
    d.set_position(kHolder, 0, quantity(-10), price(100));
    CHECK(margin(d, MarginLevel::maintenance) == money(50));
    REQUIRE(d.set_statistic(Statistic::expected_funding, 0, money(-0.5).raw()) == Refusal::none);
    CHECK(margin(d, MarginLevel::maintenance) == money(55));
}

TEST_CASE("expected funding counts where an instrument has no rules, and moves its holders") {
    Driver d(small_venue());
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    d.set_balance(kHolder, 0, money(76));
    d.set_position(kHolder, 0, quantity(10), price(100));
    REQUIRE(d.engine.parameters().instruments[0].rules.plain);
    CHECK(margin(d, MarginLevel::maintenance) == money(50));
    CHECK(d.events_of(EventKind::warning).empty());
    REQUIRE(d.set_statistic(Statistic::expected_funding, 0, money(0.5).raw()) == Refusal::none);
    CHECK(margin(d, MarginLevel::maintenance) == money(55));
    CHECK(margin(d, MarginLevel::initial) == money(105));
    CHECK(d.events_of(EventKind::warning).size() == 1);
    REQUIRE(d.set_statistic(Statistic::expected_funding, 0, 0) == Refusal::none);
    CHECK(margin(d, MarginLevel::maintenance) == money(50));
}

TEST_CASE("a slow price may be given, to instruments that keep one") {
    Venue d(with_slow_price);
    d.set_balance(kHolder, 0, money(1'000), Last::no);
    d.set_balance(kHolder, 1, money(1));
    d.set_position(kHolder, 0, quantity(10), price(100));
    REQUIRE(d.set_statistic(Statistic::slow_price, 0, price(80).raw()) == Refusal::none);
    CHECK(equity(d, MarginLevel::initial) == money(1'000 - 200 + 72));
    CHECK(equity(d, MarginLevel::maintenance) == money(1'000 + 90));
    d.wait(Duration::from_seconds(10));
    d.set_price(0, price(100));  // it goes on from 80, by 0.01 % a second
    CHECK(equity(d, MarginLevel::initial) == money(872.872));
    for (const std::int64_t raw : {std::int64_t{0}, price(10'000'001).raw()}) {
        CHECK(d.set_statistic(Statistic::slow_price, 0, raw) == Refusal::statistic_out_of_range);
    }
    CHECK(d.set_statistic(Statistic::slow_price, 1, price(10).raw()) ==
          Refusal::statistic_out_of_range);
}

TEST_CASE("a statistic that no market has is refused and changes nothing") {
    Venue d([](RiskParameters&) {});
    d.set_balance(kHolder, 0, money(1'000));
    d.set_position(kHolder, 0, quantity(10), price(100));
    const Money before = margin(d, MarginLevel::maintenance);
    // A unit is worth at most ten million, the largest price.
    for (const double funding : {10'000'001.0, -10'000'001.0, 9e10}) {
        CHECK(d.set_statistic(Statistic::expected_funding, 0, money(funding).raw()) ==
              Refusal::statistic_out_of_range);
    }
    CHECK(d.set_statistic(Statistic::auction_price, 0, price(10'000'001).raw()) ==
          Refusal::statistic_out_of_range);
    CHECK(margin(d, MarginLevel::maintenance) == before);
    CHECK(d.set_statistic(Statistic::expected_funding, 0, money(10'000'000).raw()) ==
          Refusal::none);
}

TEST_CASE("a log-normal risk model adds its factors, side by side") {
    Venue d([](RiskParameters& p) {
        p.instruments[0].rules.lognormal = true;
        p.instruments[0].rules.risk_model = {
            .risk_aversion = 0.001, .horizon_years = 1.0 / 8760, .drift = 0, .volatility = 1.5};
    });
    const RiskFactors factors = lognormal_risk_factors(
        {.risk_aversion = 0.001, .horizon_years = 1.0 / 8760, .drift = 0, .volatility = 1.5});
    d.set_balance(kHolder, 0, money(1'000));
    d.set_position(kHolder, 0, quantity(10), price(100));
    const double of_long = static_cast<double>(margin(d, MarginLevel::maintenance).raw()) / 1e8;
    CHECK(of_long == Approx(50 + 1'000 * factors.long_side).epsilon(1e-7));
    d.set_position(kHolder, 0, quantity(-10), price(100));
    const double of_short = static_cast<double>(margin(d, MarginLevel::maintenance).raw()) / 1e8;
    CHECK(of_short == Approx(50 + 1'000 * factors.short_side).epsilon(1e-7));
    CHECK(of_short > of_long);
}

TEST_CASE("statistics that mean nothing are refused and change nothing") {
    Venue d(
        [](RiskParameters& p) { p.assets[1].rules.concentration = {money(1'000), money(1'000)}; });
    d.set_balance(kHolder, 1, money(1));
    CHECK(d.set_statistic(Statistic::count_, 0, 1) == Refusal::unknown_statistic);
    CHECK(d.set_statistic(Statistic::open_interest, 9, 1) == Refusal::unknown_instrument);
    CHECK(d.set_statistic(Statistic::total_deposits, 9, 1) == Refusal::unknown_asset);
    CHECK(d.set_statistic(Statistic::total_deposits, 1, -1) == Refusal::statistic_out_of_range);
    CHECK(d.set_statistic(Statistic::total_deposits, 1, money(9e10).raw()) ==
          Refusal::statistic_out_of_range);
    CHECK(equity(d, MarginLevel::initial) == money(90));
}

TEST_CASE("a statistic judges the accounts it moves") {
    Venue d([](RiskParameters& p) {
        p.ladder.margin_call.of = MarginLevel::initial;
        p.ladder.margin_call.multiplier = rate(1);
        p.ladder.liquidation.multiplier = rate(0.99);
        p.assets[1].rules.concentration = {money(1'000), money(1'000)};
    });
    d.set_balance(kHolder, 1, money(2), Last::no);
    d.set_position(kHolder, 1, quantity(100),
                   price(10));  // 100 initial, 50 maintenance; 180 equity
    CHECK(d.account_events().empty());
    REQUIRE(d.set_statistic(Statistic::total_deposits, 1, money(40).raw()) == Refusal::none);
    REQUIRE(d.account_events().size() == 1);  // initial equity 45
    CHECK(d.account_events()[0].kind == EventKind::margin_call);
}
