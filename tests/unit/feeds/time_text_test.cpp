#include "feeds/time_text.hpp"

#include <cstdint>
#include <ctime>
#include <limits>

#include <catch2/catch.hpp>

using margind::core::Timestamp;
using margind::feeds::parse_utc_time;
using margind::feeds::time_from_count;

namespace {

std::int64_t ns_of(std::string_view text) {
    Timestamp time;
    INFO(text);
    REQUIRE(parse_utc_time(text, time));
    return time.ns();
}

}  // namespace

TEST_CASE("UTC text becomes nanoseconds, with 0 to 9 digits of fraction") {
    CHECK(ns_of("1970-01-01T00:00:01Z") == 1'000'000'000);
    CHECK(ns_of("2021-04-17T16:43:29.571587Z") == 1'618'677'809'571'587'000);
    CHECK(ns_of("2026-08-09T21:05:48.228568804Z") == 1'786'309'548'228'568'804);
    CHECK(ns_of("2026-08-09T21:05:38.5Z") == 1'786'309'538'500'000'000);
    CHECK(ns_of("2024-02-29T23:59:59.999999999Z") == 1'709'251'199'999'999'999);
}

TEST_CASE("the year 1 means that no time is stated") {
    CHECK(ns_of("0001-01-01T00:00:00.000000Z") == 0);
    CHECK(ns_of("0001-01-01T00:00:00Z") == 0);
}

TEST_CASE("text that names no moment is refused") {
    Timestamp time = Timestamp::from_ns(7);
    for (const char* text : {"",
                             "Z",
                             "2021-04-17",
                             "2021-04-17T16:43:29",
                             "2021-04-17T16:43:29.Z",
                             "2021-04-17T16:43:29.0000000001Z",
                             "2021-04-17 16:43:29Z",
                             "2021-04-17T16:43:29+00:00",
                             "2021-02-29T00:00:00Z",
                             "2021-13-01T00:00:00Z",
                             "2021-00-01T00:00:00Z",
                             "2021-04-31T00:00:00Z",
                             "2021-04-17T24:00:00Z",
                             "2021-04-17T16:60:00Z",
                             "2021-04-17T16:43:60Z",
                             "2021-4-17T16:43:29Z",
                             "2021-04-17t16:43:29Z",
                             "1969-12-31T23:59:59Z",
                             "2262-01-01T00:00:00Z",
                             "0000-01-01T00:00:00Z",
                             "-021-04-17T16:43:29Z",
                             "2021-04-17T16:43:29.5a7Z",
                             "2021-04-17T16:43:29.571587ZZ",
                             "2026-08-09 21:05:48.854840045 +0000 UTC m=+41691.260485341"}) {
        INFO(text);
        CHECK_FALSE(parse_utc_time(text, time));
    }
    CHECK(time.ns() == 7);
}

TEST_CASE("every day of a century agrees with the C library") {
    for (std::int64_t day = 0; day < 36'525; day += 1) {
        const std::time_t seconds = day * 86'400 + day % 86'400;
        std::tm broken{};
        REQUIRE(gmtime_r(&seconds, &broken) != nullptr);
        char text[32];
        REQUIRE(std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &broken) > 0);
        REQUIRE(ns_of(text) == seconds * 1'000'000'000);
    }
}

TEST_CASE("a count of a unit becomes nanoseconds, or is refused when it cannot") {
    Timestamp time;
    CHECK(time_from_count(1'723'161'255'343, 1'000'000, time));
    CHECK(time.ns() == 1'723'161'255'343'000'000);
    CHECK(time_from_count(std::numeric_limits<std::int64_t>::max(), 1, time));
    CHECK_FALSE(time_from_count(0, 1'000'000, time));
    CHECK_FALSE(time_from_count(-1, 1'000'000, time));
    CHECK_FALSE(
        time_from_count(std::numeric_limits<std::int64_t>::max() / 1'000'000 + 1, 1'000'000, time));
}
