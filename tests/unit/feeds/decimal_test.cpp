#include "feeds/decimal.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/feeds/decode_support.hpp"

using margind::feeds::Decimal;
using margind::feeds::parse_decimal;
using margind::feeds::test::text_of;

namespace {

Decimal parsed(std::string_view text) {
    Decimal decimal;
    INFO(text);
    REQUIRE(parse_decimal(text, decimal));
    return decimal;
}

bool refused(std::string_view text) {
    Decimal decimal{7, 7};
    const bool taken = parse_decimal(text, decimal);
    CHECK((taken || decimal == Decimal{7, 7}));
    return !taken;
}

}  // namespace

TEST_CASE("decimal text becomes mantissa and exponent in lowest terms") {
    CHECK(parsed("61837.63") == Decimal{6183763, -2});
    CHECK(parsed("61837.63000000") == Decimal{6183763, -2});
    CHECK(parsed("00061837.63") == Decimal{6183763, -2});
    CHECK(parsed("0.00000291") == Decimal{291, -8});
    CHECK(parsed("6163260000000") == Decimal{616326, 7});
    CHECK(parsed("-0.855") == Decimal{-855, -3});
    CHECK(parsed("+5") == Decimal{5, 0});
    CHECK(parsed(".5") == Decimal{5, -1});
    CHECK(parsed("5.") == Decimal{5, 0});
    CHECK(parsed("1e3") == Decimal{1, 3});
    CHECK(parsed("1.50E-7") == Decimal{15, -8});
    CHECK(parsed("10e-1") == Decimal{1, 0});
}

TEST_CASE("every way to write zero is the same zero") {
    for (const char* text :
         {"0", "-0", "0.0", "000", ".0", "0e5", "0.00000000", "-0.0e-999999999"}) {
        INFO(text);
        CHECK(parsed(text) == Decimal{0, 0});
    }
}

TEST_CASE("zeros never cost precision") {
    CHECK(parsed("1" + std::string(500, '0')) == Decimal{1, 500});
    CHECK(parsed("1." + std::string(5000, '0')) == Decimal{1, 0});
    CHECK(parsed("0." + std::string(500, '0') + "1") == Decimal{1, -501});
    CHECK(parsed(std::string(5000, '0') + "1") == Decimal{1, 0});
}

TEST_CASE("the mantissa may fill 63 bits and no more") {
    CHECK(parsed("9223372036854775807") == Decimal{std::numeric_limits<std::int64_t>::max(), 0});
    CHECK(parsed("-9223372036854775807") == Decimal{-std::numeric_limits<std::int64_t>::max(), 0});
    CHECK(parsed("922337203685477.5807000") ==
          Decimal{std::numeric_limits<std::int64_t>::max(), -4});
    CHECK(refused("9223372036854775808"));
    CHECK(refused("-9223372036854775808"));
    CHECK(refused("92233720368547758.08"));
    CHECK(refused("10000000000000000000000000000001"));
    CHECK(refused("18446744073709551617"));
    CHECK(refused(std::string(40, '9')));
}

TEST_CASE("text that is no decimal number is refused") {
    for (const char* text :
         {"",      "+",     "-",     ".",   "-.",       "e5",    "1e",   "1e+",         "1e-",
          "1e5.0", "1e5x",  "NaN",   "nan", "Infinity", "-inf",  "0x10", "1 0",         " 1",
          "1 ",    "1,000", "1.2.3", "--1", "+-1",      "1_000", "1\n",  "\xef\xbc\x91"}) {
        INFO(text);
        CHECK(refused(text));
    }
    CHECK(refused(std::string_view("1\0", 2)));
}

TEST_CASE("exponents beyond the limit are refused, whatever their size") {
    CHECK(parsed("1e1000") == Decimal{1, 1000});
    CHECK(parsed("1e-1000") == Decimal{1, -1000});
    CHECK(refused("1e1001"));
    CHECK(refused("1e-1001"));
    CHECK(refused("1e2147483648"));
    CHECK(refused("1e99999999999999999999999"));
    CHECK(refused("1e-99999999999999999999999"));
}

TEST_CASE("text is written without exponent") {
    CHECK(text_of({0, 0}) == "0");
    CHECK(text_of({0, 5}) == "0");
    CHECK(text_of({17, 3}) == "17000");
    CHECK(text_of({6183763, -2}) == "61837.63");
    CHECK(text_of({291, -8}) == "0.00000291");
    CHECK(text_of({-5, -1}) == "-0.5");
    CHECK(text_of({std::numeric_limits<std::int64_t>::min(), -19}) == "-0.9223372036854775808");
}

TEST_CASE("a number survives being written in any of its ways") {
    const std::uint32_t seed = 20251010;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        const int bits = static_cast<int>(random() % 63) + 1;
        auto mantissa = static_cast<std::int64_t>(random() >> (64 - bits));
        if (mantissa % 10 == 0) mantissa += 1;
        if (mantissa < 0) continue;
        const int places = static_cast<int>(random() % 24);
        const Decimal value{random() % 2 == 0 ? mantissa : -mantissa, -places};
        const std::string plain = text_of(value);
        INFO(plain);
        CHECK(parsed(plain) == value);
        const std::string zeros(random() % 12, '0');
        CHECK(parsed(plain + (places > 0 ? zeros : "." + zeros)) == value);
        const int shift = static_cast<int>(random() % 40) - 20;
        const std::string moved =
            std::to_string(value.mantissa) + "e" + std::to_string(value.exponent + shift);
        CHECK(parsed(moved) == Decimal{value.mantissa, value.exponent + shift});
    }
}
