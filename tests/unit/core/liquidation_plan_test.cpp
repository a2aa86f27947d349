#include "core/engine/liquidation_plan.hpp"

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/ladder.hpp"
#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

// A venue with n instruments at 100, 10 % / 5 %, liquidation fee 0.5 %, USD only.
struct Scene {
    RiskParameters parameters;
    std::vector<InstrumentRow> instruments;
    std::vector<AssetRow> assets{{kUnitPriceOne, kRateOne, kRateOne}};

    explicit Scene(std::size_t n) {
        parameters.assets.push_back({.name = "USD", .haircut = {}});
        for (std::size_t i = 0; i < n; ++i) {
            parameters.instruments.push_back(instrument("I" + std::to_string(i), AssetId(0)));
            InstrumentRow row;
            row.mark = price(100);
            row.scale = ContractScale::from_factor(1);
            row.tier_count = 1;
            row.tiers[0] = {notional(0), {rate(0.10), rate(0.05)}};
            instruments.push_back(row);
        }
    }
    MarketView view() const { return {instruments, assets}; }
};

// The account after the plan was carried out at the marks.
Evaluation after(const Scene& scene, std::vector<BalanceRow> balances,
                 std::vector<PositionRow> positions, const LiquidationPlan& plan,
                 std::int64_t less_of_last = 0) {
    for (std::size_t s = 0; s < plan.size; ++s) {
        const PlanStep& step = plan.steps[s];
        const std::int64_t size = step.quantity.raw() - (s + 1 == plan.size ? less_of_last : 0);
        for (PositionRow& p : positions) {
            if (p.instrument != step.instrument) continue;
            const InstrumentRow& row = scene.instruments[p.instrument.index()];
            const Quantity closed = Quantity::from_raw(p.quantity.raw() < 0 ? -size : size);
            balances[0].amount =
                balances[0].amount + round_down(row.scale.gain(p.entry_price, row.mark, closed)) -
                round_up(magnitude(row.scale.value(row.mark, closed)) * rate(0.005));
            p.quantity = p.quantity - closed;
        }
    }
    return evaluate({balances, positions}, scene.view());
}

}  // namespace

TEST_CASE("the plan restores the target, and one lot less of its last step does not") {
    constexpr std::uint64_t kSeed = 51;
    Random random(kSeed);
    int planned = 0;
    for (int round = 0; round < 500; ++round) {
        Scene scene(1 + random.below(6));
        std::vector<PositionRow> positions;
        for (std::uint32_t i = 0; i < scene.instruments.size(); ++i) {
            const double size = (random.chance(0.5) ? 1 : -1) * (0.5 + random.unit() * 50);
            positions.push_back(
                {InstrumentId(i), 0, quantity(size), price(90 + random.unit() * 20)});
        }
        std::vector<BalanceRow> balances{{AssetId(0), money(random.unit() * 800)}};
        const Evaluation before = evaluate({balances, positions}, scene.view());
        if (breached_state(before, scene.parameters.ladder) != MarginState::liquidation) continue;
        ++planned;
        const LiquidationPlan plan =
            plan_liquidation({balances, positions}, scene.view(), scene.parameters);
        INFO("seed " << kSeed << ", round " << round);
        REQUIRE(plan.size > 0);
        const Evaluation cured = after(scene, balances, positions, plan);
        bool everything = plan.size == positions.size();
        for (std::size_t s = 0; s < plan.size; ++s) {
            for (const PositionRow& p : positions) {
                if (p.instrument == plan.steps[s].instrument) {
                    everything = everything && magnitude(p.quantity) == plan.steps[s].quantity;
                    CHECK(plan.steps[s].side == (p.quantity.raw() > 0 ? Side::sell : Side::buy));
                }
            }
        }
        CHECK((meets(cured, scene.parameters.ladder.liquidation_target) || everything));
        if (!everything) {
            CHECK_FALSE(meets(after(scene, balances, positions, plan, 1),
                              scene.parameters.ladder.liquidation_target));
        }
    }
    CHECK(planned > 50);
}

TEST_CASE("the largest requirement is closed first") {
    Scene scene(3);
    const std::vector<BalanceRow> balances{{AssetId(0), money(60)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(1), price(100)},
                                             {InstrumentId(1), 0, quantity(-10), price(100)},
                                             {InstrumentId(2), 0, quantity(5), price(100)}};
    const LiquidationPlan plan =
        plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    REQUIRE(plan.size == 1);
    CHECK(plan.steps[0].instrument == InstrumentId(1));
    CHECK(plan.steps[0].side == Side::buy);
    CHECK(plan.complete);
}

