#include "core/margin/concentration.hpp"

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"
#include "tests/support/extended.hpp"

using namespace margind::core;
using margind::test::decimals;
using margind::test::Extended;
using margind::test::rate;

namespace {

template <class N>
RateOf<N> asset(const char* weight, const char* deposits, const char* price, const char* from) {
    return concentrated_asset_weight<N>(rate<N>(weight), decimals<MoneyOf<N>>(deposits),
                                        decimals<UnitPriceOf<N>>(price),
                                        decimals<MoneyOf<N>>(from));
}

template <class N>
RateOf<N> liability(const char* weight, const char* borrows, const char* price, const char* from) {
    return concentrated_liability_weight<N>(rate<N>(weight), decimals<MoneyOf<N>>(borrows),
                                            decimals<UnitPriceOf<N>>(price),
                                            decimals<MoneyOf<N>>(from));
}

}  // namespace

TEMPLATE_TEST_CASE("weights move with the venue's totals, beyond where they start to", "", Ledger,
                   Extended) {
    using N = TestType;
    CHECK(asset<N>("0.9", "1010", "1", "505") == rate<N>("0.45"));
    CHECK(asset<N>("0.9", "505", "1", "505") == rate<N>("0.9"));
    CHECK(asset<N>("0.9", "0", "1", "505") == rate<N>("0.9"));
    CHECK(liability<N>("1.4", "9", "1.25", "3.75") == rate<N>("4.2"));
    CHECK(liability<N>("1.4", "3", "1.25", "3.75") == rate<N>("1.4"));
}

TEMPLATE_TEST_CASE("weights stay where no start is given", "", Ledger, Extended) {
    using N = TestType;
    CHECK(asset<N>("0.9", "1000000", "2", "0") == rate<N>("0.9"));
    CHECK(liability<N>("1.1", "1000000", "2", "0") == rate<N>("1.1"));
}

TEMPLATE_TEST_CASE("a liability weight has an end", "", Ledger, Extended) {
    using N = TestType;
    CHECK(liability<N>("1.5", "1000000", "1", "1") == rate<N>("1000"));
}

TEST_CASE("concentrated weights of the ledger are the exact ones, rounded against the account") {
    for (int whole = 300; whole < 400; ++whole) {
        const std::string total = std::to_string(whole) + ".17";
        const auto down = asset<Extended>("0.85", total.c_str(), "1.3", "290");
        const auto up = liability<Extended>("1.15", total.c_str(), "1.3", "290");
        const Extended::Raw shift = boost::multiprecision::pow(Extended::Raw(10), 22);
        CHECK(asset<Ledger>("0.85", total.c_str(), "1.3", "290").raw() ==
              div_floor<Extended::Raw>(down.raw(), shift));
        CHECK(liability<Ledger>("1.15", total.c_str(), "1.3", "290").raw() ==
              div_ceil<Extended::Raw>(up.raw(), shift));
    }
}

TEST_CASE("the largest totals fit") {
    // 61 billion units of value, the most that admission allows.
    CHECK(asset<Ledger>("1", "61000000000", "1", "30500000000") == rate<Ledger>("0.5"));
    CHECK(liability<Ledger>("1.2", "61000000000", "1", "30500000000") == rate<Ledger>("2.4"));
}
