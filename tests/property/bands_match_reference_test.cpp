// The band index against the reference: the same random inputs lead to the same events, field by
// field, and at the end every account stands where an evaluation from scratch puts it.
#include <algorithm>
#include <cstdint>

#include <catch2/catch.hpp>

#include "tests/support/seeds.hpp"
#include "tests/support/twin_engines.hpp"

using namespace margind::test;

namespace {

// Fewer seeds may be of quiet runs.
constexpr std::uint64_t kManySeeds = 20;

}  // namespace

TEST_CASE("bands and reference lead to the same events") {
    const std::uint64_t first = first_seed();
    const std::uint64_t seeds = seeds_or(200);
    std::uint64_t crossings = 0;
    std::uint64_t fired = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        TwinEngines twins(seed);
        const auto difference = twins.run(4'000);
        INFO("seed " << seed << ": " << difference.value_or(""));
        REQUIRE_FALSE(difference);
        crossings += twins.crossings();
        fired += twins.statistics().fired;
    }
    if (seeds < kManySeeds) return;
    CHECK(crossings > 100 * seeds);
    CHECK(fired > 100 * seeds);
}

// Long enough for what is learned of each price, and for wheels that were swept many times over.
TEST_CASE("bands stay right for long") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        TwinEngines twins(seed);
        const auto difference = twins.run(40'000);
        INFO("seed " << seed << ": " << difference.value_or(""));
        REQUIRE_FALSE(difference);
    }
}

// What hardly happens at their usual sizes: no memory for entries, none for split buckets, wheels
// that are swept all the time.
TEST_CASE("bands are right at the ends of their memory") {
    const margind::core::BandLimits small[] = {
        {.chunks = 40, .unwanted_entries = 0},
        {.fine_blocks = 2, .unwanted_entries = 0},
        {.chunks = 200, .fine_blocks = 30, .unwanted_entries = 10},
        {.tracked = 3, .repairs = 1},
        {.repairs = 2, .unwanted_entries = 0}};
    const std::uint64_t first = first_seed();
    const std::uint64_t seeds = std::max<std::uint64_t>(seeds_or(200) / 8, 1);
    std::uint64_t put_off = 0;
    std::uint64_t swept = 0;
    std::uint64_t no_memory = 0;
    for (const auto& limits : small) {
        for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
            TwinEngines twins(seed, limits);
            const auto difference = twins.run(2'000);
            swept += twins.statistics().swept;
            no_memory += twins.statistics().no_memory;
            put_off += twins.statistics().put_off;
            INFO("seed " << seed << ", chunks " << limits.chunks << ": "
                         << difference.value_or(""));
            REQUIRE_FALSE(difference);
        }
    }
    if (seeds < kManySeeds) return;
    CHECK(swept > 40 * seeds);
    CHECK(no_memory > 40 * seeds);
    CHECK(put_off > 40 * seeds);
}
