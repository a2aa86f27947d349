#include "core/margin/position_cost.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

TEMPLATE_TEST_CASE("increases average the entry, reductions realise and move the break-even", "",
                   Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto scale = D::contract();
    auto cost = opened_at(D::quantity("10"), D::price("10"), scale);
    CHECK(record_trade(cost, D::quantity("10"), D::money("-300")) == D::money("0"));
    CHECK(entry_price(cost, scale) == D::price("20"));
    CHECK(break_even_price(cost, scale) == D::price("20"));
    CHECK(record_trade(cost, D::quantity("-5"), D::money("250")) == D::money("150"));
    CHECK(cost.quantity == D::quantity("15"));
    CHECK(entry_price(cost, scale) == D::price("20"));
    CHECK(break_even_price(cost, scale) == D::price("10"));
}

TEMPLATE_TEST_CASE("a short that flips opens at the trade's price", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto scale = D::contract();
    auto cost = opened_at(D::quantity("-10"), D::price("10"), scale);
    CHECK(record_trade(cost, D::quantity("15"), D::money("-300")) == D::money("-100"));
    CHECK(cost.quantity == D::quantity("5"));
    CHECK(entry_price(cost, scale) == D::price("20"));
    CHECK(break_even_price(cost, scale) == D::price("20"));
    CHECK(cost.running_cash == D::money("-100"));
}

TEMPLATE_TEST_CASE("a closed position costs nothing", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto scale = D::contract();
    auto cost = opened_at(D::quantity("3"), D::price("7"), scale);
    CHECK(record_trade(cost, D::quantity("-3"), D::money("20")) == D::money("-1"));
    CHECK(cost.quantity == D::quantity("0"));
    CHECK(cost.running_cash == D::money("0"));
    CHECK(entry_price(cost, scale) == D::price("0"));
    CHECK(break_even_price(cost, scale) == D::price("0"));
}

TEMPLATE_TEST_CASE("marked profit is all cash and the position at the mark", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto cost = opened_at(D::quantity("-50"), D::price("10"), D::contract());
    CHECK(round_down(marked_pnl(cost.opening_cash, cost.quantity, D::price("9"), D::contract())) ==
          D::money("50"));
}

TEST_CASE("cash is conserved, and rounding stays within a unit a trade") {
    std::mt19937_64 random(11);
    PositionCost<Ledger> cost;
    PositionCost<Extended> exact;
    Money paid;
    Money realised;
    for (int i = 0; i < 2'000; ++i) {
        const auto size = static_cast<std::int64_t>(random() % 2'000'003) - 1'000'001;
        const Quantity quantity = Quantity::from_raw(size == 0 ? 1 : size);
        const Money cash = Money::from_raw(-quantity.raw() * (90 + std::int64_t(random() % 21)));
        const Money now = record_trade(cost, quantity, cash);
        const auto exactly =
            record_trade(exact, margind::test::widened(quantity), margind::test::widened(cash));
        paid = paid + cash;
        realised = realised + now;
        REQUIRE(cost.opening_cash + realised == paid);
        const Money limit = margind::test::narrowed(exactly, Rounding::down);
        CHECK(magnitude(now - limit).raw() <= i + 2);  // earlier roundings stay in the cost
        REQUIRE(margind::test::widened(cost.quantity) == exact.quantity);
    }
}
