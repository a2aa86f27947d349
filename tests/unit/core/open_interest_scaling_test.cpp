#include "core/margin/open_interest_scaling.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "core/margin/maintenance_fraction.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/extended.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::decimals;
using margind::test::Extended;
using margind::test::narrowed;
using margind::test::widened;

namespace {

template <class N>
RateOf<N> rate(const char* text) {
    return decimals<RateOf<N>>(text);
}
template <class N>
MoneyOf<N> money(const char* text) {
    return decimals<MoneyOf<N>>(text);
}
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

TEMPLATE_TEST_CASE("maintenance is a fraction of initial margin, both rounded up", "", Ledger,
                   Extended) {
    using N = TestType;
    const MarginFractions<N> rule{.initial_rate = rate<N>("0.25"),
                                  .maintenance_fraction = rate<N>("0.6"),
                                  .step = rate<N>("0.000001")};
    const auto one = money<N>("1");
    // 1003 * 0.25 = 250.75 -> 251; 251 * 0.6 = 150.6 -> 151, where 1003 * 0.15 = 150.45.
    CHECK(initial_requirement(money<N>("-1003"), rule.initial_rate, rate<N>("0"), one) ==
          money<N>("251"));
    CHECK(maintenance_requirement(rule, money<N>("-1003"), one) == money<N>("151"));
    CHECK(maintenance_requirement(rule, money<N>("1003"), MoneyOf<N>()) == money<N>("150.45"));
    // A floor of the owner's raises initial margin alone.
    CHECK(initial_requirement(money<N>("100"), rule.initial_rate, rate<N>("0.5"), one) ==
          money<N>("50"));
    CHECK(initial_requirement(money<N>("100"), rule.initial_rate, rate<N>("0.1"), one) ==
          money<N>("25"));
}

TEMPLATE_TEST_CASE("published rates are cut down to millionths", "", Ledger, Extended) {
    using N = TestType;
    const MarginFractions<N> rule{.initial_rate = rate<N>("0.637239"),
                                  .maintenance_fraction = rate<N>("0.289284"),
                                  .step = rate<N>("0.000001")};
    CHECK(maintenance_rate(rule) == rate<N>("0.184343"));
    CHECK(funding_clamp(rule, rate<N>("6")) == rate<N>("2.717376"));
}

TEST_CASE("margins in quanta are the exact margins rounded up, twice for maintenance") {
    std::mt19937_64 random(11);
    const Money quantum = Money::from_raw(100);
    Money before;
    for (int i = 0; i < 5000; ++i) {
        const Money notional = random_money(random);
        const MarginFractions<Ledger> rule{.initial_rate = random_rate(random),
                                           .maintenance_fraction = random_rate(random),
                                           .step = Rate()};
        const MarginFractions<Extended> exact{
            .initial_rate = widened(rule.initial_rate),
            .maintenance_fraction = widened(rule.maintenance_fraction),
            .step = {}};
        CHECK(widened(initial_requirement(notional, rule.initial_rate, Rate(), quantum)) ==
              initial_requirement(widened(notional), exact.initial_rate, {}, widened(quantum)));
        CHECK(widened(maintenance_requirement(rule, notional, quantum)) ==
              maintenance_requirement(exact, widened(notional), widened(quantum)));
        // Without a step, only the last decimal is rounded.
        const OpenInterestScaling<Ledger> scaling{.lower_cap = std::min(before, notional),
                                                  .upper_cap = std::max(before, notional),
                                                  .step = Rate()};
        const Money interest = random_money(random);
        CHECK(scale_by_open_interest(scaling, rule.initial_rate, interest) ==
              narrowed(scale_by_open_interest<Extended>({.lower_cap = widened(scaling.lower_cap),
                                                         .upper_cap = widened(scaling.upper_cap),
                                                         .step = {}},
                                                        exact.initial_rate, widened(interest)),
                       Rounding::up));
        before = notional;
    }
}