TEST_CASE("whole lots only, the odd rest only with the whole position") {
    Scene scene(1);
    scene.parameters.instruments[0].lot = quantity(0.5);
    const std::vector<BalanceRow> balances{{AssetId(0), money(49)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10.2), price(100)}};
    const LiquidationPlan plan =
        plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    REQUIRE(plan.size == 1);
    CHECK(plan.steps[0].quantity.raw() % quantity(0.5).raw() == 0);
}

TEST_CASE("a bankrupt account closes everything, and says when that is not all") {
    Scene scene(12);
    const std::vector<BalanceRow> balances{{AssetId(0), money(-5)}};
    std::vector<PositionRow> positions;
    for (std::uint32_t i = 0; i < 3; ++i) {
        positions.push_back({InstrumentId(i), 0, quantity(1), price(100)});
    }
    LiquidationPlan plan = plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    CHECK(plan.size == 3);
    CHECK(plan.complete);
    for (std::uint32_t i = 3; i < 12; ++i) {
        positions.push_back({InstrumentId(i), 0, quantity(1), price(100)});
    }
    plan = plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    CHECK(plan.size == kMaxPlanSteps);
    CHECK_FALSE(plan.complete);
}

TEST_CASE("with a weighted settlement asset the bankruptcy price is on the safe side") {
    constexpr std::uint64_t kSeed = 53;
    Random random(kSeed);
    for (int round = 0; round < 2000; ++round) {
        Scene scene(1);
        scene.assets[0] = {UnitPrice::from_raw(98'000'000), rate(0.95), rate(1.1)};
        const double size = (random.chance(0.5) ? 1 : -1) * (0.1 + random.unit() * 50);
        const std::vector<PositionRow> positions{
            {InstrumentId(0), 0, quantity(size), price(90 + random.unit() * 20)}};
        const std::vector<BalanceRow> balances{{AssetId(0), money(random.unit() * 600 - 100)}};
        const Price p = bankruptcy_price({balances, positions}, 0, scene.view(), scene.parameters);
        if (p.raw() == 0) continue;
        INFO("seed " << kSeed << ", round " << round);
        scene.instruments[0].mark = p;
        CHECK(evaluate({balances, positions}, scene.view()).equity.raw() >= 0);
    }
}

// The price is computed from the rounded equity, so the last tick may be worth less than the
// smallest unit of money; for less than one contract several are.
TEST_CASE("at the bankruptcy price equity is still not negative, just beyond it is") {
    constexpr std::uint64_t kSeed = 52;
    Random random(kSeed);
    for (int round = 0; round < 2000; ++round) {
        Scene scene(1);
        const double size = (random.chance(0.5) ? 1 : -1) * (0.1 + random.unit() * 50);
        const std::vector<PositionRow> positions{
            {InstrumentId(0), 0, quantity(size), price(90 + random.unit() * 20)}};
        const std::vector<BalanceRow> balances{{AssetId(0), money(random.unit() * 600 - 100)}};
        const Price p = bankruptcy_price({balances, positions}, 0, scene.view(), scene.parameters);
        if (p.raw() == 0) continue;
        INFO("seed " << kSeed << ", round " << round);
        scene.instruments[0].mark = p;
        CHECK(evaluate({balances, positions}, scene.view()).equity.raw() >= 0);
        const std::int64_t ticks = 2 + static_cast<std::int64_t>(1 / std::abs(size));
        scene.instruments[0].mark = Price::from_raw(p.raw() + (size > 0 ? -ticks : ticks));
        CHECK(evaluate({balances, positions}, scene.view()).equity.raw() < 0);
    }
}

TEST_CASE("orders are cancelled first, and that may be enough") {
    Scene scene(1);
    PositionTerms terms;
    terms.unit = quantity(1);
    terms.orders = OrderRule::worst_fill;
    scene.instruments[0].terms = &terms;
    const std::vector<BalanceRow> balances{{AssetId(0), money(60)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)}};
    const std::vector<OrderRow> orders{{0, quantity(10), price(100)}};
    const AccountView account{balances, positions, orders};
    REQUIRE(breached_state(evaluate(account, scene.view()), scene.parameters.ladder) ==
            MarginState::liquidation);
    const LiquidationPlan plan = plan_liquidation(account, scene.view(), scene.parameters);
    CHECK(plan.size == 0);
    CHECK(plan.complete);
}

