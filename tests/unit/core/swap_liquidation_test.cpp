#include "core/margin/swap_liquidation.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

template <class N>
struct Sides {
    using D = Decimals<N>;
    SwapSide<N> asset{D::money("10"), D::money("10"), D::unit_price("1"), D::rate("0.8"),
                      D::rate("0")};
    SwapSide<N> debt{D::money("-9"), D::money("-9"), D::unit_price("1"), D::rate("1.2"),
                     D::rate("0")};

    Swap<N> at(const char* health, const char* max_repaid = "100") const {
        return swap_liquidation(D::money(health), asset, debt, D::money(max_repaid));
    }
};

}  // namespace

TEMPLATE_TEST_CASE("a swap repays what brings health to zero", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const Swap<TestType> swap = Sides<TestType>{}.at("-3.2");
    CHECK(swap.possible);
    CHECK(swap.repaid == D::money("8"));
    CHECK(swap.taken == D::money("8"));
    CHECK(Sides<TestType>{}.at("0").repaid == D::money("0"));
}

TEMPLATE_TEST_CASE("a swap ends at its limits", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    Sides<TestType> sides;
    CHECK(sides.at("-3.2", "2").repaid == D::money("2"));
    CHECK(sides.at("-100").repaid == D::money("9"));  // the debt
    sides.asset.balance = D::money("4");
    CHECK(sides.at("-100").repaid == D::money("4"));  // what the asset pays for
    sides.asset.balance_with_contracts = D::money("3");
    CHECK(sides.at("-100").repaid == D::money("3"));
    sides.debt.balance_with_contracts = D::money("-1");
    CHECK(sides.at("-100").repaid == D::money("1"));
}

TEMPLATE_TEST_CASE("a swap needs an asset and a debt", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    Sides<TestType> sides;
    sides.asset.balance_with_contracts = D::money("0");
    CHECK_FALSE(sides.at("-1").possible);
    sides = {};
    sides.debt.balance = D::money("1");
    CHECK_FALSE(sides.at("-1").possible);
}

TEMPLATE_TEST_CASE("fees make a swap dearer", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    Sides<TestType> sides;
    sides.asset.fees = D::rate("0.1");
    sides.debt.price = D::unit_price("2");
    const Swap<TestType> swap = sides.at("-3.2");  // frees 2 (1.2 - 1.1 0.8) = 0.64 a unit
    CHECK(swap.repaid <= D::money("4.54545455"));  // what 10 pay for at 2.2
    CHECK(swap.repaid >= D::money("4.54545454"));
    CHECK(sides.at("-1.28").repaid == D::money("2"));
    CHECK(sides.at("-1.28").taken == D::money("4.4"));
}

TEST_CASE("where a swap frees nothing, only its limits count") {
    Sides<Ledger> sides;
    using D = Decimals<Ledger>;
    sides.debt.weight = D::rate("0.8");
    CHECK(sides.at("-1").repaid == D::money("9"));
}

TEST_CASE(
    "after a swap that no limit stopped, health is not below zero, and by no more than dust") {
    std::mt19937_64 random(5);
    const auto draw = [&](std::int64_t least, std::int64_t most) {
        return least +
               static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least));
    };
    for (int i = 0; i < 2'000; ++i) {
        Sides<Ledger> sides;
        sides.asset.price = UnitPrice::from_raw(draw(1'000'000, 900'000'000));
        sides.debt.price = UnitPrice::from_raw(draw(1'000'000, 900'000'000));
        sides.asset.weight = Rate::from_raw(draw(50'000'000, 95'000'000));
        sides.debt.weight = Rate::from_raw(draw(115'000'000, 200'000'000));
        sides.asset.fees = Rate::from_raw(draw(0, 5'000'000));
        sides.debt.fees = Rate::from_raw(draw(0, 5'000'000));
        sides.asset.balance = sides.asset.balance_with_contracts =
            Money::from_raw(draw(100'000'000'000, 900'000'000'000));
        sides.debt.balance = sides.debt.balance_with_contracts =
            Money::from_raw(-draw(100'000'000'000, 900'000'000'000));
        const Money health = Money::from_raw(-draw(1, 50'000'000));
        const auto swap = swap_liquidation(health, sides.asset, sides.debt,
                                           Money::from_raw(std::int64_t{1} << 62));
        REQUIRE(swap.repaid < -sides.debt.balance);
        const auto change = swap.repaid * sides.debt.price * sides.debt.weight -
                            swap.taken * sides.asset.price * sides.asset.weight;
        const Money after = health + round_down(change);
        CHECK(after.raw() >= 0);
        CHECK(after.raw() <= 100);
    }
}
