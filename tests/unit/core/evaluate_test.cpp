#include "core/margin/evaluate.hpp"

#include <array>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>
#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;
using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

namespace {

// Two instruments and two assets to evaluate against.
struct Market {
    std::array<InstrumentRow, 2> instruments{};
    std::array<AssetRow, 2> assets{};

    Market() {
        for (InstrumentRow& row : instruments) {
            row.scale = ContractScale::from_factor(1);
            row.tier_count = 1;
            row.tiers[0] = {notional(0), {rate(0.10), rate(0.05)}};
        }
        instruments[0].mark = price(100);
        instruments[1].mark = price(10);
        assets[0] = {kUnitPriceOne, kRateOne, kRateOne};
        assets[1] = {UnitPrice::from_raw(100 * kUnit), rate(0.9), rate(1.1)};
    }
    MarketView view() const { return {instruments, assets}; }
};

PositionRow position(std::uint32_t instrument, double size, double entry) {
    return {InstrumentId(instrument), 0, quantity(size), price(entry)};
}

}  // namespace

TEST_CASE("a long position gains when the mark is above its entry") {
    const Market market;
    const std::vector<BalanceRow> balances{{AssetId(0), money(1000)}};
    const std::vector<PositionRow> positions{position(0, 20, 90)};
    const Evaluation e = evaluate({balances, positions}, market.view());
    CHECK(e.equity == money(1200));
    CHECK(e.initial_margin == money(200));
    CHECK(e.maintenance_margin == money(100));
    CHECK(health_factor(e).raw == 12 * kUnit);
    CHECK(shortfall(e) == money(0));
}

TEST_CASE("a short position loses when the mark is above its entry") {
    const Market market;
    const std::vector<BalanceRow> balances{{AssetId(0), money(250)}};
    const std::vector<PositionRow> positions{position(0, -20, 90)};
    const Evaluation e = evaluate({balances, positions}, market.view());
    CHECK(e.equity == money(50));
    CHECK(e.maintenance_margin == money(100));
    CHECK(health_factor(e).raw == kUnit / 2);
    CHECK(shortfall(e) == money(150));
}

TEST_CASE("gains and balance of one asset are weighed together, as owned or as owed") {
    Market market;
    const std::vector<BalanceRow> owned{{AssetId(1), money(2)}};
    CHECK(evaluate({owned, {}}, market.view()).equity == money(180));  // 2 * 100 * 0.9
    const std::vector<BalanceRow> owed{{AssetId(1), money(-2)}};
    CHECK(evaluate({owed, {}}, market.view()).equity == money(-220));  // -2 * 100 * 1.1
}

