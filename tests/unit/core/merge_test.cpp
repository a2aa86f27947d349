#include "core/market/merge.hpp"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using margind::test::price;
using margind::test::Random;

namespace {

Price median_of(std::vector<WeightedPrice> prices) {
    return weighted_median(prices);
}

}  // namespace

TEST_CASE("one source is the median") {
    CHECK(median_of({{price(5), 3}}) == price(5));
}

TEST_CASE("three equal weights give the middle one") {
    CHECK(median_of({{price(9), 1}, {price(1), 1}, {price(4), 1}}) == price(4));
}

TEST_CASE("two equal weights give the middle between them, rounded down") {
    CHECK(median_of({{Price::from_raw(10), 1}, {Price::from_raw(13), 1}}).raw() == 11);
}

TEST_CASE("weight decides, not count") {
    CHECK(median_of({{price(1), 1}, {price(2), 1}, {price(50), 5}}) == price(50));
    CHECK(median_of({{price(1), 2}, {price(2), 1}, {price(50), 3}}) ==
          Price::from_raw((price(2).raw() + price(50).raw()) / 2));
}

// Incident: one venue printed 30 % away from four others and accounts were liquidated on it.
TEST_CASE(
    "a single wild source with less than half of the weight moves nothing beyond the others") {
    Random random(21);
    for (int round = 0; round < 2000; ++round) {
        std::vector<WeightedPrice> sane;
        const std::size_t n = 2 + random.below(6);
        std::uint32_t total = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const auto weight = static_cast<std::uint32_t>(1 + random.below(5));
            total += weight;
            sane.push_back({price(100 + random.unit()), weight});
        }
        const auto [low, high] = std::minmax_element(
            sane.begin(), sane.end(), [](auto& a, auto& b) { return a.price < b.price; });
        const Price lowest = low->price;
        const Price highest = high->price;
        std::vector<WeightedPrice> all = sane;
        all.push_back({price(random.chance(0.5) ? 130 : 1),
                       static_cast<std::uint32_t>(1 + random.below(total - 1))});
        const Price merged = median_of(all);
        INFO("seed 21, round " << round);
        CHECK(merged >= lowest);
        CHECK(merged <= highest);
    }
}
