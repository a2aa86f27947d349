#include "core/margin/find_liquidation_price.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>

#include "core/engine/ladder.hpp"
#include "core/margin/liquidation_price.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

// Equity less margin as a function of the price alone.
auto line(std::int64_t slope, std::int64_t zero) {
    return [=](Price p) { return Int128{slope} * (p.raw() - zero); };
}

std::optional<Price> find(const Driver& d, const AccountKey& account, std::uint32_t instrument,
                          Crossing crossing) {
    PriceScenario scenario(d.engine.market().rows());
    const AccountView view = d.engine.view(*d.engine.find(account));
    const InstrumentId id(instrument);
    return find_liquidation_price(view, d.engine.market().view(), id,
                                  d.engine.parameters().instruments[instrument].price_max, crossing,
                                  {}, scenario);
}

}  // namespace

TEST_CASE("a crossing is found to the tick, on either side of the line") {
    const Price now = Price::from_raw(6'000'000);
    const Price highest = Price::from_raw(100'000'000);
    // Long: below the line under 5'500'000.
    CHECK(find_crossing_price(now, highest, Crossing::falling, line(3, 5'500'000)) ==
          Price::from_raw(5'499'999));
    CHECK_FALSE(find_crossing_price(now, highest, Crossing::rising, line(3, 5'500'000)));
    // Short: below it above 7'000'000.
    CHECK(find_crossing_price(now, highest, Crossing::rising, line(-3, 7'000'000)) ==
          Price::from_raw(7'000'001));
    // Below it already: what would save the account is the other side of the same price.
    CHECK(find_crossing_price(now, highest, Crossing::falling, line(3, 6'700'000)) ==
          Price::from_raw(6'699'999));
    CHECK_FALSE(find_crossing_price(now, highest, Crossing::rising, line(3, 6'700'000)));
    // At the very end of the market, next to the present price, and nowhere.
    CHECK(find_crossing_price(now, highest, Crossing::falling, line(3, 2)) == Price::from_raw(1));
    CHECK(find_crossing_price(now, highest, Crossing::falling, line(3, 6'000'000)) ==
          Price::from_raw(5'999'999));
    CHECK_FALSE(find_crossing_price(now, highest, Crossing::falling, line(3, 1)));
    CHECK(find_crossing_price(now, highest, Crossing::rising, line(-1, 99'999'999)) == highest);
    CHECK_FALSE(find_crossing_price(now, highest, Crossing::rising, line(-1, 100'000'000)));
    // A step is no line: interpolation is of no use, and the answer the same.
    const auto step = [](Price p) -> Int128 { return p.raw() < 1'234'567 ? -1 : kMaxExposure; };
    CHECK(find_crossing_price(now, highest, Crossing::falling, step) == Price::from_raw(1'234'566));
}

TEST_CASE("the search agrees with the closed form where that is exact") {
    Driver d(small_venue());
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    const AccountKey a = key("a");
    d.set_balance(a, 0, money(150), Last::no);
    d.set_position(a, 0, quantity(10), price(101));
    const Evaluation e = d.engine.report(*d.engine.find(a)).evaluation;
    const auto closed = linear_crossing_price(
        ContractScale::from_factor(1), price(100), quantity(10),
        {.equity = e.equity, .requirement = {}, .rate = rate(0.05)}, Rounding::up);
    // The closed form gives the first tick at which the level is met; one below, it is not.
    const auto found = find(d, a, 0, Crossing::falling);
    REQUIRE(found);
    CHECK(found->raw() == closed->raw() - 1);
    CHECK_FALSE(find(d, a, 0, Crossing::rising));
}

TEST_CASE("a position whose collateral moves with it is liquidated where both say so") {
    Driver d(small_venue());
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    // Short 1 BTC against 1 BTC of collateral that counts 90 %: equity falls as the price rises.
    d.set_balance(key("a"), 1, money(1), Last::no);
    d.set_balance(key("a"), 0, money(60), Last::no);
    d.set_position(key("a"), 0, quantity(-1), price(100));
    // Equity 60 + 0.9 P + (100 - P), margin 0.05 P: below it above 160 / 0.15.
    const auto found = find(d, key("a"), 0, Crossing::rising);
    REQUIRE(found);
    // Equity rounds down and margin up, to 1e-8 each: fifteen hundredths of that a tick.
    CHECK(std::abs(found->raw() - 160 * kUnit * 100 / 15) <= 14);
    CHECK_FALSE(find(d, key("a"), 0, Crossing::falling));
}

