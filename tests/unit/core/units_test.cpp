#include "core/units.hpp"

#include <cstdint>

#include <catch2/catch.hpp>

#include "core/ids.hpp"

using namespace margind::core;

TEST_CASE("division rounds towards minus infinity or plus infinity, by name") {
    CHECK(div_floor(7, 2) == 3);
    CHECK(div_floor(-7, 2) == -4);
    CHECK(div_floor(-8, 2) == -4);
    CHECK(div_ceil(7, 2) == 4);
    CHECK(div_ceil(-7, 2) == -3);
    CHECK(div_ceil(8, 2) == 4);
    CHECK(div_floor(0, 5) == 0);
}

TEST_CASE("equity rounds down, requirements up, also below zero") {
    const Value third = Value::from_raw(kScale / 3);  // a third of 1e-8
    CHECK(round_down(third).raw() == 0);
    CHECK(round_up(third).raw() == 1);
    const Value minus_third = Value::from_raw(-kScale / 3);
    CHECK(round_down(minus_third).raw() == -1);
    CHECK(round_up(minus_third).raw() == 0);
}

TEST_CASE("a price times a quantity carries both scales exactly") {
    // 0.00000001 at 1e-12 a unit, 123 units at 1e-4: factor 10^(16-12-4) = 1.
    const ContractScale scale = ContractScale::from_factor(1);
    CHECK(scale.value(Price::from_raw(10'000), Quantity::from_raw(1'230'000)).raw() ==
          Int128{12'300'000'000});
    // A contract of 10 units.
    const ContractScale ten = ContractScale::from_factor(10);
    CHECK(ten.gain(Price::from_raw(100), Price::from_raw(90), Quantity::from_raw(-3)).raw() == 300);
}

TEST_CASE("the largest admitted sum stays inside 128 bits") {
    const Value largest = Value::from_raw(kMaxExposure);
    const WeightedValue weighted = largest * Rate::from_raw((std::int64_t{1} << 28) - 1);
    CHECK(weighted.raw() > 0);
    CHECK(round_up(weighted).raw() > 0);
}

TEST_CASE("saturation replaces wrapping") {
    CHECK(saturate_to_int64(Int128{1} << 100) == INT64_MAX);
    CHECK(saturate_to_int64(-(Int128{1} << 100)) == INT64_MIN);
    CHECK(saturate_to_int64(-5) == -5);
}

TEST_CASE("account names are short printable ASCII without characters that need quoting") {
    using Name = FixedText<16>;
    CHECK(Name::fits("alice-01"));
    CHECK(Name::fits(""));
    CHECK(Name::fits("0123456789abcdef"));
    CHECK_FALSE(Name::fits("0123456789abcdefg"));
    CHECK_FALSE(Name::fits("a b"));
    CHECK_FALSE(Name::fits("a\"b"));
    CHECK_FALSE(Name::fits("a\\b"));
    CHECK_FALSE(Name::fits("a/b"));
    CHECK_FALSE(Name::fits("gr\xc3\xbc"));
    CHECK(Name("0123456789abcdef").view() == "0123456789abcdef");
    CHECK(Name("x").view() == "x");
}
