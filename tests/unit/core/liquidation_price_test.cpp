#include "core/margin/liquidation_price.hpp"

#include <cstdint>

#include <catch2/catch.hpp>

#include "core/margin/leverage.hpp"
#include "tests/support/book.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;
using margind::test::Random;
using margind::test::widened;

namespace {

template <class N>
LevelTerms<N> terms(std::string_view equity, std::string_view requirement, std::string_view rate) {
    using D = Decimals<N>;
    return {D::money(equity), D::money(requirement), D::rate(rate)};
}

// Equity less requirement, exactly, were the price `at`.
WeightedValue margin_left(const Price& price, const Quantity& quantity, const LevelTerms<Ledger>& t,
                          const Price& at) {
    const ContractScale scale;
    const Value fixed =
        value_of(t.equity) - value_of(t.requirement) + scale.gain(price, at, quantity);
    return fixed * kRateOne - magnitude(scale.value(at, quantity)) * t.rate;
}

}  // namespace

TEMPLATE_TEST_CASE("the exchanges' own examples of liquidation prices", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    SECTION("maintenance follows the price, its deduction and the other positions do not") {
        const auto price = linear_crossing_price(
            D::contract(), D::price("32481.98"), D::quantity("109.488"),
            // 1,535,443.01 and the other's loss; the other's maintenance, both deductions off
            terms<TestType>("1087250.12486", "340212.50812200", "0.025"), Rounding::down);
        CHECK(*price >= D::price("26316.88"));
        CHECK(*price < D::price("26316.90"));
    }
    SECTION("margins that stand since the entry") {
        CHECK(linear_crossing_price(D::contract(), D::price("20000"), D::quantity("-1"),
                                    terms<TestType>("500", "100", "0"),
                                    Rounding::down) == D::price("20400"));
        CHECK(linear_crossing_price(D::contract(), D::price("20000"), D::quantity("1"),
                                    terms<TestType>("2200", "100", "0"),
                                    Rounding::down) == D::price("17900"));
    }
    SECTION("inverse: bankruptcy with the fee of closing") {
        const auto price =
            inverse_crossing_price(D::money("10000"), D::money("1.25"), D::price("1"),
                                   terms<TestType>("0.5", "0", "0.00075"), Rounding::down);
        CHECK(*price >= D::price("5718.57"));
        CHECK(*price < D::price("5718.58"));
    }
    SECTION("inverse: a short position, ten times leveraged") {
        const auto price =
            inverse_crossing_price(-D::money("2000"), D::money("1"), D::price("1"),
                                   terms<TestType>("0.1", "0.005", "0"), Rounding::down);
        CHECK(*price >= D::price("2209.94"));
        CHECK(*price < D::price("2209.95"));
    }
}

TEST_CASE("a long position that its own margin covers has no liquidation price above zero") {
    using D = Decimals<Ledger>;
    CHECK(*linear_crossing_price(D::contract(), D::price("100"), D::quantity("2"),
                                 terms<Ledger>("200", "0", "0.01"), Rounding::down) == Price{});
    CHECK(linear_crossing_price(D::contract(), D::price("100"), D::quantity("2"),
                                terms<Ledger>("300", "0", "0.01"), Rounding::down)
              ->raw() < 0);
}

TEST_CASE("where the difference does not depend on the price there is no liquidation price") {
    using D = Decimals<Ledger>;
    CHECK_FALSE(linear_crossing_price(D::contract(), D::price("100"), D::quantity("2"),
                                      terms<Ledger>("50", "0", "1"), Rounding::down));
    CHECK_FALSE(inverse_crossing_price(D::money("100"), D::money("1"), D::price("1"),
                                       terms<Ledger>("0", "1", "0"), Rounding::down));
}