TEST_CASE("the step that releases most margin per unit lost comes first") {
    Scene scene(2);
    scene.parameters.instruments[0].liquidation_fee = rate(0.02);
    scene.parameters.instruments[1].liquidation_fee = rate(0.001);
    const std::vector<BalanceRow> balances{{AssetId(0), money(80)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)},
                                             {InstrumentId(1), 0, quantity(9), price(100)}};
    const LiquidationPlan plan =
        plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    REQUIRE(plan.size >= 1);
    CHECK(plan.steps[0].instrument == InstrumentId(1));
}

TEST_CASE("a round closes no more than the venue's limit, and says that more is to come") {
    Scene scene(1);
    scene.parameters.instruments[0].liquidation_limits = {money(100), rate(0.2), money(1e9)};
    scene.parameters.instruments[0].lot = quantity(0.1);
    const std::vector<BalanceRow> balances{{AssetId(0), money(20)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)}};
    const LiquidationPlan plan =
        plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    REQUIRE(plan.size == 1);
    CHECK(plan.steps[0].quantity == quantity(2));
    CHECK_FALSE(plan.complete);
}

TEST_CASE("a round's limit is cut to the venue's quanta, as its notional is") {
    Scene scene(1);
    scene.parameters.instruments[0].liquidation_limits = {money(1), rate(0.2), money(1e9)};
    scene.parameters.instruments[0].lot = quantity(0.1);
    scene.parameters.instruments[0].rules.terms.rounding.notional_step = money(30);
    const std::vector<BalanceRow> balances{{AssetId(0), money(20)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)}};
    const LiquidationPlan plan =
        plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    REQUIRE(plan.size == 1);
    // 1,000 counts as 990; a fifth of it, 198, as 180.
    CHECK(plan.steps[0].quantity == quantity(1.8));
}

TEST_CASE("a debt is repaid with the collateral that costs least, and no more than needed") {
    constexpr std::uint64_t kSeed = 54;
    Random random(kSeed);
    for (int round = 0; round < 500; ++round) {
        INFO("seed " << kSeed << ", round " << round);
        Scene scene(0);
        // USD owed; two collaterals, weights 0.8, bonuses 5 % and 8 %.
        scene.assets.assign(3, AssetRow{kUnitPriceOne, rate(0.8), kRateOne});
        scene.assets[0].asset_weight = kRateOne;
        BalanceTerms debt;
        debt.debt_is_requirement = true;
        scene.assets[0].terms = &debt;
        scene.parameters.assets.resize(3);
        scene.parameters.assets[1].liquidation.bonus = rate(0.08);
        scene.parameters.assets[2].liquidation.bonus = rate(0.05);
        scene.parameters.ladder.liquidation_target = rate(1.02);
        const double first = 50 + random.unit() * 100;
        const double second = 50 + random.unit() * 100;
        const double owed = (first + second) * (0.81 + random.unit() * 0.1);
        std::vector<BalanceRow> balances{
            {AssetId(0), money(-owed)}, {AssetId(1), money(first)}, {AssetId(2), money(second)}};
        const LiquidationPlan plan =
            plan_liquidation({balances, {}}, scene.view(), scene.parameters);
        REQUIRE(plan.size >= 1);
        CHECK(plan.steps[0].action == PlanAction::repay_debt);
        CHECK(plan.steps[0].collateral == AssetId(2));
        const auto after_steps = [&](std::int64_t less_of_last) {
            std::vector<BalanceRow> left = balances;
            for (std::size_t s = 0; s < plan.size; ++s) {
                const PlanStep& step = plan.steps[s];
                const bool last = s + 1 == plan.size;
                const Money repaid = Money::from_raw(step.repaid.raw() - (last ? less_of_last : 0));
                const double bonus = step.collateral == AssetId(1) ? 1.08 : 1.05;
                const Money seized = last && less_of_last > 0
                                         ? Money::from_raw(static_cast<std::int64_t>(
                                               static_cast<double>(repaid.raw()) * bonus))
                                         : step.seized;
                left[0].amount = left[0].amount + repaid;
                left[step.collateral.index()].amount =
                    left[step.collateral.index()].amount - seized;
            }
            return evaluate({left, {}}, scene.view());
        };
        const Rate target = scene.parameters.ladder.liquidation_target;
        REQUIRE(meets(after_steps(0), target));
        CHECK_FALSE(meets(after_steps(1'000), target));  // 1e-5 less of the last repayment
    }
}

TEST_CASE("a step says where its position may be taken over: the mark less both fees") {
    Scene scene(2);
    for (Instrument& each : scene.parameters.instruments) each.insurance_fee = rate(0.015);
    const std::vector<BalanceRow> balances{{AssetId(0), money(-5)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)},
                                             {InstrumentId(1), 0, quantity(-10), price(100)}};
    const LiquidationPlan plan =
        plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    REQUIRE(plan.size == 2);
    CHECK(plan.steps[0].limit_price == price(98));
    CHECK(plan.steps[1].limit_price == price(102));
}

// equity 30, maintenance 50: a = 0.4; 0.4 * 10 % of 50 is 2, over ten contracts.
TEST_CASE("a fillable price moves away from the mark as the account gets worse") {
    Scene scene(1);
    scene.parameters.instruments[0].fillable_price = {rate(1), rate(0.1)};
    const auto limit = [&](double equity, double size) {
        const std::vector<BalanceRow> balances{{AssetId(0), money(equity)}};
        const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(size), price(100)}};
        const LiquidationPlan plan =
            plan_liquidation({balances, positions}, scene.view(), scene.parameters);
        REQUIRE(plan.size == 1);
        return plan.steps[0].limit_price;
    };
    CHECK(limit(30, 10) == price(99.8));
    CHECK(limit(30, -10) == price(100.2));
    CHECK(limit(-7, 10) == price(99.5));  // no further than the whole spread
    CHECK(limit(51, 10) == price(100));   // above maintenance
    scene.parameters.instruments[0].fillable_price = {rate(2), rate(0.1)};
    CHECK(limit(30, 10) == price(99.6));
    // A notional of 1,000 counts as 990, and so does what the position brings.
    PositionTerms terms;
    terms.rounding.notional_step = money(30);
    scene.instruments[0].terms = &terms;
    CHECK(limit(61, 10) == price(99));
    CHECK(limit(41, -10) == price(99));
}

