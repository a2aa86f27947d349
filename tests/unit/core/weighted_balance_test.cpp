#include "core/margin/weighted_balance.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;
using margind::test::narrowed;
using margind::test::widened;

namespace {

template <class N>
SidedWeights<N> asset() {
    using D = Decimals<N>;
    return {D::unit_price("2"), D::rate("0.9"), D::unit_price("2"), D::rate("1.1")};
}

template <class N>
WeightedValueOf<N> worth_of(const char* amount) {
    return value_of(Decimals<N>::money(amount)) * rate_one<N>();
}

}  // namespace

TEMPLATE_TEST_CASE("gains pay the debt first, then count as an asset", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto gain = [](const char* balance, const char* worth, const char* most) {
        return amount_to_gain(asset<TestType>(), D::money(balance), worth_of<TestType>(worth),
                              D::money(most));
    };
    CHECK(gain("-10", "11", "100") == D::money("5"));
    CHECK(gain("-10", "58", "100") == D::money("30"));  // 10 at 2.2, 20 at 1.8
    CHECK(gain("-10", "58", "29") == D::money("29"));
    CHECK(gain("-10", "58", "7") == D::money("7"));
    CHECK(gain("4", "3.6", "100") == D::money("2"));
    CHECK(gain("4", "0", "100") == D::money("0"));
}

TEMPLATE_TEST_CASE("losses take what is owned first, then owe", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const auto lose = [](const char* balance, const char* worth, const char* most) {
        return amount_to_lose(asset<TestType>(), D::money(balance), worth_of<TestType>(worth),
                              D::money(most));
    };
    CHECK(lose("40", "36", "100") == D::money("20"));
    CHECK(lose("5", "42", "100") == D::money("20"));  // 5 at 1.8, 15 at 2.2
    CHECK(lose("5", "42", "18") == D::money("18"));
    CHECK(lose("-5", "2.2", "100") == D::money("1"));
    CHECK(lose("5", "0", "100") == D::money("0"));
}

TEMPLATE_TEST_CASE("what counts for nothing moves nothing", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const SidedWeights<TestType> worthless{D::unit_price("1"), D::rate("0"), D::unit_price("1"),
                                           D::rate("1")};
    CHECK(amount_to_gain(worthless, D::money("-3"), worth_of<TestType>("5"), D::money("50")) ==
          D::money("50"));
    CHECK(amount_to_lose(worthless, D::money("3"), worth_of<TestType>("5"), D::money("50")) ==
          D::money("8"));
}

TEST_CASE("the amount found cures, and one unit less does not") {
    std::mt19937_64 random(3);
    const auto draw = [&](std::int64_t most) {
        return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most));
    };
    for (int i = 0; i < 2'000; ++i) {
        const SidedWeights<Ledger> one{
            UnitPrice::from_raw(draw(900'000'000)), Rate::from_raw(draw(100'000'000)),
            UnitPrice::from_raw(draw(900'000'000)), Rate::from_raw(draw(200'000'000))};
        const Money balance = Money::from_raw(draw(2'000'000'000) - 1'000'000'000);
        const auto wanted = WeightedValue::from_raw(Int128{draw(1'000'000'000)} * kScale * kScale);
        const Money most = Money::from_raw(std::int64_t{1} << 62);
        const Money gained = amount_to_gain(one, balance, wanted, most);
        const Money less = Money::from_raw(gained.raw() - 1);
        CHECK(worth(one, balance + gained) - worth(one, balance) >= wanted);
        CHECK(worth(one, balance + less) - worth(one, balance) < wanted);
        const Money lost = amount_to_lose(one, balance, wanted, most);
        const Money more = Money::from_raw(lost.raw() + 1);
        CHECK(worth(one, balance) - worth(one, balance - lost) <= wanted);
        CHECK(worth(one, balance) - worth(one, balance - more) > wanted);

        const SidedWeights<Extended> exact{widened(one.owned_price), widened(one.owned_weight),
                                           widened(one.owed_price), widened(one.owed_weight)};
        const auto exact_wanted =
            value_of(MoneyOf<Extended>::from_raw(
                Extended::Raw(static_cast<std::int64_t>(wanted.raw() / kScale / kScale)) *
                (Extended::scale() / kScale))) *
            rate_one<Extended>();
        CHECK(gained ==
              narrowed(amount_to_gain(exact, widened(balance), exact_wanted, widened(most)),
                       Rounding::up));
        CHECK(lost == narrowed(amount_to_lose(exact, widened(balance), exact_wanted, widened(most)),
                               Rounding::down));
    }
}
