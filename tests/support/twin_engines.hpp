// Two engines, one with each way to find the accounts that an input can have changed, on the same
// random venue and inputs (random_books.hpp, random_flow.hpp); and the first difference between
// what they say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/bands/band_limits.hpp"
#include "core/bands/band_statistics.hpp"
#include "tests/support/band_coverage.hpp"

namespace margind::test {

class TwinEngines {
  public:
    explicit TwinEngines(std::uint64_t seed, const core::BandLimits& limits = {});
    ~TwinEngines();
    TwinEngines(const TwinEngines&) = delete;
    TwinEngines& operator=(const TwinEngines&) = delete;

    // Plays about so many inputs after the accounts were opened. The first difference, or an
    // account that at some time does not stand where an evaluation from scratch puts it, or a
    // refused certificate; nothing if there is none of these.
    std::optional<std::string> run(int inputs);

    core::BandStatistics statistics() const;
    std::uint64_t crossings() const;  // of both engines
    // What crossed from behind guards; counts only where MARGIND_BAND_FAULTS is defined.
    const BandCoverage& coverage() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::test
