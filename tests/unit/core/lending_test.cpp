#include "core/margin/lending.hpp"

#include <cstdint>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;
using margind::test::narrowed;
using margind::test::Random;
using margind::test::widened;

namespace {

template <class N>
PricedAmount<N> holding(std::string_view amount, std::string_view price = "1") {
    return {Decimals<N>::money(amount), Decimals<N>::unit_price(price)};
}

template <class N>
LendingHealth<N> health(std::string_view stated, std::string_view debt) {
    return LendingHealth<N>::of(Decimals<N>::rate(stated), value_of(Decimals<N>::money(debt)));
}

// Half of all debts while the health factor is above 0.95; small ones and sick ones in full.
template <class N>
LiquidationRules<N> whole_position_rules() {
    using D = Decimals<N>;
    return {.close = {.factor = D::rate("0.5"),
                      .full_below_health = D::rate("0.95"),
                      .full_below_value = D::money("1000"),
                      .of_whole_position = true},
            .leftover_min = D::money("500"),
            .bonus = D::rate("0.05"),
            .protocol_share = D::rate("0.1")};
}

}  // namespace

TEMPLATE_TEST_CASE("half of one debt, or half of all debts, may be repaid", "", Ledger, Extended) {
    using N = TestType;
    using D = Decimals<N>;
    auto rule = whole_position_rules<N>().close;
    const auto position = health<N>("0.97", "9000");  // three debts of 3,000
    const auto collateral = holding<N>("9000");
    const auto debt = holding<N>("3000");
    CHECK(closable(rule, position, collateral, debt) == D::money("3000"));
    CHECK(closable(rule, health<N>("0.97", "5000"), collateral, debt) == D::money("2500"));
    rule.of_whole_position = false;
    CHECK(closable(rule, position, collateral, debt) == D::money("1500"));

    SECTION("at the health factor that is the limit, and below, all of it") {
        CHECK(closable(rule, health<N>("0.95", "9000"), collateral, debt) == D::money("3000"));
        CHECK(closable(rule, health<N>("0.95000001", "9000"), collateral, debt) ==
              D::money("1500"));
    }
    SECTION("a debt or a collateral below the limit, all of it; on the limit, half") {
        CHECK(closable(rule, position, collateral, holding<N>("999.99")) == D::money("999.99"));
        CHECK(closable(rule, position, collateral, holding<N>("1000")) == D::money("500"));
        CHECK(closable(rule, position, holding<N>("999.99"), debt) == D::money("3000"));
    }
}

TEMPLATE_TEST_CASE("a liquidation that leaves dust on both sides is refused", "", Ledger,
                   Extended) {
    using N = TestType;
    using D = Decimals<N>;
    auto rules = whole_position_rules<N>();
    rules.bonus = {};
    const auto position = health<N>("0.94", "1300");
    const auto debt = holding<N>("900");
    const auto refusal = [&](const char* collateral, const char* cover) {
        return liquidate(rules, position, holding<N>(collateral), debt,
                         std::optional(D::money(cover)))
            .refusal;
    };
    CHECK(refusal("400", "900") == LiquidationRefusal::none);  // no collateral left
    CHECK(refusal("400", "300") == LiquidationRefusal::dust);
    CHECK(refusal("1000", "401") == LiquidationRefusal::dust);  // 499 of debt left
    CHECK(refusal("1000", "400") == LiquidationRefusal::none);
    CHECK(refusal("1000", "900") == LiquidationRefusal::none);  // no debt left
    CHECK(liquidate(rules, health<N>("1", "1300"), holding<N>("1000"), debt, {}).refusal ==
          LiquidationRefusal::healthy);
}

