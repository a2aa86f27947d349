#include "core/margin/collateral_discount.hpp"

#include <catch2/catch.hpp>

#include "core/margin/withdrawable.hpp"
#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

TEMPLATE_TEST_CASE("a discount grows with the amount between its ends", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const CollateralDiscount<TestType> rule{D::money("50000"), D::rate("2"), D::rate("0.01"),
                                            D::rate("0.05")};
    const auto discount = [&](const char* amount) {
        return discount_for_size(rule, D::money(amount));
    };
    CHECK(discount("0") == D::rate("0.01"));
    CHECK(discount("-5") == D::rate("0.01"));
    CHECK(discount("100") == D::rate("0.01"));
    CHECK(discount("700") == D::rate("0.028"));
    CHECK(discount("100000") == D::rate("0.05"));
    CHECK(discount_for_size(CollateralDiscount<TestType>{}, D::money("100")) == D::rate("0"));
}

TEST_CASE("a discount rounds up") {
    using D = Decimals<Ledger>;
    const CollateralDiscount<Ledger> rule{D::money("3"), D::rate("1"), D::rate("0"), D::rate("1")};
    CHECK(discount_for_size(rule, D::money("1")) == D::rate("0.33333334"));
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
