#include "core/market/slow_price.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

Timestamp second(std::int64_t seconds) {
    return Timestamp{} + Duration::from_seconds(seconds);
}

template <class N>
SlowPriceRule<N> rule(const char* slot_growth = "0.06", const char* growth = "0.0003") {
    SlowPriceRule<N> rule;
    rule.slot_growth = Decimals<N>::rate(slot_growth);
    rule.growth_per_second = Decimals<N>::rate(growth);
    return rule;
}

template <class N>
double as_double(const UnitPriceOf<N>& price) {
    return static_cast<double>(price.raw()) / static_cast<double>(N::scale());
}

}  // namespace

TEMPLATE_TEST_CASE("a slow price steps by at most its growth a second", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    SlowPriceOf<TestType> slow(rule<TestType>(), D::unit_price("100"), second(0));
    slow.update(D::unit_price("200"), second(100));
    CHECK(slow.price() == D::unit_price("103"));  // 100 (1 + 0.0003 100)
    slow.update(D::unit_price("103.1"), second(110));
    CHECK(slow.price() == D::unit_price("103.1"));  // within reach: there at once
    slow.update(D::unit_price("1"), second(120));
    CHECK(as_double(slow.price()) == Approx(103.1 * (1 - 0.003 / (1.031 * 1.031))));
}

TEMPLATE_TEST_CASE("updates in quick succession count once, silence counts ten minutes", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    SlowPriceOf<TestType> slow(rule<TestType>(), D::unit_price("100"), second(0));
    slow.update(D::unit_price("200"), second(9));
    CHECK(slow.price() == D::unit_price("100"));
    slow.update(D::unit_price("200"), second(3'000));
    CHECK(slow.price() == D::unit_price("118"));  // 600 s of 0.0003
}

TEMPLATE_TEST_CASE("delay prices are limited averages of their slots", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    SlowPriceOf<TestType> wide(rule<TestType>("10"), D::unit_price("1"), second(0));
    SlowPriceOf<TestType> tight(rule<TestType>("0.06"), D::unit_price("1"), second(0));
    for (int time = 60; time <= 3'600; time += 60) {
        const auto price = D::unit_price(time > 1'800 ? "2" : "1");
        wide.update(price, second(time));
        tight.update(price, second(time));
    }
    CHECK(wide.delay_price(0) == D::unit_price("1.5"));
    CHECK(tight.delay_price(0) == D::unit_price("1.06"));
    CHECK(tight.delay_price(1) == D::unit_price("1"));  // not yet over
}

TEMPLATE_TEST_CASE("slots without updates take the average of the one before", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    SlowPriceOf<TestType> slow(rule<TestType>("10"), D::unit_price("2"), second(0));
    slow.update(D::unit_price("2"), second(600));
    slow.update(D::unit_price("2"), second(1'200));
    slow.update(D::unit_price("2"), second(3 * 3'600));  // price counts 600 s of 9,600
    CHECK(slow.delay_price(0) == slow.delay_price(2));
    CHECK(slow.delay_price(0) < D::unit_price("1"));
    CHECK(slow.delay_price(3) == D::unit_price("2"));
    slow.update(D::unit_price("2"), second(40 * 3'600));  // more than the ring: all of it
    CHECK(slow.delay_price(3) == slow.delay_price(20));
}

TEMPLATE_TEST_CASE("an hour of a pushed price moves a slow price little", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    SlowPriceOf<TestType> slow(rule<TestType>(), D::unit_price("1"), second(0));
    for (int time = 60; time <= 3'600; time += 60) {
        slow.update(D::unit_price("10"), second(time));
    }
    CHECK(as_double(slow.price()) == Approx(1.8).margin(0.1));
    for (int time = 3'610; time <= 7'200; time += 10) {
        slow.update(D::unit_price("10"), second(time));
    }
    CHECK(as_double(slow.price()) == Approx(2.3).margin(0.1));
    CHECK(slow.delay_price(0) == D::unit_price("1.06"));
    CHECK(slow.delay_price(1) == D::unit_price("1.1236"));
}

TEST_CASE("the ledger's slow price stays with the exact one, and between price and market") {
    std::mt19937_64 random(7);
    using Ring = Decimals<Ledger>;
    SlowPrice slow(rule<Ledger>(), Ring::unit_price("25.5"), second(0));
    SlowPriceOf<Extended> exact(rule<Extended>(), Decimals<Extended>::unit_price("25.5"),
                                second(0));
    std::int64_t time = 0;
    std::int64_t market = 2'550'000'000;
    for (int i = 0; i < 5'000; ++i) {
        time += 5 + static_cast<std::int64_t>(random() % 200);
        market += market / 1'000 * (static_cast<std::int64_t>(random() % 41) - 20);
        const UnitPrice price = UnitPrice::from_raw(market);
        const UnitPrice before = slow.price();
        slow.update(price, second(time));
        exact.update(margind::test::widened(price), second(time));
        CHECK((before <= price ? before <= slow.price() && slow.price() <= price
                               : price <= slow.price() && slow.price() <= before));
        REQUIRE(as_double(slow.price()) == Approx(as_double(exact.price())).epsilon(1e-4));
    }
}
