// Rules of single rows and of accounts that evaluations are made of: where they bend, which way
// they round.
#include <array>

#include <catch2/catch.hpp>

#include "core/margin/collateral.hpp"
#include "core/margin/gross_leverage.hpp"
#include "core/margin/position.hpp"
#include "core/margin/sided_prices.hpp"
#include "core/margin/withdrawable.hpp"
#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

TEMPLATE_TEST_CASE("a discount grows with the amount between its ends", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    BalanceTermsOf<TestType> terms;
    terms.amount_discount = {D::money("50000"), D::rate("2"), D::rate("0.01"), D::rate("0.05")};
    AssetRowOf<TestType> asset{.price = D::unit_price("1"),
                               .asset_weight = {D::rate("1")},
                               .liability_weight = {D::rate("1")},
                               .terms = &terms};
    const auto weight = [&](const char* amount) {
        return balance_figures<TestType>(D::money(amount), asset, nullptr, MarginLevel::initial)
            .weight;
    };
    CHECK(weight("100") == D::rate("0.99"));
    CHECK(weight("700") == D::rate("0.972"));
    CHECK(weight("100000") == D::rate("0.95"));
    CHECK(weight("-700") == D::rate("1"));
    asset.terms = nullptr;
    CHECK(weight("100000") == D::rate("1"));
}

TEST_CASE("a discount by amount rounds up") {
    using D = Decimals<Ledger>;
    BalanceTermsOf<Ledger> terms;
    terms.amount_discount = {D::money("3"), D::rate("1"), D::rate("0"), D::rate("1")};
    const AssetRow asset{.price = D::unit_price("1"),
                         .asset_weight = {D::rate("1")},
                         .liability_weight = {D::rate("1")},
                         .terms = &terms};
    CHECK(balance_figures<Ledger>(D::money("1"), asset, nullptr, MarginLevel::initial).weight ==
          D::rate("0.66666666"));
}

namespace {

// A market against a pool: one more unit of size costs 0.2 % more, half of it at maintenance.
template <class N>
struct PoolMarket {
    using D = Decimals<N>;
    PositionTermsOf<N> terms;
    InstrumentRowOf<N> row;

    PoolMarket() {
        terms.slope = {D::rate("2"), D::quantity("1000")};
        terms.slope_share = {D::rate("1"), D::rate("0.5")};
        terms.minimum = D::money("500");
        row.mark = D::price("2000");
        row.scale = D::contract();
        row.terms = &terms;
        row.tier_count = 1;
        row.tiers[0].rate = {D::rate("0.01"), D::rate("0.005")};
    }
    MoneyOf<N> margin(const char* size, MarginLevel level) const {
        const std::array<PositionRowOf<N>, 1> positions{{{.instrument = InstrumentId(0),
                                                          .quantity = D::quantity(size),
                                                          .entry_price = row.mark}}};
        return round_up(position_figures<N>({.balances = {}, .positions = positions}, 0, row, level)
                            .requirement);
    }
};

}  // namespace

TEMPLATE_TEST_CASE("a larger share of the skew scale needs a higher ratio", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const PoolMarket<TestType> market;
    CHECK(market.margin("20", MarginLevel::initial) == D::money("2500"));       // 40,000 5 % + 500
    CHECK(market.margin("-20", MarginLevel::maintenance) == D::money("1500"));  // 2.5 % + 500
    CHECK(market.margin("40", MarginLevel::initial) == D::money("7700"));       // 80,000 9 % + 500
}

