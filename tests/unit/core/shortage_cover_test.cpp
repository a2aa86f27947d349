#include "core/margin/shortage_cover.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "core/margin/liquidation_fee.hpp"
#include "core/margin/loss_sharing.hpp"
#include "tests/support/decimals.hpp"
#include "tests/support/extended.hpp"
#include "tests/support/widened.hpp"

using namespace margind::core;
using margind::test::Extended;
using margind::test::money;
using margind::test::narrowed;
using margind::test::rate;
using margind::test::unit_price;
using margind::test::widened;

namespace {

template <class N>
CollateralSwap<N> swap(const char* asset_weight, const char* asset_multiplier,
                       const char* liability_weight, const char* liability_multiplier) {
    return {.asset_weight = rate<N>(asset_weight),
            .asset_multiplier = rate<N>(asset_multiplier),
            .liability_weight = rate<N>(liability_weight),
            .liability_multiplier = rate<N>(liability_multiplier)};
}
CollateralSwap<Extended> widened_swap(const CollateralSwap<Ledger>& s) {
    return {.asset_weight = widened(s.asset_weight),
            .asset_multiplier = widened(s.asset_multiplier),
            .liability_weight = widened(s.liability_weight),
            .liability_multiplier = widened(s.liability_multiplier)};
}

// Prices of 0.01, quantities of 1e-9.
constexpr ContractScale kContract = ContractScale::from_factor(100'000);
constexpr Price kHundred = Price::from_raw(10'000);

Rate random_rate(std::mt19937_64& random, std::int64_t from, std::int64_t to) {
    const auto width = static_cast<std::uint64_t>(to - from);
    return Rate::from_raw(from + static_cast<std::int64_t>(random() % width));
}
Money random_money(std::mt19937_64& random) {
    return Money::from_raw(static_cast<std::int64_t>(random() >> 12 >> (random() % 45)));
}

}  // namespace

TEST_CASE("the quantity that covers a shortage is rounded up") {
    const auto cover = [](const char* ratio, const char* fee, const char* insurance,
                          const char* quote) {
        return quantity_to_cover<Ledger>({.margin_ratio = rate<Ledger>(ratio),
                                          .liquidation_fee = rate<Ledger>(fee),
                                          .insurance_fee = rate<Ledger>(insurance)},
                                         money<Ledger>("10"), kHundred, kContract,
                                         unit_price<Ledger>(quote));
    };
    CHECK(cover("0.1", "0", "0", "0.99")->raw() == 1'010'101'011);
    CHECK(cover("0.1", "0", "0", "1.01")->raw() == 990'099'010);
    CHECK(cover("0.1", "0.01", "0.01", "1")->raw() == 1'250'000'000);
    CHECK_FALSE(cover("0.1", "0.1", "0", "1"));
    CHECK_FALSE(cover("0.1", "0.05", "0.05", "1"));
}

TEMPLATE_TEST_CASE("paying back a debt frees the difference of the weights", "", Ledger, Extended) {
    using N = TestType;
    const auto cover = [](const CollateralSwap<N>& weights, const char* insurance) {
        return liability_to_cover(weights, rate<N>(insurance), money<N>("10"),
                                  unit_price<N>("100"));
    };
    CHECK(cover(swap<N>("0.8", "1", "1.2", "1"), "0") == money<N>("0.25"));
    CHECK(cover(swap<N>("0.8", "1", "1.2", "1"), "0.1") > money<N>("0.35"));
    CHECK_FALSE(cover(swap<N>("1", "1", "1", "0.75"), "0"));
    CHECK_FALSE(cover(swap<N>("1", "1", "1", "1"), "0"));
}

TEST_CASE("what is paid back covers the shortage, and a step less does not") {
    std::mt19937_64 random(31);
    for (int i = 0; i < 5000; ++i) {
        const CollateralSwap<Ledger> weights{
            .asset_weight = random_rate(random, kScale / 2, kScale),
            .asset_multiplier = random_rate(random, kScale, kScale * 11 / 10),
            .liability_weight = random_rate(random, kScale, kScale * 3 / 2),
            .liability_multiplier = random_rate(random, kScale * 9 / 10, kScale)};
        const Rate insurance = random_rate(random, 0, kScale / 50);
        const Money shortage = random_money(random);
        const UnitPrice price = UnitPrice::from_raw(
            static_cast<std::int64_t>(random() % (1000 * kScale) + kScale / 100));
        const auto amount = liability_to_cover(weights, insurance, shortage, price);
        const Rate freed =
            freed_by_swap(weights) - product(insurance, weights.liability_weight, Rounding::up);
        CHECK(amount.has_value() == (freed.raw() > 0));
        CHECK(freed_by_swap(weights) ==
              narrowed(freed_by_swap(widened_swap(weights)), Rounding::down));
        if (!amount) {
            continue;
        }
        const auto needed = value_of(shortage).raw() * kScale;
        CHECK((*amount * price * freed).raw() >= needed);
        CHECK(((*amount - Money::from_raw(1)) * price * freed).raw() < needed);
    }
}

TEMPLATE_TEST_CASE("assets and liabilities change hands at their multipliers", "", Ledger,
                   Extended) {
    using N = TestType;
    const SwapPrices<N> prices{.asset = unit_price<N>("1"), .liability = unit_price<N>("100")};
    CHECK(implied_liability(swap<N>("1", "1", "1", "1"), prices, money<N>("10")) ==
          money<N>("0.1"));
    const auto fees = swap<N>("1", "1.01", "1", "1");
    CHECK(asset_transfer(fees, prices, money<N>("500"), money<N>("1"), money<N>("1")) ==
          money<N>("101"));
    // Less than 1 would remain: all of it goes. So it does where there is not enough.
    CHECK(asset_transfer(fees, prices, money<N>("101.99"), money<N>("1"), money<N>("1")) ==
          money<N>("101.99"));
    CHECK(asset_transfer(fees, prices, money<N>("102"), money<N>("1"), money<N>("1")) ==
          money<N>("101"));
    CHECK(asset_transfer(fees, prices, money<N>("60"), money<N>("1"), money<N>("1")) ==
          money<N>("60"));
    CHECK(swap_returns_enough(fees, prices, money<N>("101"), money<N>("1")));
    CHECK_FALSE(swap_returns_enough(fees, prices, money<N>("101"), money<N>("0.999")));
    CHECK(within_limit(unit_price<N>("0.01"), money<N>("1"), money<N>("100")));
    CHECK_FALSE(within_limit(unit_price<N>("0.01"), money<N>("0.1"), money<N>("100")));
}

TEST_CASE("a swap's other side is the exact amount, rounded against the account's debt") {
    std::mt19937_64 random(37);
    for (int i = 0; i < 5000; ++i) {
        const CollateralSwap<Ledger> fees{
            .asset_weight = Rate(),
            .asset_multiplier = random_rate(random, kScale, kScale * 11 / 10),
            .liability_weight = Rate(),
            .liability_multiplier = random_rate(random, kScale * 9 / 10, kScale)};
        const SwapPrices<Ledger> prices{
            .asset =
                UnitPrice::from_raw(static_cast<std::int64_t>(random() % (100 * kScale) + kScale)),
            .liability =
                UnitPrice::from_raw(static_cast<std::int64_t>(random() % (100 * kScale) + kScale))};
        const SwapPrices<Extended> exact{.asset = widened(prices.asset),
                                         .liability = widened(prices.liability)};
        const Money amount = random_money(random);
        const Money liability = implied_liability(fees, prices, amount);
        CHECK(liability == narrowed(implied_liability(widened_swap(fees), exact, widened(amount)),
                                    Rounding::up));
        CHECK(swap_returns_enough(fees, prices, amount, liability));
        if (liability.raw() > 0) {
            CHECK_FALSE(swap_returns_enough(fees, prices, amount, liability - Money::from_raw(1)));
        }
        const Money dust = Money::from_raw(kScale);
        CHECK(asset_transfer(fees, prices, amount, liability, dust) <= amount);
    }
}

TEMPLATE_TEST_CASE("a liquidator's fee grows once the grace is over", "", Ledger, Extended) {
    using N = TestType;
    const FeeRamp<N> ramp{.base = rate<N>("0.02"),
                          .max = rate<N>("0.05"),
                          .grace = 1500,
                          .increase = rate<N>("0.000001")};
    CHECK(fee_after(ramp, 10) == rate<N>("0.02"));
    CHECK(fee_after(ramp, 1499) == rate<N>("0.02"));
    CHECK(fee_after(ramp, 1500) == rate<N>("0.0215"));
    CHECK(fee_after(ramp, 10'000) == rate<N>("0.03"));
    CHECK(fee_after(ramp, 1'000'000) == rate<N>("0.05"));
}

TEMPLATE_TEST_CASE("insurance takes what the margin can spare", "", Ledger, Extended) {
    using N = TestType;
    const PerpetualInsuranceFee<N> perpetual{.margin_ratio = rate<N>("0.05"),
                                             .liquidator_fee = rate<N>("0.01"),
                                             .max_fee = rate<N>("0.05")};
    const auto value = value_of(money<N>("1000"));
    CHECK(perpetual_insurance_fee(perpetual, money<N>("1"), value) == rate<N>("0.03705"));
    CHECK(perpetual_insurance_fee(perpetual, money<N>("40"), value) == rate<N>("0"));
    CHECK(perpetual_insurance_fee(perpetual, money<N>("4000"), value) == rate<N>("0"));
    CHECK(perpetual_insurance_fee(perpetual, money<N>("1"), ValueOf<N>()) == rate<N>("0"));

    const auto weights = swap<N>("1", "1.01", "1.1", "1");
    const auto hundred = value_of(money<N>("100"));
    const auto debt = [&](const char* shortage) {
        return debt_insurance_fee(weights, rate<N>("0.05"), money<N>(shortage), hundred);
    };
    CHECK(debt("1") == rate<N>("0.05"));
    CHECK(debt("6.8") == rate<N>("0.02"));  // 0.022 / 1.1
    CHECK(debt("100") == rate<N>("0"));
    CHECK(debt_insurance_fee(weights, rate<N>("0.05"), money<N>("1"), ValueOf<N>()) ==
          rate<N>("0"));
}

TEMPLATE_TEST_CASE("a bankrupt account's loss is shared by everybody who is left", "", Ledger,
                   Extended) {
    using N = TestType;
    const auto units = [](std::int64_t raw) { return QuantityOf<N>::from_raw(raw); };
    CHECK(loss_per_unit(money<N>("-110"), units(700), units(-400), units(100)) == money<N>("10"));
    CHECK(loss_per_unit(money<N>("-110"), units(0), units(0), units(100)) == money<N>("0"));
    // 100 / 11, up.
    const auto up = loss_per_unit(money<N>("100"), units(7), units(-4), units(1));
    CHECK(up.wide() * 11 >= money<N>("100").wide());
    CHECK((up.wide() - 1) * 11 < money<N>("100").wide());

    CHECK(interest_index_drop(money<N>("-12"), money<N>("120")) == rate<N>("0.1"));
    CHECK(interest_index_drop(money<N>("12"), money<N>("0")) == rate<N>("0"));
    const auto drop = interest_index_drop(money<N>("11"), money<N>("120"));
    CHECK(drop.wide() * 120 >= money<N>("11").wide());
    CHECK((drop.wide() - 1) * 120 < money<N>("11").wide());
}

TEST_CASE("rates of fees are the exact ones, rounded down") {
    std::mt19937_64 random(41);
    for (int i = 0; i < 5000; ++i) {
        const PerpetualInsuranceFee<Ledger> rule{
            .margin_ratio = random_rate(random, 0, kScale / 2),
            .liquidator_fee = random_rate(random, 0, kScale / 10),
            .max_fee = random_rate(random, 0, kScale / 10)};
        const PerpetualInsuranceFee<Extended> exact{.margin_ratio = widened(rule.margin_ratio),
                                                    .liquidator_fee = widened(rule.liquidator_fee),
                                                    .max_fee = widened(rule.max_fee)};
        const Money shortage = random_money(random);
        const Money value = random_money(random);
        const Rate fee = perpetual_insurance_fee(rule, shortage, value_of(value));
        const auto fee_exact =
            perpetual_insurance_fee(exact, widened(shortage), value_of(widened(value)));
        CHECK(widened(fee) <= fee_exact);
        CHECK(widened(fee + Rate::from_raw(2)) > fee_exact);
    }
}
