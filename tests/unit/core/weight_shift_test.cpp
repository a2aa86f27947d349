#include "core/margin/weight_shift.hpp"

#include <catch2/catch.hpp>

#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;

namespace {

Timestamp second(std::int64_t seconds) {
    return Timestamp{} + Duration::from_seconds(seconds);
}

}  // namespace

TEMPLATE_TEST_CASE("a weight moves in a straight line and then stays", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const WeightShift<TestType> shift{second(100), second(1100), D::rate("1"), D::rate("2.5")};
    const auto at = [&](std::int64_t time) {
        return shifted_weight(shift, second(time), Rounding::down);
    };
    CHECK(at(0) == D::rate("1"));
    CHECK(at(100) == D::rate("1"));
    CHECK(at(300) == D::rate("1.3"));
    CHECK(at(1000) == D::rate("2.35"));
    CHECK(at(1100) == D::rate("2.5"));
    CHECK(at(9999) == D::rate("2.5"));
}

TEST_CASE("a weight on its way down rounds as asked") {
    using D = Decimals<Ledger>;
    const WeightShift<Ledger> shift{second(0), second(3), D::rate("1"), D::rate("0")};
    CHECK(shifted_weight(shift, second(1), Rounding::down) == D::rate("0.66666666"));
    CHECK(shifted_weight(shift, second(1), Rounding::up) == D::rate("0.66666667"));
}

TEST_CASE("nothing under way is the target") {
    using D = Decimals<Ledger>;
    const WeightShift<Ledger> shift{second(0), second(0), D::rate("0.8"), D::rate("0.8")};
    CHECK(shifted_weight(shift, second(0), Rounding::down) == D::rate("0.8"));
}
