#include "core/margin/notional_tiers.hpp"

#include <array>
#include <cstdint>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::decimals;
using margind::test::Decimals;
using margind::test::Extended;
using margind::test::Random;
using margind::test::widened;

namespace {

template <class N>
std::array<NotionalTier<N>, 4> bitcoin_tiers() {
    using D = Decimals<N>;
    return {{{D::money("0"), D::rate("0.004")},
             {D::money("50000"), D::rate("0.005")},
             {D::money("250000"), D::rate("0.01")},
             {D::money("1000000"), D::rate("0.025")}}};
}

// The same by its definition: each part of the amount at the rate of its own tier.
WeightedValue by_parts(NotionalTiers<Ledger> tiers, const Value& amount) {
    WeightedValue sum;
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        const Value from = value_of(tiers[i].from);
        const Value to =
            i + 1 < tiers.size() ? std::min(amount, value_of(tiers[i + 1].from)) : amount;
        if (from < to) {
            sum += (to - from) * tiers[i].rate;
        }
    }
    return sum;
}

}  // namespace

TEMPLATE_TEST_CASE("deductions are the maintenance amounts that the venue prints", "", Ledger,
                   Extended) {
    const auto rows = bitcoin_tiers<TestType>();
    const NotionalTiers<TestType> tiers(rows);
    const char* const printed[] = {"0", "50", "1300", "16300"};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CHECK(round_down(tier_deduction(tiers, i)) == Decimals<TestType>::money(printed[i]));
        CHECK(round_up(tier_deduction(tiers, i)) == Decimals<TestType>::money(printed[i]));
    }
}

TEST_CASE("an amount on a bound needs the same in the tier above and the tier below") {
    const auto rows = bitcoin_tiers<Ledger>();
    const NotionalTiers<Ledger> tiers(rows);
    CHECK(tier_of(tiers, Value{}) == 0);
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const Value bound = value_of(rows[i].from);
        CHECK(tier_of(tiers, bound) == i);
        CHECK(tier_of(tiers, bound, OnBound::lower) == i - 1);
        CHECK(tier_of(tiers, bound + Value::from_raw(1), OnBound::lower) == i);
        CHECK(tier_of(tiers, bound - Value::from_raw(1)) == i - 1);
        CHECK(bound * rows[i].rate - tier_deduction(tiers, i) ==
              bound * rows[i - 1].rate - tier_deduction(tiers, i - 1));
    }
}

TEST_CASE("tiers with deductions are the sum of the parts in each tier, in both widths") {
    const auto rows = bitcoin_tiers<Ledger>();
    const auto wide_rows = bitcoin_tiers<Extended>();
    const NotionalTiers<Ledger> tiers(rows);
    Random random(41);
    for (int i = 0; i < 2000; ++i) {
        const Money amount = Money::from_raw(static_cast<std::int64_t>(random.unit() * 2e6 * 1e8));
        const WeightedValue required = tiered(tiers, value_of(amount));
        CHECK(required == by_parts(tiers, value_of(amount)));
        CHECK(widened(round_up(required)).raw() >=
              tiered(NotionalTiers<Extended>(wide_rows), value_of(widened(amount))).raw() /
                  Extended::scale() / Extended::scale());
    }
}
