// Whether the rules beyond haircuts and tiers can be used: ranges that keep the arithmetic inside
// its bounds (core/units.hpp), levels in order, and nothing that contradicts or has no effect.
#pragma once

#include <string>

#include "core/parameters.hpp"
#include "core/problems.hpp"

namespace margind::core {

// At every level.
template <class T>
bool each_within(const PerLevel<T>& values, T lowest, T highest) {
    for (const MarginLevel level : kAllMarginLevels) {
        if (!within(values[level], lowest, highest)) return false;
    }
    return true;
}

// Opening may never be easier than staying open, nor the end of a liquidation easier than its
// start: what it asks for falls from the initial to the close-out to the maintenance level.
bool falls_by_level(const PerLevel<Rate>& asked);

// Whether a provision of `charge` per unit stays inside the arithmetic: at most what one unit is
// worth at the largest price; at most 11 decimals of quantity; not for inverse contracts.
bool charge_fits(const Instrument& instrument, Money charge);

// `place` is that of the asset, "assets[2]".
void check_asset_rules(const RiskParameters& parameters, const Asset& asset,
                       const std::string& place, Problems& problems);

// `place` is that of the instrument.
void check_instrument_rules(const RiskParameters& parameters, const Instrument& instrument,
                            const std::string& place, Problems& problems);

}  // namespace margind::core