namespace {

// Tiers, a haircut by size, a slope, orders, a debt: whatever bends equity or margin.
RiskParameters bent_venue(Random& random) {
    RiskParameters p = small_venue();
    for (Instrument& i : p.instruments) {
        i.tiers = {{notional(1'000), rate(0.10), rate(0.05)},
                   {notional(5'000), rate(0.2), rate(0.1)},
                   {notional(0), rate(0.5), rate(0.25)}};
        if (random.chance(0.5)) {
            i.rules.plain = false;
            i.rules.terms.unit = quantity(1);
            i.rules.terms.slippage.linear = rate(0.01);
            i.rules.terms.minimum = money(1);
            i.rules.terms.orders = OrderRule::worst_fill;
        }
    }
    Asset& btc = p.assets[1];
    btc.liability_weight = rate(1.1);
    if (random.chance(0.5)) {
        btc.rules.plain = false;
        btc.rules.concentration.deposits_from = money(1'000'000);
    }
    return p;
}

struct Holding {
    double usd, btc, position0, position1, entry0, order0;
};

void hold(Driver& d, const Holding& h) {
    const AccountKey a = key("a");
    d.set_balance(a, 0, money(h.usd), Last::no);
    d.set_balance(a, 1, money(h.btc), Last::no);
    AccountInput order;
    order.key = a;
    order.record = AccountRecord::order;
    order.amount = quantity(h.order0).raw();
    order.price = price(100).raw();
    order.last = Last::no;
    d.apply(Input::of(order));
    d.set_position(a, 1, quantity(h.position1), price(10), Last::no);
    REQUIRE(d.set_position(a, 0, quantity(h.position0), price(h.entry0)) == Refusal::none);
}

// Whether the account is below maintenance with BTC at `raw`: asked of a venue that never stood
// anywhere else.
bool below_at(const RiskParameters& parameters, const Holding& h, std::int64_t raw) {
    Driver d(parameters);
    d.set_price(0, Price::from_raw(raw));
    d.set_price(1, price(10));
    hold(d, h);
    const Evaluation e = d.engine.report(AccountSlot(0)).evaluation;
    return e.equity < e.maintenance_margin;
}

}  // namespace

TEST_CASE("at the price returned the account is below the level, and one tick better it is not") {
    constexpr std::uint64_t kSeed = 416;
    INFO("seed " << kSeed);
    Random random(kSeed);
    int found = 0;
    for (int round = 0; round < 300; ++round) {
        INFO("round " << round);
        const RiskParameters parameters = bent_venue(random);
        const auto around = [&](double x) { return (random.unit() * 2 - 1) * x; };
        const Holding h{around(800), around(3), around(40), around(30), 80 + 40 * random.unit(),
                        around(5)};
        Driver d(parameters);
        d.set_price(0, price(100));
        d.set_price(1, price(10));
        hold(d, h);
        const auto falling = find(d, key("a"), 0, Crossing::falling);
        if (falling) {
            ++found;
            CHECK(below_at(parameters, h, falling->raw()));
            CHECK_FALSE(below_at(parameters, h, falling->raw() + 1));
        }
        const auto rising = find(d, key("a"), 0, Crossing::rising);
        if (rising) {
            ++found;
            CHECK(below_at(parameters, h, rising->raw()));
            CHECK_FALSE(below_at(parameters, h, rising->raw() - 1));
        }
        if (!falling && !rising) {  // then no price there is changes its side
            const bool now = below_at(parameters, h, price(100).raw());
            for (const double p : {0.00000001, 1.0, 50.0, 99.0, 101.0, 200.0, 100'000.0}) {
                CHECK(below_at(parameters, h, price(p).raw()) == now);
            }
        }
    }
    CHECK(found > 150);
}
