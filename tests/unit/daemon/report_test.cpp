#include "daemon/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

namespace margind::daemon {
namespace {

core::Duration ns(std::int64_t value) {
    return core::Duration::from_ns(value);
}

TEST_CASE("an empty histogram answers zero") {
    const LatencyHistogram empty;
    CHECK(empty.count() == 0);
    CHECK(empty.percentile(0.5) == ns(0));
    CHECK(empty.maximum() == ns(0));
}

TEST_CASE("small latencies are exact") {
    LatencyHistogram histogram;
    for (int i = 0; i < 16; ++i) histogram.record(ns(i));
    CHECK(histogram.percentile(0.0) == ns(0));
    CHECK(histogram.percentile(0.5) == ns(7));
    CHECK(histogram.percentile(1.0) == ns(15));
}

TEST_CASE("percentiles are never below the true value and at most a sixteenth above") {
    const std::uint64_t seed = 20251010;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    LatencyHistogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20'000; ++i) {
        // Every octave from 1 ns to about a minute.
        values.push_back(static_cast<std::int64_t>(random() >> (28 + random() % 36)));
        histogram.record(ns(values.back()));
    }
    std::sort(values.begin(), values.end());
    for (const double p : {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(p * 20'000)) - 1;
        const std::int64_t exact = values[rank];
        const std::int64_t told = histogram.percentile(p).ns();
        CAPTURE(p, exact, told);
        CHECK(told >= exact);
        CHECK(told <= exact + exact / 16 + 1);
    }
    CHECK(histogram.maximum() == ns(values.back()));
    CHECK(histogram.count() == 20'000);
}

TEST_CASE("what lies outside counts at the edges") {
    LatencyHistogram histogram;
    histogram.record(ns(-5));  // a clock that ran behind
    CHECK(histogram.percentile(1.0) == ns(0));
    histogram.record(core::Duration::from_seconds(100'000));
    CHECK(histogram.percentile(1.0) == core::Duration::from_seconds(100'000));
    CHECK(histogram.percentile(0.5) == ns(0));
}

}  // namespace
}  // namespace margind::daemon
