#include "core/margin/liquidation_size.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"
#include "tests/support/extended.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Extended;
using margind::test::money;
using margind::test::rate;
using margind::test::widened;

namespace {

constexpr const char* kUnlimited = "50000000000";

template <class N>
LiquidationLimits<N> limits(const char* min_notional, const char* max_portion,
                            const char* account_notional) {
    return {.min_notional = money<N>(min_notional),
            .max_portion = rate<N>(max_portion),
            .account_notional = money<N>(account_notional)};
}

// A price of 500 for each raw unit of quantity: 500 * 1e16.
constexpr Price kPrice = Price::from_raw(500);
constexpr ContractScale kWhole = ContractScale::from_factor(10'000'000'000'000'000);

std::int64_t liquidated(const LiquidationLimits<Ledger>& rule, std::int64_t position,
                        std::int64_t step) {
    return liquidation_quantity(rule, kWhole, kPrice, Quantity::from_raw(position),
                                Quantity::from_raw(step), Money::from_raw(kScale))
        .raw();
}

}  // namespace

TEMPLATE_TEST_CASE("a portion of a position may go, but no less than the least", "", Ledger,
                   Extended) {
    using N = TestType;
    const auto rule = limits<N>("1000", "0.4", kUnlimited);
    const auto range = [&](const char* notional) {
        return liquidatable_notional(rule, money<N>(notional), money<N>("1"));
    };
    CHECK(range("9999").least == money<N>("1000"));
    CHECK(range("9999").most == money<N>("3999"));
    CHECK(range("2000").most == money<N>("1000"));
    CHECK(range("700").least == money<N>("700"));
    CHECK(range("700").most == money<N>("700"));
}

TEST_CASE("what is worth the limit goes, in whole steps") {
    // Worth 70'000; a tenth of it is 14 units.
    CHECK(liquidated(limits<Ledger>("1", "0.1", kUnlimited), 140, 5) == 10);
    CHECK(liquidated(limits<Ledger>("1", "0.1", kUnlimited), -140, 5) == -10);
    CHECK(liquidated(limits<Ledger>("1", "0.1", kUnlimited), 20, 5) == 5);  // at least a step
    CHECK(liquidated(limits<Ledger>("1", "0.1", kUnlimited), 5, 10) == 5);  // at most all
    CHECK(liquidated(limits<Ledger>("1000", "0.5", kUnlimited), 21, 3) == 9);
    CHECK(liquidated(limits<Ledger>("1000000", "0.5", kUnlimited), 140, 5) == 140);
    CHECK(liquidated(limits<Ledger>("1", "1", "25000"), 140, 5) == 50);  // the account's limit
}

TEST_CASE("a liquidation keeps to its limits, to its step and to the position") {
    std::mt19937_64 random(5);
    for (int i = 0; i < 5000; ++i) {
        const auto size = static_cast<std::int64_t>(random() % 10'000'000 + 1);
        const auto step = static_cast<std::int64_t>(random() % 1000 + 1);
        const LiquidationLimits<Ledger> rule{
            .min_notional =
                Money::from_raw(static_cast<std::int64_t>(random() % 1'000'000) * kScale),
            .max_portion = Rate::from_raw(static_cast<std::int64_t>(random() % kScale)),
            .account_notional =
                Money::from_raw(static_cast<std::int64_t>(random() % 2'000'000'000) * kScale)};
        const std::int64_t quantity = liquidated(rule, size, step);
        CHECK(quantity > 0);
        CHECK(quantity <= size);
        CHECK(liquidated(rule, -size, step) == -quantity);
        const Money limit = std::min(
            liquidatable_notional(rule, Money::from_raw(size * 500 * kScale), Money()).most,
            rule.account_notional);
        if (quantity != size) {
            CHECK(quantity % step == 0);
            CHECK((quantity == step || quantity * 500 * kScale <= limit.raw()));
            CHECK((quantity + step) * 500 * kScale > limit.raw());
        }
        const LiquidationLimits<Extended> exact{.min_notional = widened(rule.min_notional),
                                                .max_portion = widened(rule.max_portion),
                                                .account_notional = widened(rule.account_notional)};
        CHECK(liquidation_quantity(
                  exact, widened(kWhole), widened(kPrice), widened(Quantity::from_raw(size)),
                  widened(Quantity::from_raw(step)), widened(Money::from_raw(kScale)))
                  .raw() == quantity);
    }
}

TEMPLATE_TEST_CASE("more of a shortage may be cured as time passes", "", Ledger, Extended) {
    using N = TestType;
    const LiquidationRamp<N> rule{.initial_share = rate<N>("0.1"), .duration = 100};
    const auto share = [&](const char* shortage, const char* freed, std::int64_t elapsed) {
        return liquidation_share(rule, money<N>(shortage), money<N>(freed), elapsed);
    };
    CHECK(share("100", "0", 0) == rate<N>("0.1"));
    CHECK(share("100", "0", 40) == rate<N>("0.5"));
    CHECK(share("100", "0", 95) == rate<N>("1"));
    CHECK(share("100", "0", 1000) == rate<N>("1"));
    CHECK(share("49.99", "0", 0) == rate<N>("1"));  // too small to wait
    CHECK(share("50", "0", 0) == rate<N>("0.1"));
    // 60 of 160 are cured already: half of the whole leaves 20 of 100.
    CHECK(share("100", "60", 40) == rate<N>("0.2"));
    CHECK(share("100", "60", 0) == rate<N>("0"));
}

TEST_CASE("a share never shrinks with time and is rounded down") {
    std::mt19937_64 random(23);
    for (int i = 0; i < 5000; ++i) {
        const LiquidationRamp<Ledger> rule{
            .initial_share = Rate::from_raw(static_cast<std::int64_t>(random() % kScale)),
            .duration = static_cast<std::int64_t>(random() % 10'000)};
        const Money shortage =
            Money::from_raw(static_cast<std::int64_t>(random() % (1000 * kScale)));
        const Money freed = Money::from_raw(static_cast<std::int64_t>(random() % (500 * kScale)));
        const auto elapsed = static_cast<std::int64_t>(random() % 12'000);
        const Rate share = liquidation_share(rule, shortage, freed, elapsed);
        CHECK(share <= liquidation_share(rule, shortage, freed, elapsed + 1));
        CHECK(share <= kRateOne);
        const LiquidationRamp<Extended> exact_rule{.initial_share = widened(rule.initial_share),
                                                   .duration = rule.duration};
        const auto exact =
            liquidation_share(exact_rule, widened(shortage), widened(freed), elapsed);
        CHECK(widened(share) <= exact);
        // One step of the elapsed share, grown by what was freed, one of the product, one of the
        // quotient: a step of money is much less than a step of the share for 50 and more.
        CHECK(widened(share + Rate::from_raw(14)) > exact);
    }
}
