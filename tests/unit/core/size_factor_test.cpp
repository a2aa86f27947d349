#include "core/margin/size_factor.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

#include <catch2/catch.hpp>

#include "tests/support/extended.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Extended;
using margind::test::widened;

namespace {

constexpr Quantity kOne = Quantity::from_raw(1'000'000);

Rate rate(double value) {
    return Rate::from_raw(static_cast<std::int64_t>(value * 1e8 + 0.5));
}
Quantity units(std::int64_t whole) {
    return Quantity::from_raw(whole * kOne.raw());
}
SizeFactor<Ledger> factor(double value) {
    return {.factor = rate(value)};
}

// The ledger's number with thirty decimals.
RateOf<Extended> widened(Rate value) {
    return RateOf<Extended>::from_raw(Extended::Raw(value.raw()) * (Extended::scale() / kScale));
}
}  // namespace

TEST_CASE("an integer square root is the floor or the ceiling of the root") {
    std::mt19937_64 random(20240607);
    const auto check = [](Int128 value) {
        const Int128 below = integer_square_root(value, Rounding::down);
        const Int128 above = integer_square_root(value, Rounding::up);
        CHECK(below * below <= value);
        CHECK((below + 1) * (below + 1) > value);
        CHECK(above == (below * below == value ? below : below + 1));
        CHECK(Extended::Raw(static_cast<std::int64_t>(below)) ==
              boost::multiprecision::sqrt(
                  (Extended::Raw(static_cast<std::int64_t>(value >> 63)) << 63) +
                  static_cast<std::int64_t>(value & INT64_MAX)));
    };
    for (int value = 0; value < 300; ++value) {
        check(value);
    }
    for (int i = 0; i < 2000; ++i) {
        const Int128 value = static_cast<Int128>(random() >> 2) << 64 | random();
        check(value >> (random() % 126));
        const auto root = static_cast<Int128>(random() >> 1 >> (random() % 62));
        check(root * root);
        check(root * root + 1);
    }
}

TEST_CASE("a large liability needs a premium, a large asset counts for less") {
    // Drift's own numbers: size 1000 of an asset weighed 0.9, owed at 1.1.
    CHECK(size_premium(factor(0.01), rate(1.1), units(1000), kOne).raw() == 119'622'777);
    CHECK(size_discount(factor(0.01), rate(0.9), units(1000), kOne).raw() == 83'572'161);
    CHECK(size_premium(factor(0.00001), rate(1.1), units(1000), kOne) == rate(1.1));
    CHECK(size_discount(factor(0.00001), rate(0.9), units(1000), kOne) == rate(0.9));
}

TEST_CASE("a factor of zero leaves every weight, whatever the size") {
    CHECK(size_premium(factor(0), rate(1.1), Quantity::from_raw(INT64_MAX), kOne) == rate(1.1));
    CHECK(size_discount(factor(0), rate(0.9), Quantity::from_raw(INT64_MAX), kOne) == rate(0.9));
    CHECK(reduced_size_premium(factor(0), rate(0.1), rate(0.02), units(9), kOne) == rate(0.02));
}

TEST_CASE("sizes are also amounts of money") {
    constexpr Money kDollar = Money::from_raw(kScale);
    const Money pnl = Money::from_raw(2'428'278'68960000);
    CHECK(size_discount(factor(0.001), rate(1.0), pnl, kDollar).raw() == 42'997'411);
}

TEST_CASE("more leverage is given back as the size grows") {
    const auto ratio = [](std::int64_t size) {
        return reduced_size_premium(factor(0.0002), rate(0.1), rate(0.01), units(size), kOne);
    };
    CHECK(ratio(0) == rate(0.01));
    // Growth 0.01 is half of the fifth of 0.1: half of the way from 0.01 to 0.1.
    CHECK(ratio(2500) == rate(0.055));
    CHECK(ratio(10'000) == rate(0.01));  // exactly the gap
    CHECK(ratio(40'000) == rate(0.12));
    CHECK(ratio(40'000) == size_premium(factor(0.0002), rate(0.1), units(40'000), kOne));
}

TEST_CASE("the ledger is the exact number rounded against the account, a step a rounding") {
    std::mt19937_64 random(7);
    const QuantityOf<Extended> one = widened(kOne);
    Quantity previous;
    for (int i = 0; i < 5000; ++i) {
        const SizeFactor<Ledger> rule{
            .factor = Rate::from_raw(static_cast<std::int64_t>(random() % kScale))};
        const SizeFactor<Extended> exact{.factor = widened(rule.factor)};
        const Rate base = Rate::from_raw(static_cast<std::int64_t>(random() % (2 * kScale)));
        const Quantity size =
            Quantity::from_raw(static_cast<std::int64_t>(random() >> 1 >> (random() % 60)));
        const Rate premium = size_premium(rule, base, size, kOne);
        const RateOf<Extended> premium_exact =
            std::min(size_premium(exact, widened(base), widened(size), one),
                     widened(Rate::from_raw(Ledger::kLargestRate)));
        CHECK(widened(premium) >= premium_exact);
        CHECK(widened(premium - Rate::from_raw(2)) < premium_exact);
        CHECK(premium >= base);

        const Rate growth = size_growth(rule, size, kOne, Rounding::up);
        CHECK(widened(growth) >= size_growth(exact, widened(size), one, Rounding::down));
        CHECK(widened(growth - Rate::from_raw(1)) <
              size_growth(exact, widened(size), one, Rounding::up));

        const Rate discount = size_discount(rule, base, size, kOne);
        const RateOf<Extended> discount_exact =
            size_discount(exact, widened(base), widened(size), one);
        CHECK(widened(discount) <= discount_exact);
        // A step of growth moves 1.1 / (1 + growth) by at most 1.1 steps.
        CHECK(widened(discount + Rate::from_raw(3)) > discount_exact);
        CHECK(discount <= base);

        // More of it never needs less, nor counts for more.
        const Quantity smaller = std::min(size, previous);
        CHECK(size_premium(rule, base, smaller, kOne) <= premium);
        CHECK(size_discount(rule, base, smaller, kOne) >= discount);
        previous = size;
    }
}
