#include "core/margin/takeover_price.hpp"

#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "core/margin/funding_index.hpp"
#include "core/margin/risk_order.hpp"
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
AccountRisk<N> account(const char* equity, const char* maintenance) {
    return {.equity = money<N>(equity), .maintenance = money<N>(maintenance)};
}

// Prices of 0.1, quantities of 0.001.
constexpr ContractScale kContract = ContractScale::from_factor(1'000'000'000'000);

Money random_money(std::mt19937_64& random) {
    return Money::from_raw(static_cast<std::int64_t>(random() >> 4 >> (random() % 50)));
}
AccountRisk<Extended> widened_risk(const AccountRisk<Ledger>& risk) {
    return {.equity = widened(risk.equity), .maintenance = widened(risk.maintenance)};
}

}  // namespace

TEMPLATE_TEST_CASE("an account is liquidatable below its margin, not without one", "", Ledger,
                   Extended) {
    using N = TestType;
    CHECK(liquidatable(account<N>("75", "100")));
    CHECK(liquidatable(account<N>("-100", "100")));
    CHECK_FALSE(liquidatable(account<N>("100", "100")));
    CHECK_FALSE(liquidatable(account<N>("-100", "0")));
}

TEMPLATE_TEST_CASE("the account that covers less is the riskier", "", Ledger, Extended) {
    using N = TestType;
    const auto order = [](const char* a, const char* b, const char* c,
                          const char* d) -> std::string {
        const auto compared = compare_risk(account<N>(a, b), account<N>(c, d));
        return compared > 0 ? "riskier" : compared < 0 ? "safer" : "equal";
    };
    CHECK(order("100", "150", "100", "100") == "riskier");
    CHECK(order("-100", "150", "-100", "100") == "safer");
    CHECK(order("100", "100", "100", "0") == "riskier");
    CHECK(order("100", "0", "200", "0") == "riskier");   // neither needs margin: by equity
    CHECK(order("100", "50", "200", "100") == "safer");  // the same ratio: by margin
    CHECK(order("100", "50", "0", "0") == "riskier");
    CHECK(order("100", "100", "100", "100") == "equal");
}

TEST_CASE("risk is an order: comparing the other way round turns it around") {
    std::mt19937_64 random(3);
    const auto some = [&] {
        const Money equity = random_money(random);
        return AccountRisk<Ledger>{
            .equity = random() % 2 == 0 ? equity : -equity,
            .maintenance = random() % 8 == 0 ? Money() : random_money(random)};
    };
    for (int i = 0; i < 5000; ++i) {
        const AccountRisk<Ledger> a = some();
        const AccountRisk<Ledger> b = some();
        CHECK((compare_risk(a, b) > 0) == (compare_risk(b, a) < 0));
        CHECK((compare_risk(a, b) == compare_risk(widened_risk(a), widened_risk(b))));
        CHECK(repairs(a, b) == repairs(widened_risk(a), widened_risk(b)));
    }
}

TEMPLATE_TEST_CASE("an account below its margin may only get better", "", Ledger, Extended) {
    using N = TestType;
    const auto allowed = [](const char* a, const char* b, const char* c, const char* d) {
        return repairs(account<N>(a, b), account<N>(c, d));
    };
    CHECK(allowed("50", "100", "25", "50"));
    CHECK(allowed("50", "100", "40", "60"));
    CHECK_FALSE(allowed("50", "100", "24", "50"));
    CHECK_FALSE(allowed("50", "100", "200", "101"));
    CHECK_FALSE(allowed("-1", "0", "-1", "0"));
    CHECK(allowed("-2", "0", "-1", "0"));
    CHECK_FALSE(allowed("-2", "1", "-1", "0"));
}

TEST_CASE("only a trade against the position, and within it, reduces it") {
    const auto allowed = [](std::int64_t position, std::int64_t change) {
        return reduces(Quantity::from_raw(position), Quantity::from_raw(change));
    };
    CHECK(allowed(10, -10));
    CHECK(allowed(-10, 3));
    CHECK_FALSE(allowed(10, 0));
    CHECK_FALSE(allowed(10, 3));
    CHECK_FALSE(allowed(10, -11));
    CHECK_FALSE(allowed(0, -1));
    CHECK_FALSE(allowed(0, 1));
}

