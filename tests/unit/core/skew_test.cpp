#include "core/market/skew.hpp"

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

Timestamp hour(std::int64_t hours) {
    return Timestamp{} + Duration::from_seconds(hours * 3'600);
}

}  // namespace

TEMPLATE_TEST_CASE("a trade fills at the mean of the premium before and after", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    const auto fill = [](const char* skew, const char* size) {
        return skewed_fill_price(D::price("20000"), D::quantity(skew), D::quantity(size),
                                 D::quantity("100"));
    };
    CHECK(fill("0", "2") == D::price("20200"));
    CHECK(fill("0", "-2") == D::price("19800"));
    CHECK(fill("10", "-10") == D::price("21000"));
    CHECK(fill("-5", "10") == D::price("20000"));
    const auto loss = [&](const char* skew, const char* size) {
        return round_up(
            fill_loss(D::contract(), D::price("20000"), fill(skew, size), D::quantity(size)));
    };
    CHECK(loss("0", "2") == D::money("400"));
    CHECK(loss("0", "-2") == D::money("400"));
    CHECK(loss("10", "-10") == D::money("0"));  // a gain
}

TEST_CASE("fill prices round against the trader") {
    using D = Decimals<Extended>;
    using L = Decimals<Ledger>;
    for (const char* size : {"-7", "-5.1", "-1", "1", "3", "7.3"}) {
        const auto exact = skewed_fill_price(D::price("3.01"), D::quantity("1.7"),
                                             D::quantity(size), D::quantity("913"));
        const auto ledger = skewed_fill_price(L::price("3.01"), L::quantity("1.7"),
                                              L::quantity(size), L::quantity("913"));
        const auto rounding = L::quantity(size).raw() < 0 ? Rounding::down : Rounding::up;
        CHECK(ledger.raw() ==
              divide<Extended::Raw>(exact.raw(), margind::test::ledger_step(), rounding));
    }
}

TEMPLATE_TEST_CASE("funding drifts with the skew, capped at its scale", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto velocity = [](const char* skew) {
        return funding_velocity(D::quantity(skew), D::quantity("10000"), D::rate("3"));
    };
    CHECK(velocity("-40") == D::rate("-0.012"));
    CHECK(velocity("20000") == D::rate("3"));
    CHECK(velocity("-20000") == D::rate("-3"));

    DriftingFundingOf<TestType> funding(D::quantity("10000"), D::rate("3"), hour(0));
    funding.set_skew(D::quantity("20"), hour(0));
    CHECK(funding.rate(hour(24)) == D::rate("0.006"));
    CHECK(funding.accrued(hour(24), Rounding::up) == D::rate("0.003"));
    funding.set_skew(D::quantity("-40"), hour(24));
    CHECK(funding.rate(hour(36)) == D::rate("0"));
    CHECK(funding.accrued(hour(48), Rounding::up) == D::rate("0"));
}

TEST_CASE("a funding rate does not depend on how often it is looked at") {
    using D = Decimals<Ledger>;
    DriftingFunding seldom(D::quantity("10000"), D::rate("3"), hour(0));
    DriftingFunding often = seldom;
    seldom.set_skew(D::quantity("17"), hour(0));
    for (int i = 0; i < 86'400; i += 7) {
        often.set_skew(D::quantity("17"), Timestamp{} + Duration::from_seconds(i));
    }
    CHECK(often.rate(hour(24)) == seldom.rate(hour(24)));
    CHECK(seldom.rate(hour(24)) == D::rate("0.0051"));
}
