// Whether the comparison of bands and reference would notice: each deliberate fault of
// core/bands/faults.hpp is found within a few seeds, and the accounts compared hang on every rule.
#include <cstdint>

#include <catch2/catch.hpp>

#include "core/bands/faults.hpp"
#include "tests/support/twin_engines.hpp"

using namespace margind;
using namespace margind::test;

namespace {

constexpr int kInputs = 3'000;

// Seeds that it took, zero if none noticed.
std::uint64_t seeds_to_notice(core::BandFault fault) {
    constexpr std::uint64_t kSeeds = 60;
    core::injected_fault = fault;
    std::uint64_t taken = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds && taken == 0; ++seed) {
        // Some books with wheels that are swept all the time, some with hardly any repair at once.
        core::BandLimits limits;
        if (seed % 2 == 0) limits.unwanted_entries = 0;
        if (seed % 3 == 0) limits.repairs = 1;
        if (TwinEngines(seed, limits).run(kInputs)) taken = seed;
    }
    core::injected_fault = core::BandFault::none;
    return taken;
}

}  // namespace

TEST_CASE("every deliberate fault of the band index is noticed") {
    for (std::uint8_t f = 1; f < static_cast<std::uint8_t>(core::BandFault::count_); ++f) {
        const auto fault = static_cast<core::BandFault>(f);
        const std::uint64_t taken = seeds_to_notice(fault);
        INFO("fault " << int(f) << " of core/bands/faults.hpp, seeds it took: " << taken);
        CHECK(taken > 0);
    }
}

// Accounts that are always watched, or never cross, would notice nothing.
TEST_CASE("without a fault nothing is noticed, and every rule is met behind guards") {
    constexpr std::uint64_t kSeeds = 150;
    constexpr std::uint64_t kLeast = 10;
    BandCoverage met;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        TwinEngines twins(seed);
        const auto difference = twins.run(kInputs);
        INFO("seed " << seed << ": " << difference.value_or(""));
        REQUIRE_FALSE(difference);
        met.add(twins.coverage());
    }
    INFO("crossings of accounts that a guard led to, by rule:\n" << met.table());
    CHECK(met.below(kLeast) == "");
}
