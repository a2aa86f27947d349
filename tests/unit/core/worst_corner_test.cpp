// Boxes whose worst corner is not found by moving one price at a time.
#include "core/bands/worst_corner.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

// Perpetuals on I1, I2 ... that settle in COIN, of which a tenth counts when it is owned, and
// eleven tenths when it is owed; I0 prices COIN.
RiskParameters coin_settled(std::size_t perpetuals) {
    RiskParameters p;
    p.assets.push_back({.name = "USD", .haircut = {}});
    p.assets.push_back({.name = "COIN",
                        .priced_by = InstrumentId(0),
                        .haircut = rate(0.9),
                        .liability_weight = rate(1.1)});
    for (std::size_t i = 0; i <= perpetuals; ++i) {
        Instrument one = instrument("I" + std::to_string(i), AssetId(0));
        one.price_max = price(1000);
        one.tiers = {{notional(0), rate(0.2), rate(0.1)}};
        if (i > 0) one.settle = AssetId(1);
        p.instruments.push_back(one);
    }
    p.feeds = {"feed"};
    for (std::uint32_t i = 0; i <= perpetuals; ++i) add_source(p, i, AssetId(0));
    p.max_accounts = 4;
    return p;
}

// Long ten of each, with gains that take what is owed of the coin to nothing and beyond.
AccountSlot open_longs(Driver& driver, std::uint32_t perpetuals) {
    driver.set_price(0, price(1));
    for (std::uint32_t i = 1; i <= perpetuals; ++i) {
        driver.set_price(i, price(100));
        driver.set_position(key("a"), i, quantity(10), price(100), Last::no);
    }
    driver.set_balance(key("a"), 1, money(185), Last::no);
    driver.set_balance(key("a"), 0, money(289));
    return *driver.engine.find(key("a"));
}

}  // namespace

// Both marks low: the coin is owed, and every rise pays debt. Both high: it is owned, counts for a
// tenth, and a rise costs more margin than it gains. One of them high is better than either.
TEST_CASE("corners of prices that settle in one coin are all looked at") {
    Driver driver(coin_settled(2));
    const AccountSlot slot = open_longs(driver, 2);
    const AccountView view = driver.engine.view(slot);
    const MarketView market = driver.engine.market().view();
    WorstCorner corner(driver.engine.parameters());
    REQUIRE(corner.covers(view, market));
    REQUIRE(driver.engine.report(slot).state == MarginState::healthy);
    const auto box = [&](double up_to) {
        const std::vector<PriceRange> prices{
            {.of_asset = false, .id = 1, .low = price(90).raw(), .high = price(up_to).raw()},
            {.of_asset = false, .id = 2, .low = price(90).raw(), .high = price(up_to).raw()},
            {.of_asset = true, .id = 1, .low = kScale, .high = kScale}};
        return corner.safe(view, market, MarginState::healthy, prices, {});
    };
    CHECK_FALSE(box(110));
    CHECK(box(102));
    driver.set_price(1, price(110));
    driver.set_price(2, price(110));
    CHECK(driver.engine.report(slot).state == MarginState::warning);
}

TEST_CASE("an account is not covered with more prices together than are tried") {
    Driver driver(coin_settled(WorstCorner::kTogetherMax));
    const AccountSlot slot = open_longs(driver, WorstCorner::kTogetherMax);
    WorstCorner corner(driver.engine.parameters());
    CHECK_FALSE(corner.covers(driver.engine.view(slot), driver.engine.market().view()));
}