TEST_CASE("size tiers are marginal: the requirement has no step") {
    Market market;
    market.instruments[0].tier_count = 3;
    market.instruments[0].tiers[0] = {notional(1'000), {rate(0.10), rate(0.05)}};
    market.instruments[0].tiers[1] = {notional(5'000), {rate(0.20), rate(0.10)}};
    market.instruments[0].tiers[2] = {notional(0), {rate(0.50), rate(0.25)}};
    const std::vector<BalanceRow> balances{{AssetId(0), money(0)}};
    const auto initial = [&](double size) {
        const std::vector<PositionRow> positions{position(0, size, 100)};
        return evaluate({balances, positions}, market.view()).initial_margin;
    };
    CHECK(initial(10) == money(100));  // 1,000 at 10 %
    CHECK(initial(-10) == money(100));
    CHECK(initial(11) == money(120));                         // + 100 at 20 %
    CHECK(initial(50) == money(900));                         // 1,000 and 4,000
    CHECK(initial(60) == money(1400));                        // + 1,000 at 50 %
    CHECK((initial(10.00000001) - initial(10)).raw() == 20);  // 1e-6 of notional at 20 %
}

TEST_CASE("an account without positions needs nothing and has infinite health") {
    const Market market;
    const std::vector<BalanceRow> balances{{AssetId(0), money(5)}};
    const Evaluation e = evaluate({balances, {}}, market.view());
    CHECK(e.maintenance_margin == money(0));
    CHECK(health_factor(e).infinite());
}

TEST_CASE("an account is priced when everything it holds is") {
    Market market;
    const std::vector<BalanceRow> balances{{AssetId(0), money(5)}, {AssetId(1), money(5)}};
    const std::vector<PositionRow> positions{position(1, 1, 1)};
    CHECK(priced({balances, positions}, market.view()));
    market.instruments[1].mark = Price{};
    CHECK_FALSE(priced({balances, positions}, market.view()));
    market.instruments[1].mark = price(1);
    market.assets[1].price = UnitPrice{};
    CHECK_FALSE(priced({balances, positions}, market.view()));
}

namespace {

cpp_rational exact(std::int64_t raw) {
    return cpp_rational(cpp_int(raw), cpp_int(kScale));
}

cpp_int floor_of(const cpp_rational& r) {
    const cpp_int n = numerator(r);
    const cpp_int d = denominator(r);
    cpp_int q = n / d;
    if (n < 0 && q * d != n) --q;
    return q;
}

cpp_int ceil_of(const cpp_rational& r) {
    return -floor_of(-r);
}

// The definition once more, in rationals: no scales, no tricks.
struct ExactResult {
    cpp_int equity;
    cpp_int initial;
    cpp_int maintenance;
};

ExactResult exact_evaluation(const std::vector<BalanceRow>& balances,
                             const std::vector<PositionRow>& positions, const Market& market) {
    std::vector<cpp_rational> gains(balances.size());
    std::vector<cpp_rational> initial(balances.size());
    std::vector<cpp_rational> maintenance(balances.size());
    for (const PositionRow& p : positions) {
        const InstrumentRow& row = market.instruments[p.instrument.index()];
        const cpp_rational factor = row.scale.factor();
        const cpp_rational size = exact(p.quantity.raw());
        gains[p.balance] += (exact(row.mark.raw()) - exact(p.entry_price.raw())) * size * factor;
        const cpp_rational n = abs(exact(row.mark.raw()) * size * factor);
        cpp_rational from = 0;
        for (std::uint32_t t = 0; t < row.tier_count; ++t) {
            cpp_rational to = cpp_rational(cpp_int(row.tiers[t].notional_up_to.raw())) /
                              (cpp_rational(kScale) * kScale);
            if (t + 1 == row.tier_count || to > n) to = n;
            if (to <= from) break;
            const auto& rate = row.tiers[t].rate;
            initial[p.balance] += (to - from) * exact(rate[MarginLevel::initial].raw());
            maintenance[p.balance] += (to - from) * exact(rate[MarginLevel::maintenance].raw());
            from = to;
        }
    }
    cpp_rational equity = 0;
    for (std::size_t b = 0; b < balances.size(); ++b) {
        const AssetRow& asset = market.assets[balances[b].asset.index()];
        const cpp_int amount = floor_of(gains[b] * kScale) + balances[b].amount.raw();
        const Rate weight = amount < 0 ? asset.liability_weight[MarginLevel::maintenance]
                                       : asset.asset_weight[MarginLevel::maintenance];
        equity +=
            cpp_rational(amount, cpp_int(kScale)) * exact(asset.price.raw()) * exact(weight.raw());
    }
    // A requirement arises in the settlement asset, and is rounded up there unless that is at par.
    const auto total = [&](const std::vector<cpp_rational>& margins) {
        cpp_rational sum = 0;
        for (std::size_t b = 0; b < balances.size(); ++b) {
            const UnitPrice unit = market.assets[balances[b].asset.index()].price;
            sum += unit == kUnitPriceOne
                       ? margins[b]
                       : cpp_rational(ceil_of(margins[b] * kScale), cpp_int(kScale)) *
                             exact(unit.raw());
        }
        return ceil_of(sum * kScale);
    };
    return {floor_of(equity * kScale), total(initial), total(maintenance)};
}

}  // namespace

TEST_CASE("integer evaluation equals exact rational arithmetic after the documented rounding") {
    constexpr std::uint64_t kSeed = 41;
    Random random(kSeed);
    for (int round = 0; round < 20'000; ++round) {
        Market market;
        for (InstrumentRow& row : market.instruments) {
            row.scale = ContractScale::from_factor(random.chance(0.8) ? 1 : 10);
            row.mark = Price::from_raw(static_cast<std::int64_t>(
                1 + random.below(random.chance(0.5) ? 1'000 : 10'000'000'000'000)));
            row.tier_count = static_cast<std::uint32_t>(1 + random.below(4));
            std::int64_t end = 0;
            for (std::uint32_t t = 0; t < row.tier_count; ++t) {
                end += static_cast<std::int64_t>(random.below(1'000'000));
                row.tiers[t] = {notional(static_cast<double>(end)),
                                {Rate::from_raw(static_cast<std::int64_t>(random.below(kScale))),
                                 Rate::from_raw(static_cast<std::int64_t>(random.below(kScale)))}};
            }
        }
        market.assets[1].price =
            UnitPrice::from_raw(static_cast<std::int64_t>(1 + random.below(10'000'000'000'000)));
        const auto signed_below = [&](std::uint64_t n) {
            const auto value = static_cast<std::int64_t>(random.below(n));
            return random.chance(0.5) ? value : -value;
        };
        const std::vector<BalanceRow> balances{
            {AssetId(0), Money::from_raw(signed_below(100'000'000'000'000))},
            {AssetId(1), Money::from_raw(signed_below(1'000'000'000))}};
        std::vector<PositionRow> positions;
        for (std::uint32_t i = 0; i < 2; ++i) {
            positions.push_back(
                {InstrumentId(i), static_cast<std::uint32_t>(random.below(2)),
                 Quantity::from_raw(signed_below(100'000'000'000)),
                 Price::from_raw(static_cast<std::int64_t>(1 + random.below(10'000'000'000'000)))});
        }
        // Out of the admitted range results saturate; this test stays inside it.
        const ExactResult truth = exact_evaluation(balances, positions, market);
        if (abs(truth.equity) > INT64_MAX || truth.initial > INT64_MAX ||
            truth.maintenance > INT64_MAX) {
            continue;
        }
        const Evaluation e = evaluate({balances, positions}, market.view());
        INFO("seed " << kSeed << ", round " << round);
        CHECK(truth.equity == e.equity.raw());
        CHECK(truth.initial == e.initial_margin.raw());
        CHECK(truth.maintenance == e.maintenance_margin.raw());
    }
}
