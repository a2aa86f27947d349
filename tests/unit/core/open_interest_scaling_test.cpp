#include "core/margin/open_interest_scaling.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "core/margin/maintenance_fraction.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/extended.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Extended;
using margind::test::money;
using margind::test::narrowed;
using margind::test::rate;
using margind::test::widened;

namespace {

template <class N>
OpenInterestScaling<N> millionths(const char* lower, const char* upper) {
    return {
        .lower_cap = money<N>(lower), .upper_cap = money<N>(upper), .step = rate<N>("0.000001")};
}

Money random_money(std::mt19937_64& random) {
    return Money::from_raw(static_cast<std::int64_t>(random() >> 1 >> (random() % 50)));
}
Rate random_rate(std::mt19937_64& random) {
    return Rate::from_raw(static_cast<std::int64_t>(random() % (kScale + 1)));
}

}  // namespace

TEMPLATE_TEST_CASE("initial margin grows with open interest, from one cap to the other", "", Ledger,
                   Extended) {
    using N = TestType;
    const auto rule = millionths<N>("1000000", "2000000");
    const auto base = rate<N>("0.2");
    CHECK(scale_by_open_interest(rule, base, money<N>("1500000")) == rate<N>("0.6"));
    CHECK(scale_by_open_interest(rule, base, money<N>("1000000")) == base);
    CHECK(scale_by_open_interest(rule, base, money<N>("2000000")) == rate<N>("1"));
    CHECK(scale_by_open_interest(rule, base, money<N>("2500000")) == rate<N>("1"));
    // 0.2 + 0.8 * 0.234567 = 0.3876536, cut down to millionths.
    CHECK(scale_by_open_interest(rule, base, money<N>("1234567")) == rate<N>("0.387653"));
}

TEMPLATE_TEST_CASE("an upper cap of zero switches open interest off", "", Ledger, Extended) {
    using N = TestType;
    CHECK(scale_by_open_interest(millionths<N>("0", "0"), rate<N>("0.2"), money<N>("1500000")) ==
          rate<N>("0.2"));
}

TEST_CASE("without a step a scaled rate is rounded up") {
    const OpenInterestScaling<Ledger> rule{
        .lower_cap = Money(), .upper_cap = Money::from_raw(3), .step = Rate()};
    CHECK(scale_by_open_interest(rule, Rate(), Money::from_raw(1)).raw() == 33'333'334);
}

TEMPLATE_TEST_CASE("published rates are cut down to millionths", "", Ledger, Extended) {
    using N = TestType;
    const MaintenanceFraction<N> rule{.initial_rate = rate<N>("0.637239"),
                                      .fraction = rate<N>("0.289284")};
    const auto step = rate<N>("0.000001");
    CHECK(maintenance_rate(rule, step) == rate<N>("0.184343"));
    CHECK(funding_clamp(rule, rate<N>("6"), step) == rate<N>("2.717376"));
}

TEST_CASE("a scaled rate is the exact one, rounded up") {
    std::mt19937_64 random(11);
    Money before;
    for (int i = 0; i < 5000; ++i) {
        const Money cap = random_money(random);
        const Rate base = random_rate(random);
        const OpenInterestScaling<Ledger> scaling{
            .lower_cap = std::min(before, cap), .upper_cap = std::max(before, cap), .step = Rate()};
        const Money interest = random_money(random);
        const Rate scaled = scale_by_open_interest(scaling, base, interest);
        CHECK(scaled ==
              narrowed(scale_by_open_interest<Extended>({.lower_cap = widened(scaling.lower_cap),
                                                         .upper_cap = widened(scaling.upper_cap),
                                                         .step = {}},
                                                        widened(base), widened(interest)),
                       Rounding::up));
        CHECK(scaled >= base);
        CHECK(scaled <= kRateOne);
        before = cap;
    }
}
