#include "core/margin/liquidation_window.hpp"

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

TEMPLATE_TEST_CASE("a market's capacity comes from its fees and scale", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    const LiquidationCapacity<TestType> rule{D::rate("0.007"), D::rate("0.003"),
                                             D::quantity("1000"), D::rate("1.5"),
                                             Duration::from_seconds(10)};
    const auto capacity = capacity_per_window(rule);
    CHECK(capacity == D::quantity("150"));
    CHECK(windows_needed(D::quantity("150"), capacity) == 1);
    CHECK(windows_needed(D::quantity("-151"), capacity) == 2);
}

TEMPLATE_TEST_CASE("a window is shared by all and moves on", "", Ledger, Extended) {
    using D = Decimals<TestType>;
    LiquidationWindowOf<TestType> market(D::quantity("100"), Duration::from_seconds(10));
    CHECK(market.take(D::quantity("60"), second(0)) == D::quantity("60"));
    CHECK(market.take(D::quantity("60"), second(4)) == D::quantity("40"));
    CHECK(market.take(D::quantity("60"), second(9)) == D::quantity("0"));
    CHECK(market.take(D::quantity("70"), second(10)) == D::quantity("60"));
    CHECK(market.room(second(14)) == D::quantity("40"));
}

TEST_CASE("more moments than a window remembers never give room early") {
    LiquidationWindow market(Quantity::from_raw(1'000), Duration::from_ms(1'000));
    for (int i = 0; i < 200; ++i) {
        CHECK(market.take(Quantity::from_raw(1), Timestamp{} + Duration::from_ms(i)).raw() == 1);
    }
    CHECK(market.room(Timestamp{} + Duration::from_ms(999)).raw() == 800);
    CHECK(market.room(Timestamp{} + Duration::from_ms(1'050)).raw() == 800);  // 149 without merging
    CHECK(market.room(Timestamp{} + Duration::from_ms(1'199)).raw() == 1'000);
}