TEMPLATE_TEST_CASE("the bankruptcy price of a whole account is all it has", "", Ledger, Extended) {
    using N = TestType;
    // Long, worth 5000, equity -100: the taker pays 5100.
    CHECK(bankruptcy_proceeds(account<N>("-100", "500"),
                              {.notional = money<N>("5000"), .maintenance = money<N>("500")}, {},
                              money<N>("1")) == money<N>("5100"));
    // Short, worth 5000, equity 499: the taker receives 5499.
    CHECK(bankruptcy_proceeds(account<N>("499", "500"),
                              {.notional = money<N>("-5000"), .maintenance = money<N>("500")}, {},
                              money<N>("1")) == money<N>("-5499"));
}

TEMPLATE_TEST_CASE("the equity that goes with a part is rounded down to quanta", "", Ledger,
                   Extended) {
    using N = TestType;
    const PositionStake<N> before{.notional = money<N>("3000"), .maintenance = money<N>("300")};
    const PositionStake<N> after{.notional = money<N>("2900"), .maintenance = money<N>("290")};
    CHECK(bankruptcy_proceeds(account<N>("-100", "300"), before, after, money<N>("1")) ==
          money<N>("104"));  // 100 + 3.33, the account's favour
    CHECK(bankruptcy_proceeds(account<N>("100", "300"), before, after, money<N>("1")) ==
          money<N>("97"));  // 100 - 3.33
}

TEMPLATE_TEST_CASE("the fillable price leaves the market as coverage falls", "", Ledger, Extended) {
    using N = TestType;
    const FillablePrice<N> rule{.bankruptcy_adjustment = rate<N>("1"),
                                .spread_to_maintenance = rate<N>("0.1")};
    const PositionStake<N> held{.notional = money<N>("5000"), .maintenance = money<N>("500")};
    const auto value = [&](const char* equity) {
        const auto exact = fillable_value(rule, account<N>(equity, "500"), held);
        return round(exact, Rounding::down);
    };
    CHECK(value("499") == money<N>("4999.9"));
    CHECK(value("0") == money<N>("4950"));
    CHECK(value("-500") == money<N>("4950"));  // no further than the whole spread
    CHECK(value("600") == money<N>("5000"));   // no better than the market
}