// One tick is 1 / 100,000 of the mark: there the contract has lost far more coins than there are,
// and those are still worth what they were.
TEST_CASE("the bankruptcy price of the largest inverse position is found though its base is dear") {
    Scene scene(1);
    constexpr std::int64_t kMark = 100'000;
    constexpr std::int64_t kCoins = std::int64_t{1} << 42;
    constexpr Int128 kFace = Int128{1} << 88;
    scene.parameters.assets.push_back({.name = "BTC", .haircut = {}});
    Instrument& contract = scene.parameters.instruments[0];
    contract.kind = InstrumentKind::inverse_perpetual;
    contract.settle = AssetId(1);
    contract.scale = ContractScale::from_factor(std::int64_t{1} << 26);
    scene.assets.push_back({UnitPrice::from_raw(1'000'000 * kScale), kRateOne, kRateOne});
    PositionTerms terms;
    terms.payoff = Payoff::inverse;
    scene.instruments[0].terms = &terms;
    scene.instruments[0].mark = Price::from_raw(kMark);
    scene.instruments[0].scale = contract.scale;
    const std::vector<BalanceRow> balances{{AssetId(1), Money::from_raw(kCoins)}};
    const std::vector<PositionRow> positions{
        {InstrumentId(0), 0, Quantity::from_raw(std::int64_t{1} << 62), Price::from_raw(kMark)}};
    const std::int64_t price =
        bankruptcy_price({balances, positions}, 0, scene.view(), scene.parameters).raw();
    // Lost so far: face / price - face / mark.
    const auto solvent = [&](std::int64_t p) {
        return kFace * (kMark - p) <= Int128{kCoins} * kScale * p * kMark;
    };
    CHECK(solvent(price));
    CHECK_FALSE(solvent(price - 1));
}

