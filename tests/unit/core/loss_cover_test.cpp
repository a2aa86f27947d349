#include "core/margin/loss_cover.hpp"

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

// 40 of a settlement asset at 2 (weights 0.9 and 1.1), a debt of 36, and a loss of 50.
template <class N>
struct Account {
    using D = Decimals<N>;
    SidedWeights<N> weights{D::unit_price("2"), D::rate("0.9"), D::unit_price("2"), D::rate("1.1")};
    UncoveredLoss<N> loss{.loss = D::money("50"),
                          .price = D::unit_price("2"),
                          .maintenance = {weights, D::money("40"), D::money("36")},
                          .ending = {weights, D::money("-10"), D::money("-58")},
                          .settle_limit = D::money("100"),
                          .max_transfer = D::money("100")};
    InsuranceFund<N> fund{D::money("6"), D::unit_price("3"), D::money("1"), D::rate("0")};

    void check(const char* settled, const char* insured, const char* used,
               const char* socialised) const {
        const LossCover<N> cover = cover_loss(loss, fund);
        CHECK(cover.settled == D::money(settled));
        CHECK(cover.insured == D::money(insured));
        CHECK(cover.insurance_used == D::money(used));
        CHECK(cover.socialised == D::money(socialised));
    }
};

}  // namespace

TEMPLATE_TEST_CASE("own balance, then insurance, then everybody", "", Ledger, Extended) {
    const Account<TestType> account;
    account.check("20", "9", "6", "21");
}

TEMPLATE_TEST_CASE("a transfer limit holds for settlement and insurance together", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    Account<TestType> account;
    account.loss.max_transfer = D::money("10");
    account.check("10", "0", "0", "0");
    account.fund.amount = D::money("100");
    account.loss.max_transfer = D::money("29");
    account.check("20", "9", "6", "0");
    account.loss.settle_limit = D::money("10");
    account.loss.max_transfer = D::money("19");
    account.check("10", "9", "6", "0");
}

TEMPLATE_TEST_CASE("insurance is paid in whole units, and dearer by its fee", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    Account<TestType> account;
    account.loss.settle_limit = D::money("0");
    account.fund.amount = D::money("1000");
    account.check("0", "30", "20", "0");
    account.fund.fee = D::rate("0.04");
    account.check("0", "30", "21", "0");
    account.fund.amount = D::money("10.4");
    account.check("0", "15", "10.4", "15");
}

TEMPLATE_TEST_CASE("no health to keep, nothing is settled; none missing, nothing is paid", "",
                   Ledger, Extended) {
    using D = Decimals<TestType>;
    Account<TestType> account;
    account.loss.maintenance.health = D::money("-1");
    account.loss.ending.health = D::money("0");
    account.check("0", "0", "0", "0");
}

TEMPLATE_TEST_CASE("no more is missing than the loss that is left", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    Account<TestType> account;
    account.fund.amount = D::money("0");
    account.loss.ending.health = D::money("-1000");
    account.check("20", "0", "0", "30");
}