TEST_CASE("a price is what the value comes to for each unit, for both sides") {
    const PositionStake<Ledger> held{.notional = money<Ledger>("-5000"),
                                     .maintenance = money<Ledger>("500")};
    const FillablePrice<Ledger> rule{.bankruptcy_adjustment = rate<Ledger>("1"),
                                     .spread_to_maintenance = rate<Ledger>("0.1")};
    const auto value = fillable_value(rule, account<Ledger>("0", "500"), held);
    // -5050 for -0.1 at prices of 0.1.
    const Quantity quantity = Quantity::from_raw(-100);
    CHECK(price_bringing(value, quantity, kContract, Rounding::down).raw() == 505'000);
    CHECK(price_bringing(value, Quantity::from_raw(-101), kContract, Rounding::down).raw() ==
          500'000);
    CHECK(price_bringing(value, Quantity::from_raw(-103), kContract, Rounding::up).raw() ==
          490'292);
}

TEMPLATE_TEST_CASE("the insurance fund takes a share of a good fill and pays for a bad one", "",
                   Ledger, Extended) {
    using N = TestType;
    const auto change = [](const char* fill, const char* max_fee) {
        return insurance_change(money<N>(fill), money<N>("5100"), rate<N>(max_fee), money<N>("1"));
    };
    CHECK(change("5610", "0.025") == money<N>("140"));  // 140.25
    CHECK(change("5610", "1") == money<N>("510"));
    CHECK(change("5100", "0.005") == money<N>("0"));
    CHECK(change("5049", "0.005") == money<N>("-51"));
    CHECK(insurance_change(money<N>("-4410"), money<N>("-4900"), rate<N>("0.025"), money<N>("1")) ==
          money<N>("110"));
}

TEST_CASE("takeover amounts are the exact ones, rounded where it is said") {
    std::mt19937_64 random(17);
    for (int i = 0; i < 5000; ++i) {
        const Money equity = random_money(random);
        const AccountRisk<Ledger> risk{.equity = random() % 2 == 0 ? equity : -equity,
                                       .maintenance = random_money(random) + Money::from_raw(1)};
        const auto share = [&](const Money& all) {
            return product(all, Rate::from_raw(static_cast<std::int64_t>(random() % kScale)),
                           Rounding::down);
        };
        const PositionStake<Ledger> before{.notional = random_money(random),
                                           .maintenance = share(risk.maintenance)};
        const PositionStake<Ledger> after{.notional = share(before.notional),
                                          .maintenance = share(before.maintenance)};
        const Money proceeds = bankruptcy_proceeds(risk, before, after, Money::from_raw(100));
        CHECK(
            widened(proceeds) ==
            bankruptcy_proceeds<Extended>(
                widened_risk(risk),
                {.notional = widened(before.notional), .maintenance = widened(before.maintenance)},
                {.notional = widened(after.notional), .maintenance = widened(after.maintenance)},
                widened(Money::from_raw(100))));

        const FillablePrice<Ledger> rule{
            .bankruptcy_adjustment =
                Rate::from_raw(static_cast<std::int64_t>(random() % (4 * kScale))),
            .spread_to_maintenance = Rate::from_raw(static_cast<std::int64_t>(random() % kScale))};
        const Money fills = round_down(fillable_value(rule, risk, before));
        const auto exact = fillable_value<Extended>(
            {.bankruptcy_adjustment = widened(rule.bankruptcy_adjustment),
             .spread_to_maintenance = widened(rule.spread_to_maintenance)},
            widened_risk(risk),
            {.notional = widened(before.notional), .maintenance = widened(before.maintenance)});
        // The share `a` is cut at 1e-8: the position's margin times that, at most.
        const Money slack = product(before.maintenance, Rate::from_raw(2), Rounding::up);
        CHECK(fills >= narrowed(round_down(exact), Rounding::down));
        CHECK(fills <= narrowed(round_down(exact), Rounding::up) + slack);
        CHECK(fills <= before.notional);
    }
}

TEST_CASE("a long pays when the funding index rises, a short receives") {
    using Index = FundingIndexOf<Ledger>;
    const auto settled = [](std::int64_t quantity, std::int64_t from, std::int64_t to) {
        return round_down(funding_settlement(kContract, Quantity::from_raw(quantity),
                                             Index::from_raw(from), Index::from_raw(to)));
    };
    // One unit, an index that went up by 2.5.
    CHECK(settled(1000, 100, 125) == money<Ledger>("-2.5"));
    CHECK(settled(-1000, 100, 125) == money<Ledger>("2.5"));
    CHECK(settled(1000, 25, -25) == money<Ledger>("5"));
    CHECK(settled(1000, 100, 100) == Money());
    const ContractScale fine = ContractScale::from_factor(1);
    CHECK(round_down(funding_settlement(fine, Quantity::from_raw(1), Index::from_raw(0),
                                        Index::from_raw(1)))
              .raw() == -1);  // 1e-16, down
}

TEMPLATE_TEST_CASE("a penalty price leaves what the mark less the fee would", "", Ledger,
                   Extended) {
    using N = TestType;
    PositionTermsOf<N> terms;
    const auto at = [&](std::int64_t mark, const char* fee, bool is_long) {
        return penalty_price(terms, PriceOf<N>::from_raw(mark), rate<N>(fee), is_long).raw();
    };
    CHECK(at(10'000, "0.02", true) == 9'800);
    CHECK(at(10'000, "0.02", false) == 10'200);
    CHECK(at(10'001, "0.02", true) == 9'801);    // 9800.98: up
    CHECK(at(10'001, "0.02", false) == 10'201);  // 10201.02: down
    CHECK(at(10'000, "1", true) == 0);
    terms.payoff = Payoff::inverse;
    CHECK(at(10'200, "0.02", true) == 10'000);
    CHECK(at(10'000, "0.02", true) == 9'804);  // 9803.9: up
    CHECK(at(9'800, "0.02", false) == 10'000);
    CHECK(at(10'000, "0.02", false) == 10'204);  // 10204.08: down
    CHECK(at(10'000, "1", false) == 0);
    terms.payoff = Payoff::capped;
    terms.payoff_cap = PriceOf<N>::from_raw(10'000);
    CHECK(at(6'000, "0.1", true) == 5'400);
    CHECK(at(6'000, "0.1", false) == 6'600);
    CHECK(at(9'500, "0.1", false) == 10'000);
    CHECK(at(11'000, "0.1", false) == 11'000);  // the mark is beyond it
}
