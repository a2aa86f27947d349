#include "core/margin/isolated_orders.hpp"

#include <array>
#include <limits>

#include <catch2/catch.hpp>

#include "core/margin/margin_multiple.hpp"
#include "core/margin/model_rate.hpp"
#include "tests/support/book.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;
using margind::test::narrowed;
using margind::test::Random;

TEMPLATE_TEST_CASE("orders of an isolated position set aside what it does not cover", "", Ledger,
                   Extended) {
    using N = TestType;
    using D = Decimals<N>;
    // Best price first.
    const std::array<RestingOrder<N>, 3> asks{{{D::quantity("-1"), D::price("20")},
                                               {D::quantity("-2"), D::price("40")},
                                               {D::quantity("-3"), D::price("50")}}};
    IsolatedOrderRule<N> rule{D::rate("0.5"), D::price("0"), D::money("1")};
    const auto margin = [&](const char* covered) {
        return isolated_order_margin<N>(D::contract(), rule, D::quantity(covered), asks);
    };
    CHECK(margin("0") == D::money("125"));
    CHECK(margin("1") == D::money("115"));
    CHECK(margin("2.5") == D::money("85"));  // the best priced orders first
    CHECK(margin("6") == D::money("0"));
    CHECK(margin("9") == D::money("0"));
    SECTION("in an auction at the higher of the two prices") {
        rule.auction_price = D::price("42");
        CHECK(margin("0") == D::money("138"));
    }
    SECTION("cut to the venue's unit") {
        rule.factor = D::rate("0.499");
        CHECK(margin("0") == D::money("124"));
        rule.unit = {};
        CHECK(margin("0") == D::money("124.75"));
    }
}

TEMPLATE_TEST_CASE("a multiple of a margin is cut to the venue's unit", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    CHECK(margin_multiple(D::money("5565"), D::rate("1.1"), D::money("1")) == D::money("6121"));
    CHECK(margin_multiple(D::money("5565"), D::rate("1.1"), D::money("0")) == D::money("6121.5"));
    CHECK(margin_multiple(D::money("5565"), D::rate("1.1"), D::money("10")) == D::money("6120"));
    CHECK(margin_multiple(D::money("0"), D::rate("1.1"), D::money("1")) == D::money("0"));
}

TEST_CASE("a model's rate is never below what the model said, and next to it") {
    CHECK(rate_from_model<Ledger>(0.5) == margind::test::rate(0.5));
    CHECK(rate_from_model<Ledger>(0.1).raw() == 10'000'001);  // the double is a little above
    CHECK(rate_from_model<Ledger>(-0.1).raw() == -10'000'000);
    CHECK(rate_from_model<Ledger>(0).raw() == 0);
    CHECK(rate_from_model<Ledger>(-0.0).raw() == 0);
    CHECK(rate_from_model<Ledger>(1e-9).raw() == 1);
    CHECK(rate_from_model<Ledger>(-1e-9).raw() == 0);
    CHECK(rate_from_model<Ledger>(std::numeric_limits<double>::denorm_min()).raw() == 0);
    CHECK(rate_from_model<Ledger>(1e8).raw() == 10'000'000'000'000'000);
    Random random(81);
    for (int i = 0; i < 2000; ++i) {
        const double fraction = (random.unit() - 0.3) * (i % 2 ? 4.0 : 1e-3);
        const auto exact = rate_from_model<Extended>(fraction);
        CHECK(rate_from_model<Ledger>(fraction) == narrowed(exact, Rounding::up));
        CHECK(static_cast<double>(exact.raw()) * 1e-30 == Approx(fraction).epsilon(1e-15));
    }
}