TEMPLATE_TEST_CASE("the liquidator gets the bonus, the protocol its share of it", "", Ledger,
                   Extended) {
    using N = TestType;
    using D = Decimals<N>;
    const auto rules = whole_position_rules<N>();
    const auto plenty =
        seize(holding<N>("10", "2000"), holding<N>("9000"), D::money("4000"), rules);
    CHECK(plenty.cover == D::money("4000"));
    CHECK(plenty.seized == D::money("2.1"));
    CHECK(plenty.protocol_fee == D::money("0.01"));

    const auto limited =
        seize(holding<N>("1.05", "2000"), holding<N>("9000"), D::money("4000"), rules);
    CHECK(limited.seized == D::money("1.05"));
    CHECK(limited.cover == D::money("2000"));
}

TEST_CASE("a position without debt is healthier than any number") {
    CHECK(LendingHealth<Ledger>{}.above(Decimals<Ledger>::rate("1000")));
    CHECK_FALSE(LendingHealth<Ledger>{}.below(kRateOne));
}

TEST_CASE("seizing is against the liquidator to the last digit, and the same in both widths") {
    Random random(61);
    for (int i = 0; i < 3000; ++i) {
        const auto amount = [&](double most) {
            return static_cast<std::int64_t>((0.001 + random.unit()) * most * 1e8);
        };
        const PricedAmount<Ledger> collateral{Money::from_raw(amount(20)),
                                              UnitPrice::from_raw(amount(3000))};
        const PricedAmount<Ledger> debt{Money::from_raw(amount(20'000)),
                                        UnitPrice::from_raw(amount(2))};
        LiquidationRules<Ledger> rules;
        rules.bonus = Rate::from_raw(amount(0.15));
        const Money cover = debt.amount;
        const auto result = seize(collateral, debt, cover, rules);
        CHECK(result.seized <= collateral.amount);
        CHECK((result.seized * collateral.price) * kRateOne <=
              (result.cover * debt.price) * (kRateOne + rules.bonus));

        LiquidationRules<Extended> wide;
        wide.bonus = widened(rules.bonus);
        const auto exact =
            seize<Extended>({widened(collateral.amount), widened(collateral.price)},
                            {widened(debt.amount), widened(debt.price)}, widened(cover), wide);
        CHECK(result.seized == narrowed(exact.seized, Rounding::down));
        CHECK(result.cover == narrowed(exact.cover, Rounding::up));
    }
}

TEMPLATE_TEST_CASE("absorption credits what the collateral leaves and forgives what it lacks", "",
                   Ledger, Extended) {
    using N = TestType;
    using D = Decimals<N>;
    const auto leaves = absorb(D::money("-44174.999999"), D::money("0.000001"));
    CHECK(leaves.balance == D::money("0.000001"));
    CHECK(leaves.paid_by_reserves == D::money("44175"));
    const auto lacks = absorb(D::money("-100"), D::money("-40"));
    CHECK(lacks.balance == D::money("0"));
    CHECK(lacks.paid_by_reserves == D::money("100"));
}

TEMPLATE_TEST_CASE("absorbed collateral is sold with part of the discount passed on", "", Ledger,
                   Extended) {
    using N = TestType;
    using D = Decimals<N>;
    const auto price = storefront_price(D::unit_price("200"), D::rate("0.6"), D::rate("0.5"));
    CHECK(price == D::unit_price("160"));
    CHECK(amount_for(value_of(D::money("200")), rate_one<N>(), price, Rounding::down) ==
          D::money("1.25"));
    CHECK(storefront_price(D::unit_price("200"), D::rate("0.6"), D::rate("0")) ==
          D::unit_price("200"));
}

TEMPLATE_TEST_CASE("what may be borrowed is what is free over the rate it needs", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    CHECK(borrowable(D::money("10000"), D::money("1112"), D::rate("0.125")) == D::money("71104"));
    CHECK(borrowable(D::money("1112"), D::money("1112"), D::rate("0.125")) == D::money("0"));
    CHECK(borrowable(D::money("1000"), D::money("1112"), D::rate("0.125")) == D::money("0"));
    CHECK(borrow_margin_fraction(D::rate("1.1"), D::rate("0.88")) == D::rate("0.25"));
}
