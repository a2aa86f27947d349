#include "config/scalars.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace margind;
using config::parse_duration;
using config::parse_flag;
using config::parse_number;
using config::parse_rate;
using config::parse_scaled;
using config::parse_whole;

namespace {

std::int64_t rate_of(std::string_view text) {
    core::Rate rate;
    INFO(text);
    REQUIRE(parse_rate(text, rate).empty());
    return rate.raw();
}

std::int64_t ns_of(std::string_view text) {
    core::Duration duration;
    INFO(text);
    REQUIRE(parse_duration(text, duration).empty());
    return duration.ns();
}

}  // namespace

TEST_CASE("a rate is a fraction or a percentage, exactly") {
    CHECK(rate_of("0.05") == 5'000'000);
    CHECK(rate_of("5%") == 5'000'000);
    CHECK(rate_of("1") == 100'000'000);
    CHECK(rate_of("0.00000001") == 1);
    CHECK(rate_of("0.000001%") == 1);
    CHECK(rate_of("1e-8") == 1);
    CHECK(rate_of("0.1") == 10'000'000);  // not the nearest double's digits
}

TEST_CASE("a rate that is none is refused and changes nothing") {
    for (const char* text : {"", "%", "5 %", "5%%", "five", "nan", "inf", "0x1", "0.000000001",
                             "0.0000001%", "1e30", "--1"}) {
        core::Rate rate = core::Rate::from_raw(7);
        INFO(text);
        CHECK_FALSE(parse_rate(text, rate).empty());
        CHECK(rate.raw() == 7);
    }
}

TEST_CASE("a duration is a number and a unit") {
    CHECK(ns_of("250ms") == 250'000'000);
    CHECK(ns_of("10s") == 10'000'000'000);
    CHECK(ns_of("2.5s") == 2'500'000'000);
    CHECK(ns_of("5m") == 300'000'000'000);
    CHECK(ns_of("1h") == 3'600'000'000'000);
    CHECK(ns_of("30d") == 2'592'000'000'000'000);
    CHECK(ns_of("1us") == 1'000);
    CHECK(ns_of("7ns") == 7);
    CHECK(ns_of("0s") == 0);
    CHECK(ns_of("0.000000001s") == 1);
}

TEST_CASE("a duration without a known unit, or finer than a nanosecond, is refused") {
    for (const char* text : {"", "s", "10", "10 s", "10sec", "1h30m", "ten s", "0.5ns",
                             "0.0000000001s", "1000000d", "1e400s", ".s"}) {
        core::Duration duration = core::Duration::from_ns(7);
        INFO(text);
        CHECK_FALSE(parse_duration(text, duration).empty());
        CHECK(duration.ns() == 7);
    }
}

TEST_CASE("money keeps every digit or is refused") {
    std::int64_t raw = 0;
    CHECK(parse_scaled("92233720368.54775807", 8, raw).empty());
    CHECK(raw == std::numeric_limits<std::int64_t>::max());
    CHECK(parse_scaled("92233720369", 8, raw).find("too large") != std::string::npos);
    CHECK_FALSE(parse_scaled("92233720368.54775808", 8, raw).empty());
    CHECK(parse_scaled("0.000000001", 8, raw).find("more than 8 decimals") != std::string::npos);
    CHECK(parse_scaled("0.1000000000", 8, raw).empty());
    CHECK(raw == 10'000'000);
}

TEST_CASE("numbers, whole numbers and flags refuse what they are not") {
    double number = 0;
    CHECK(parse_number("2.5", number).empty());
    CHECK(number == 2.5);
    for (const char* text : {"", "nan", "inf", "2.5x", " 2", "1e999"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text, number).empty());
    }
    std::int64_t whole = 0;
    CHECK(parse_whole("65535", 0, 65'535, whole).empty());
    CHECK(whole == 65'535);
    for (const char* text : {"65536", "-1", "1.0", "1e3", "", "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_whole(text, 0, 65'535, whole).empty());
    }
    bool flag = false;
    CHECK(parse_flag("true", flag).empty());
    CHECK(flag);
    CHECK_FALSE(parse_flag("yes", flag).empty());
}