// 15,000 contracts of a dollar at 30,000 are half a coin: 0.25 % beside the tier's 1 %.
TEST_CASE("an inverse contract's slope goes by parts of a coin, whatever its contracts are") {
    using D = Decimals<Ledger>;
    PositionTermsOf<Ledger> terms;
    terms.payoff = Payoff::inverse;
    terms.unit = Quantity::from_raw(1);  // no decimals
    terms.slope = {D::rate("0.5"), Quantity::from_raw(100)};
    terms.slope_share = {D::rate("1"), D::rate("1")};
    InstrumentRow row;
    row.mark = Price::from_raw(30'000);
    row.scale = ContractScale::from_factor(10'000'000'000'000'000);
    row.terms = &terms;
    row.tier_count = 1;
    row.tiers[0].rate = {D::rate("0.01"), D::rate("0.01")};
    const std::array<PositionRow, 1> positions{{{.instrument = InstrumentId(0),
                                                 .quantity = Quantity::from_raw(15'000),
                                                 .entry_price = row.mark}}};
    const AccountView account{.balances = {}, .positions = positions};
    const auto figures = position_figures<Ledger>(account, 0, row, MarginLevel::initial);
    CHECK(round_up(figures.requirement) == D::money("0.00625"));
}

TEMPLATE_TEST_CASE("a level that trusts neither price takes each against the account", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    const auto sided = [](const char* market, const char* slow) {
        return against_account(D::unit_price(market), D::unit_price(slow));
    };
    CHECK(sided("1", "0.5").owned == D::unit_price("0.5"));
    CHECK(sided("1", "0.5").owed == D::unit_price("1"));
    CHECK(sided("1", "2").owned == D::unit_price("1"));
    CHECK(sided("1", "2").owed == D::unit_price("2"));
    CHECK(sided("1", "0").owned == D::unit_price("1"));
    CHECK(sided("1", "0").owed == D::unit_price("1"));
}

TEMPLATE_TEST_CASE("orders fill at the price that is against the account", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    PositionTermsOf<TestType> terms;
    terms.orders = OrderRule::worst_fill;
    terms.long_rate = {D::rate("0.2")};
    terms.short_rate = {D::rate("0.2")};
    const auto prices = against_account(D::price("1"), D::price("0.5"));
    terms.long_price[MarginLevel::initial] = prices.owned;
    terms.short_price[MarginLevel::initial] = prices.owed;
    InstrumentRowOf<TestType> row;
    row.mark = D::price("1");
    row.scale = D::contract();
    row.terms = &terms;
    row.tier_count = 1;

    const auto risk = [&](const char* size, const char* order, MarginLevel level) {
        const std::array<PositionRowOf<TestType>, 1> positions{
            {{.instrument = InstrumentId(0), .quantity = D::quantity(size), .entry_price = {}}}};
        const std::array<OrderRowOf<TestType>, 1> orders{
            {{.position = 0, .size = D::quantity(order), .price = {}}}};
        const auto figures = position_figures<TestType>(
            {.balances = {}, .positions = positions, .orders = orders}, 0, row, level);
        return round_down(figures.gain * rate_one<TestType>() - figures.requirement);
    };
    CHECK(risk("10", "5", MarginLevel::initial) == D::money("1"));        // 15 0.8 0.5 - 5 1
    CHECK(risk("-10", "-5", MarginLevel::initial) == D::money("-15.5"));  // -15 1.2 1 + 5 0.5
    CHECK(risk("10", "-5", MarginLevel::initial) == D::money("4"));       // worse without the order
    CHECK(risk("10", "5", MarginLevel::maintenance) == D::money("7"));    // 15 0.8 - 5
}

TEMPLATE_TEST_CASE("leverage counts every item for itself", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    GrossValueOf<TestType> gross;
    gross.add(value_of(D::money("10")));
    gross.add(value_of(D::money("-9")));
    CHECK(gross.leverage(D::money("0.001")) == D::rate("9"));
    gross.add(value_of(D::money("-1")));
    CHECK(gross.leverage(D::money("0.001")) == D::rate("10000"));  // nothing is its own
    CHECK(gross.assets() == value_of(D::money("10")));
    CHECK(gross.liabilities() == value_of(D::money("10")));
}

TEST_CASE("leverage rounds up") {
    GrossValueOf<Ledger> gross;
    gross.add(value_of(Decimals<Ledger>::money("5")));
    gross.add(value_of(Decimals<Ledger>::money("-2")));
    CHECK(gross.leverage(Decimals<Ledger>::money("0.001")) == Decimals<Ledger>::rate("0.66666667"));
}

TEMPLATE_TEST_CASE("what may be withdrawn", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    WithdrawalInputs<TestType> account{.has_positions = true,
                                       .debt = D::money("0"),
                                       .collateral = D::money("1000"),
                                       .available = D::money("900"),
                                       .required = D::money("300")};
    CHECK(withdrawable(account) == D::money("600"));
    account.required = D::money("1000");
    CHECK(withdrawable(account) == D::money("-100"));
    account.has_positions = false;
    CHECK(withdrawable(account) == D::money("1000"));
    account.debt = D::money("1");
    CHECK(withdrawable(account) == D::money("0"));
}