TEST_CASE("a liquidation's fee grows with the time, from the end of the grace on") {
    Scene scene(1);
    scene.parameters.instruments[0].liquidation_fee = rate(0.01);
    scene.parameters.instruments[0].fee_growth = {rate(0.03), Duration::from_seconds(30),
                                                  rate(0.0001)};
    const std::vector<BalanceRow> balances{{AssetId(0), money(-5)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)}};
    const auto step = [&](Duration elapsed) {
        const LiquidationPlan plan =
            plan_liquidation({balances, positions}, scene.view(), scene.parameters, elapsed);
        REQUIRE(plan.size == 1);
        return plan.steps[0];
    };
    CHECK(step({}).incentive == money(10));
    CHECK(step(Duration::from_ms(29'999)).incentive == money(10));
    CHECK(step(Duration::from_seconds(30)).incentive == money(13));
    CHECK(step(Duration::from_seconds(60)).incentive == money(16));
    CHECK(step(Duration::from_seconds(60)).limit_price == price(98.4));
    CHECK(step(Duration::from_seconds(200)).incentive == money(30));
    CHECK(step(Duration::from_seconds(86'400)).incentive == money(30));
}

// Short of 1.1 times 50 by 15; one contract frees 5.5 and costs 0.5.
TEST_CASE("a plan cures the share of the shortage that the time allows") {
    Scene scene(1);
    scene.parameters.instruments[0].lot = quantity(0.01);
    scene.parameters.liquidation_ramp = {rate(0.1), Duration::from_seconds(100).ns(), money(0)};
    std::vector<BalanceRow> balances{{AssetId(0), money(40)}};
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)}};
    const auto plan = [&](int seconds) {
        return plan_liquidation({balances, positions}, scene.view(), scene.parameters,
                                Duration::from_seconds(seconds));
    };
    CHECK(plan(0).steps[0].quantity == quantity(0.3));  // 1.5 of 15
    CHECK_FALSE(plan(0).complete);
    CHECK(plan(40).steps[0].quantity == quantity(1.5));  // 7.5
    CHECK_FALSE(plan(40).complete);
    CHECK(plan(90).steps[0].quantity == quantity(3));
    CHECK(plan(90).complete);
    CHECK(plan(1'000).steps[0].quantity == quantity(3));
    scene.parameters.liquidation_ramp->at_once_below = money(15.01);
    CHECK(plan(0).steps[0].quantity == quantity(3));
    scene.parameters.liquidation_ramp = {rate(0), Duration::from_seconds(100).ns(), money(0)};
    CHECK(plan(0).size == 0);  // nothing yet, and not because nothing is needed
    CHECK_FALSE(plan(0).complete);
    balances[0].amount = money(-10);
    scene.parameters.liquidation_ramp->initial_share = rate(1);
    CHECK(plan(0).steps[0].quantity == quantity(10));
    CHECK(plan(0).complete);  // everything is in it
}

// The figures of Drift's tests: a margin rate of 5 %, a fee of 1 %, a shortage of 1 on 1,000.
TEST_CASE("the insurance fund takes no more than the margin can pay") {
    Scene scene(1);
    Instrument& one = scene.parameters.instruments[0];
    one.liquidation_fee = rate(0.01);
    one.insurance_fee = rate(0.05);
    one.insurance_share = rate(0.95);
    scene.parameters.ladder.liquidation_target = kRateOne;
    const std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(10), price(100)}};
    const auto step = [&](double equity) {
        const std::vector<BalanceRow> balances{{AssetId(0), money(equity)}};
        const LiquidationPlan plan =
            plan_liquidation({balances, positions}, scene.view(), scene.parameters);
        REQUIRE(plan.size == 1);
        return plan.steps[0];
    };
    // Each contract frees 5 and pays 1 and 3.705: 3.39 of them.
    const PlanStep tiny = step(49);
    CHECK(tiny.quantity.raw() == (money(1).raw() * 1'000 + 294) / 295);
    CHECK(tiny.insurance_fee ==
          round_up(value_of(Money::from_raw(tiny.quantity.raw() * 100)) * rate(0.03705)));
    CHECK(tiny.limit_price == price(95.295));
    CHECK(step(9).insurance_fee == money(0));  // 5 % - 1 % - 41 / 1000: nothing is left
    one.insurance_fee = rate(0.02);
    CHECK(step(49).insurance_fee.raw() > 0);
    CHECK(step(49).limit_price == price(97));  // at most insurance_fee
}

TEST_CASE("no step closes more than its market may in a window") {
    Scene scene(1);
    Instrument& one = scene.parameters.instruments[0];
    one.lot = quantity(1);
    one.liquidation_capacity = {rate(0.007), rate(0.003), quantity(1'000), rate(1),
                                Duration::from_seconds(10)};
    const std::vector<BalanceRow> balances{{AssetId(0), money(-10)}};
    std::vector<PositionRow> positions{{InstrumentId(0), 0, quantity(-150), price(100)}};
    const auto plan = [&] {
        return plan_liquidation({balances, positions}, scene.view(), scene.parameters);
    };
    CHECK(plan().steps[0].quantity == quantity(100));
    CHECK_FALSE(plan().complete);
    one.liquidation_limits = {money(0), rate(0.5), money(1e9)};
    CHECK(plan().steps[0].quantity == quantity(75));
    one.liquidation_limits = {};
    positions[0].quantity = quantity(-100);
    CHECK(plan().complete);
}
