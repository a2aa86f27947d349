#include "core/margin/contract_liquidation.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

// A contract of price 1, weighed 0.5 long and 1.5 short; lots of one unit.
template <class N>
struct Account {
    using D = Decimals<N>;
    ContractLiquidationRule<N> rule{D::rate("0"), D::rate("0"), D::rate("0.5"), D::rate("1.5"),
                                    D::rate("0.5")};
    SidedWeights<N> settlement{D::unit_price("1"), D::rate("1"), D::unit_price("1"), D::rate("1")};

    LiquidatedContract<N> start(int lots, const char* cash, const char* balance,
                                const char* others = "0") const {
        LiquidatedContract<N> one;
        one.quantity = QuantityOf<N>::from_raw(lots);
        one.lot_value = value_of(D::money("1"));
        one.cash = D::money(cash);
        const RateOf<N> weight = lots < 0 ? rule.owed_weight : rule.owned_weight;
        one.risk_pnl =
            one.cash + MoneyOf<N>::from_raw(static_cast<typename N::Raw>(lots * weight.raw()));
        one.balance = D::money(balance);
        one.balance_with_contracts =
            one.balance + (one.risk_pnl.raw() > 0
                               ? product(one.risk_pnl, rule.profit_weight, Rounding::down)
                               : one.risk_pnl);
        one.health = one.balance_with_contracts + D::money(others);
        return one;
    }
    LiquidatedContract<N> run(const LiquidatedContract<N>& start, int lots,
                              const char* profit) const {
        return liquidate_contract<N>(rule, settlement, start,
                                     {QuantityOf<N>::from_raw(lots), D::money(profit)});
    }
};

template <class N>
void check(const LiquidatedContract<N>& after, int lots, const char* cash, const char* balance) {
    using D = Decimals<N>;
    CHECK(after.quantity == QuantityOf<N>::from_raw(lots));
    CHECK(after.cash == D::money(cash));
    CHECK(after.balance == D::money(balance));
}

}  // namespace

TEMPLATE_TEST_CASE("a losing contract is reduced until health is back", "", Ledger, Extended) {
    const Account<TestType> account;
    check(account.run(account.start(-4, "0", "5"), -20, "100"), -2, "-2", "5");
    check(account.run(account.start(-10, "0", "5"), -1, "100"), -9, "-1", "5");
    check(account.run(account.start(20, "-20", "5"), 1, "100"), 19, "-19", "5");
}

TEMPLATE_TEST_CASE("a limit of the other side reduces nothing", "", Ledger, Extended) {
    const Account<TestType> account;
    check(account.run(account.start(-4, "0", "5"), 20, "100"), -4, "0", "5");
}

TEMPLATE_TEST_CASE("a profit is taken over first, then lots make more of it", "", Ledger,
                   Extended) {
    const Account<TestType> account;
    check(account.run(account.start(20, "10", "-19"), 100, "100"), 20, "-8", "-1");
    check(account.run(account.start(20, "10", "-25"), 100, "100"), 10, "-5", "0");
    check(account.run(account.start(20, "10", "-23"), 100, "21"), 10, "-1", "-2");
    check(account.run(account.start(20, "10", "-25"), 4, "21"), 16, "-7", "-4");
}

TEMPLATE_TEST_CASE("unsettled profit that counts for nothing needs a taker", "", Ledger, Extended) {
    Account<TestType> account;
    account.rule.profit_weight = {};
    check(account.run(account.start(20, "10", "-20"), 10, "0"), 20, "10", "-20");
    check(account.run(account.start(20, "10", "-30"), 5, "30"), 15, "-7.5", "-7.5");
}

TEMPLATE_TEST_CASE("a fee on profit asks for more of it", "", Ledger, Extended) {
    Account<TestType> account;
    account.rule.profit_fee = Decimals<TestType>::rate("0.25");
    check(account.run(account.start(70, "-30", "-7", "-6"), 60, "20"), 45, "-22", "5.75");
}

TEMPLATE_TEST_CASE("fees on lots are paid in cash", "", Ledger, Extended) {
    Account<TestType> account;
    account.rule.fees = Decimals<TestType>::rate("0.1");
    // Long: a lot frees 1 - 0.1 - 0.5 = 0.4; 5 - 10 needs 13 of them.
    check(account.run(account.start(20, "-20", "5"), 100, "0"), 7, "-8.3", "5");
    // Short: 1.5 - 1.1 = 0.4.
    check(account.run(account.start(-20, "20", "5"), -100, "0"), -7, "5.7", "5");
}

TEMPLATE_TEST_CASE("a healthy account is left alone", "", Ledger, Extended) {
    const Account<TestType> account;
    check(account.run(account.start(10, "-10", "5"), 100, "100"), 10, "-10", "5");
}

TEST_CASE("a liquidation without limits cures, and one lot less does not") {
    std::mt19937_64 random(17);
    int reduced = 0;
    for (int i = 0; i < 1'000; ++i) {
        Account<Ledger> account;
        account.settlement.owned_weight = Rate::from_raw(90'000'000);
        account.settlement.owed_weight = Rate::from_raw(110'000'000);
        auto start = account.start(200 + int(random() % 100), "-250", "10");
        start.health = round_down(worth(account.settlement, start.balance_with_contracts)) +
                       Money::from_raw(std::int64_t(random() % 3'000'000'000));
        if (start.health.raw() >= 0) {
            continue;
        }
        const auto after = account.run(start, 1'000, "0");
        const auto lots = static_cast<int>((start.quantity - after.quantity).raw());
        if (after.quantity.raw() == 0) {
            continue;  // all of it was not enough
        }
        CHECK(after.health.raw() >= 0);
        CHECK(account.run(start, lots - 1, "0").health.raw() < 0);
        ++reduced;
    }
    CHECK(reduced > 100);
}
