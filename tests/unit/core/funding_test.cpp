#include "core/margin/funding.hpp"

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include "core/market/time_average.hpp"
#include "tests/support/book.hpp"
#include "tests/support/decimals.hpp"

using namespace margind::core;
using margind::test::Decimals;
using margind::test::Extended;
using margind::test::Random;

namespace {

using Points = std::vector<TimedPrice<Ledger>>;
using Pauses = std::vector<Interval>;

Timestamp at(std::int64_t ns) {
    return Timestamp::from_ns(ns);
}
Price average(const Points& points, std::int64_t from, std::int64_t to, const Pauses& pauses = {}) {
    return time_average<Ledger>(points, {at(from), at(to)}, pauses);
}

// Moment by moment.
Price average_by_moments(const Points& points, std::int64_t from, std::int64_t to,
                         const Pauses& pauses) {
    std::int64_t sum = 0;
    std::int64_t count = 0;
    for (std::int64_t t = from; t < to; ++t) {
        const bool paused = std::any_of(pauses.begin(), pauses.end(), [&](const Interval& pause) {
            return pause.from.ns() <= t && t < pause.to.ns();
        });
        std::int64_t standing = 0;
        for (const auto& point : points) {
            if (point.at.ns() <= t) standing = point.price.raw();
        }
        if (paused || standing == 0) continue;
        sum += standing;
        ++count;
    }
    return Price::from_raw(count == 0 ? 0 : sum / count);
}

FundingPeriod<Ledger> period(std::int64_t internal, std::int64_t external,
                             std::int64_t halted_seconds = 0) {
    return {Money::from_raw(internal), Money::from_raw(external), Duration::from_seconds(63'072),
            Duration::from_seconds(halted_seconds)};
}

}  // namespace

TEST_CASE("a price stands until the next one comes") {
    const Points points{{at(500), Price::from_raw(50)},
                        {at(2000), Price::from_raw(10)},
                        {at(5000), Price::from_raw(10)}};
    CHECK(average(points, 1000, 5000).raw() == 20);  // carried over from before
    CHECK(average(points, 0, 5000).raw() == 23);     // counted from the first price on
    CHECK(average(points, 6000, 7000).raw() == 10);
    CHECK(average(points, 600, 600).raw() == 50);  // no length: what stands
    CHECK(average(points, 100, 400).raw() == 0);   // nothing stood yet
    CHECK(average({}, 100, 400).raw() == 0);
    CHECK(average(points, 1000, 5000, {{at(0), at(9000)}}).raw() == 0);
}

TEST_CASE("the time average is the mean over all moments outside pauses") {
    Random random(71);
    for (int i = 0; i < 500; ++i) {
        Points points;
        std::int64_t t = static_cast<std::int64_t>(random.below(60));
        for (std::uint64_t n = random.below(6) + 1; n > 0; --n) {
            points.push_back(
                {at(t), Price::from_raw(1 + static_cast<std::int64_t>(random.below(1000)))});
            t += 1 + static_cast<std::int64_t>(random.below(60));
        }
        const auto from = static_cast<std::int64_t>(random.below(100));
        const auto to = from + 1 + static_cast<std::int64_t>(random.below(200));
        const auto pause = static_cast<std::int64_t>(random.below(200));
        const Pauses pauses{{at(pause), at(pause + 20)}, {at(pause + 30), at(pause + 35)}};
        // A period that lies before the first price but ends on it has no length left.
        if (points.front().at.ns() == to) continue;
        CHECK(average(points, from, to, pauses) == average_by_moments(points, from, to, pauses));
    }
}

TEMPLATE_TEST_CASE("a payment is a share of the notional, against whom it concerns", "", Ledger,
                   Extended) {
    using D = Decimals<TestType>;
    CHECK(funding_payment(D::contract(), D::price("2"), D::quantity("10"), D::rate("0.0001")) ==
          D::money("0.002"));
    CHECK(funding_payment(D::contract(), D::price("2"), D::quantity("-10"), D::rate("0.0001")) ==
          D::money("-0.002"));
}

TEST_CASE("the premium with a clamped interest term") {
    FundingRule<Ledger> rule;
    rule.interest_rate = margind::test::rate(0.05);
    rule.interest_max = margind::test::rate(0.9);
    // 63,072 seconds are 0.002 years: 1,600,160 - 1,590,000 = 10,160 of interest.
    CHECK(perpetual_funding(rule, period(1'590'000, 1'600'000)).payment.raw() == 160);
    CHECK(perpetual_funding(rule, period(1'590'000, 1'600'000)).rate.raw() == 10'000);
    rule.interest_min = Rate::from_raw(-5'000'000);
    rule.interest_max = margind::test::rate(0.05);
    CHECK(perpetual_funding(rule, period(1'700'000, 1'600'000)).payment.raw() == 20'000);
    CHECK(perpetual_funding(rule, period(1'500'000, 1'600'000)).payment.raw() == -20'000);
}

TEST_CASE("auction time, scaling and bounds, in this order; the payment is cut toward zero") {
    FundingRule<Ledger> rule;
    CHECK(perpetual_funding(rule, period(210, 110, 42'048)).payment.raw() == 33);  // a third of 100
    CHECK(perpetual_funding(rule, period(110, 210, 42'048)).payment.raw() == -33);
    CHECK(perpetual_funding(rule, period(210, 110, 63'072)).payment.raw() == 0);
    rule.scaling = margind::test::rate(1.5);
    CHECK(perpetual_funding(rule, period(1210, 110)).payment.raw() == 1650);
    rule.rate_max = margind::test::rate(0.5);
    CHECK(perpetual_funding(rule, period(1210, 110)).payment.raw() == 55);
    CHECK(perpetual_funding(rule, period(1210, 110)).rate == margind::test::rate(0.5));
    rule.rate_min = margind::test::rate(0.25);
    CHECK(perpetual_funding(rule, period(110, 110)).payment.raw() == 27);
    CHECK(perpetual_funding(rule, period(110, 0)).payment.raw() == 0);
    const auto provision =
        funding_provision(perpetual_funding(rule, period(1210, 110)), margind::test::rate(0.5));
    CHECK(provision.raw() == Int128{55} * 50'000'000);
}

TEST_CASE("a share of a value is exact where the product would not fit") {
    Random random(72);
    for (int i = 0; i < 2000; ++i) {
        const auto bits = [&] { return static_cast<std::int64_t>(random.unit() * 9e18); };
        const Value value = Value::from_raw((Int128{bits()} << 26) * (i % 2 ? 1 : -1));
        const std::int64_t whole = bits() / 1000 + 1;
        const std::int64_t part =
            static_cast<std::int64_t>(random.unit() * static_cast<double>(whole));
        const Value share = share_of(value, Duration::from_ns(part), Duration::from_ns(whole));
        const auto wide = [](Int128 v) {
            return (Extended::Raw(static_cast<std::int64_t>(v >> 62)) << 62) +
                   static_cast<std::int64_t>(v & ((Int128{1} << 62) - 1));
        };
        CHECK(wide(share.raw()) ==
              div_floor<Extended::Raw>(wide(value.raw()) * part, Extended::Raw(whole)));
    }
}
