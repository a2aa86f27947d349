// Two engines, one with each way to find the accounts that an input can have changed, on the same
// random inputs: books, rules, ticks, jumps, silences, fills, parameter changes; and the first
// difference between what they say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/bands/band_limits.hpp"
#include "core/bands/band_statistics.hpp"

namespace margind::test {

class TwinEngines {
  public:
    explicit TwinEngines(std::uint64_t seed, const core::BandLimits& limits = {});
    ~TwinEngines();
    TwinEngines(const TwinEngines&) = delete;
    TwinEngines& operator=(const TwinEngines&) = delete;

    // Plays so many inputs after the book was made. The first difference, or an account that does
    // not stand where an evaluation from scratch puts it at the end, or a refused certificate;
    // nothing if there is none of these.
    std::optional<std::string> run(int inputs);

    core::BandStatistics statistics() const;
    std::uint64_t crossings() const;  // of both engines

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::test
