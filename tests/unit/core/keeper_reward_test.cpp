#include "core/margin/keeper_reward.hpp"

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

template <class N>
MoneyOf<N> reward(const KeeperReward<N>& rule, const char* cost, const char* flag,
                  const char* collateral) {
    using D = Decimals<N>;
    const auto flag_reward = value_of(D::money(flag)) * rate_one<N>();
    return keeper_reward(rule, D::money(cost), flag_reward, D::money(collateral));
}

}  // namespace

TEMPLATE_TEST_CASE("a reward is the best of three, then capped", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const KeeperReward<TestType> rule{D::money("10"), D::rate("0.5"), D::rate("0.1"),
                                      D::money("200")};
    CHECK(reward(rule, "4", "0", "1000") == D::money("14"));      // cost + least
    CHECK(reward(rule, "40", "0", "1000") == D::money("60"));     // cost (1 + profit share)
    CHECK(reward(rule, "40", "50", "1000") == D::money("90"));    // flag + cost
    CHECK(reward(rule, "40", "50", "800") == D::money("80"));     // share of the collateral
    CHECK(reward(rule, "40", "500", "9000") == D::money("200"));  // most
}

TEMPLATE_TEST_CASE("a reward without caps has none", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const KeeperReward<TestType> rule{D::money("0"), D::rate("0"), {}, {}};
    CHECK(reward(rule, "0", "5000", "0") == D::money("5000"));
}

TEMPLATE_TEST_CASE("every price feed costs a flag", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    CHECK(keeper_cost<TestType>({D::money("1.5"), D::money("2"), 3}) == D::money("6.5"));
}

TEST_CASE("rewards round up, their caps down") {
    using D = Decimals<Ledger>;
    KeeperReward<Ledger> rule{D::money("0"), D::rate("0"), {}, {}};
    const auto third = WeightedValue::from_raw(kScale);  // 1e-16
    CHECK(keeper_reward(rule, D::money("0"), third, D::money("0")).raw() == 1);
    rule.collateral_share = D::rate("0.3");
    CHECK(keeper_reward(rule, D::money("5"), third, Money::from_raw(5)).raw() == 1);
}
