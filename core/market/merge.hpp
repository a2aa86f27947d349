// Merging the prices of several sources into one.
#pragma once

#include <cstdint>
#include <span>

#include "core/units.hpp"

namespace margind::core {

struct WeightedPrice {
    Price price;
    std::uint32_t weight = 1;
};

// The weighted median: the price at which half of the weight lies below and half above; the middle
// of the two (rounded down) where the halves meet between two prices. No source with less than half
// of the weight can move it beyond the others' prices. Sorts `prices` in place.
// Requires: not empty, at most kMaxSourcesPerInstrument, every weight > 0.
Price weighted_median(std::span<WeightedPrice> prices) noexcept;

}  // namespace margind::core
