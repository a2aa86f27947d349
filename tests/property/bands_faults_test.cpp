// Whether the comparison of bands and reference would notice: each deliberate fault of
// core/bands/faults.hpp is found within a few seeds.
#include <cstdint>

#include <catch2/catch.hpp>

#include "core/bands/faults.hpp"
#include "tests/support/twin_engines.hpp"

using namespace margind;
using namespace margind::test;

namespace {

constexpr std::uint64_t kSeeds = 60;

// Seeds that it took, zero if none noticed.
std::uint64_t seeds_to_notice(core::BandFault fault) {
    core::injected_fault = fault;
    std::uint64_t taken = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds && taken == 0; ++seed) {
        if (TwinEngines(seed).run(3'000)) taken = seed;
    }
    core::injected_fault = core::BandFault::none;
    return taken;
}

}  // namespace

TEST_CASE("every deliberate fault of the band index is noticed") {
    for (std::uint8_t f = 1; f < static_cast<std::uint8_t>(core::BandFault::count_); ++f) {
        const auto fault = static_cast<core::BandFault>(f);
        CAPTURE(int(f));
        CHECK(seeds_to_notice(fault) > 0);
    }
}

TEST_CASE("without a fault nothing is noticed") {
    CHECK(seeds_to_notice(core::BandFault::none) == 0);
}
