#include "core/margin/deleveraging.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "core/margin/daily_settlement.hpp"
#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

TEMPLATE_TEST_CASE("leverage raises the score of a gain and lowers that of a loss", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    CHECK(deleveraging_score(D::rate("0.1"), D::rate("4")) == D::rate("0.4"));
    CHECK(deleveraging_score(D::rate("-0.1"), D::rate("4")) == D::rate("-0.025"));
    CHECK(deleveraging_score(D::rate("0"), D::rate("4")) == D::rate("0"));
}

TEST_CASE("the highest score is closed first, equal ones in their order") {
    const auto rates = [](std::initializer_list<int> raws) {
        std::vector<Rate> scores;
        for (const int raw : raws) scores.push_back(Rate::from_raw(raw));
        return scores;
    };
    const auto scores = rates({40, 2, 40, 121});
    CHECK(deleveraging_queue<Ledger>(scores) == std::vector<std::size_t>{2, 4, 3, 1});
    CHECK(deleveraging_queue<Ledger>({}).empty());
}

TEMPLATE_TEST_CASE("a day's loss below maintenance is called up to initial", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const MarginLevels<TestType> levels{D::money("80"), D::money("60")};
    const auto day = [&](const char* from, const char* to, const char* balance) {
        return settle_day(D::contract(), D::quantity("-10"), D::price(from), D::price(to),
                          D::money(balance), levels);
    };
    CHECK(day("96", "99", "80").balance == D::money("50"));
    CHECK(day("96", "99", "80").margin_call == D::money("30"));
    CHECK(day("96", "98", "80").margin_call == D::money("0"));  // at maintenance, not below
    CHECK(day("99", "95", "80").pnl == D::money("40"));
    CHECK(day("99", "95", "80").balance == D::money("120"));
}