TEST_CASE("at the liquidation price the account is at the level, one tick better it is above") {
    Random random(51);
    int crossings = 0;
    for (int i = 0; i < 5000; ++i) {
        const auto amount = [&](double most) {
            return static_cast<std::int64_t>((0.01 + random.unit()) * most * 1e8);
        };
        const Price price = Price::from_raw(amount(1000));
        const bool is_long = i % 2 == 0;
        const Quantity quantity = Quantity::from_raw((is_long ? 1 : -1) * amount(100));
        const LevelTerms<Ledger> t{Money::from_raw(amount(20'000)), Money::from_raw(amount(1000)),
                                   Rate::from_raw(amount(0.2))};
        // The tick on the bad side: down for what is long, up for what is short.
        const auto crossing = linear_crossing_price(ContractScale{}, price, quantity, t,
                                                    is_long ? Rounding::down : Rounding::up);
        REQUIRE(crossing);
        if (crossing->raw() <= 0) continue;
        ++crossings;
        const Price better = Price::from_raw(crossing->raw() + (is_long ? 1 : -1));
        CHECK(margin_left(price, quantity, t, *crossing) <= WeightedValue{});
        CHECK(margin_left(price, quantity, t, better) > WeightedValue{});

        // Ticks are counted alike in both widths; the contract's factor takes the decimals.
        const LevelTerms<Extended> wide{widened(t.equity), widened(t.requirement), widened(t.rate)};
        const auto exact = linear_crossing_price(widened(ContractScale{}), widened(price),
                                                 widened(quantity), wide, Rounding::down);
        CHECK(exact->raw() ==
              linear_crossing_price(ContractScale{}, price, quantity, t, Rounding::down)->raw());
    }
    CHECK(crossings > 1000);
}

TEST_CASE("an inverse crossing rounds once: ledger and thirty decimals agree") {
    Random random(52);
    for (int i = 0; i < 2000; ++i) {
        const auto amount = [&](double most) {
            return static_cast<std::int64_t>((0.01 + random.unit()) * most * 1e8);
        };
        const Money face = Money::from_raw((i % 2 ? -1 : 1) * amount(10'000));
        const Money value = Money::from_raw(amount(2));
        const LevelTerms<Ledger> t{Money::from_raw(amount(1)), Money::from_raw(amount(0.05)),
                                   Rate::from_raw(amount(0.01))};
        const Price one = Price::from_raw(kScale);
        const auto crossing = inverse_crossing_price(face, value, one, t, Rounding::down);
        const LevelTerms<Extended> wide{widened(t.equity), widened(t.requirement), widened(t.rate)};
        const auto exact = inverse_crossing_price(widened(face), widened(value), widened(one), wide,
                                                  Rounding::down);
        REQUIRE(crossing);
        CHECK(exact->raw() == crossing->raw());
        if (crossing->raw() <= 0) continue;
        // equity + face/price - face/P = requirement + |face| rate / P, to the tick.
        const auto scaled = [](double raw) { return raw * 1e-8; };
        const double at = scaled(static_cast<double>(crossing->raw()));
        const double worth = scaled(static_cast<double>(value.raw())) * (face.raw() < 0 ? -1 : 1);
        const double contracts = scaled(static_cast<double>(face.raw()));
        CHECK(scaled(static_cast<double>(t.equity.raw())) + worth - contracts / at ==
              Approx(scaled(static_cast<double>(t.requirement.raw())) +
                     std::abs(contracts) / at * scaled(static_cast<double>(t.rate.raw())))
                  .margin(1e-9 * (1 + std::abs(contracts / at))));
    }
}

TEMPLATE_TEST_CASE("margin at a leverage is rounded up", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    CHECK(margin_at_leverage(value_of(D::money("8000")), D::rate("40")) == D::money("200"));
    const auto third = margin_at_leverage(value_of(D::money("1")), D::rate("3"));
    CHECK(third.raw() * 3 == D::money("1").raw() + 2);
    CHECK(rate_at_leverage(D::rate("100")) == D::rate("0.01"));
}
