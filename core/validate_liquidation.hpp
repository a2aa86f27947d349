// Whether what a liquidation pays, and how it goes, can be used: ranges that keep the arithmetic
// inside its bounds, and nothing that has no effect.
#pragma once

#include <string>

#include "core/parameters.hpp"
#include "core/problems.hpp"

namespace margind::core {

// Of the venue: the keeper's reward and the ramp.
void check_liquidation(const RiskParameters& parameters, Problems& problems);

// Fees, sizes and prices of one instrument. `place` is that of the instrument.
void check_instrument_liquidation(const Instrument& instrument, const std::string& place,
                                  Problems& problems);

}  // namespace margind::core
