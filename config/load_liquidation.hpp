// What a liquidation pays and how it goes: YAML to the rules of core/parameters.hpp. What each does
// is said in docs/margin-models.md.
#pragma once

#include "config/yaml_reader.hpp"
#include "core/parameters.hpp"

namespace margind::config {

// The section `keeper_reward` of the venue.
void read_keeper_reward(MapReader& root, core::RiskParameters& risk);

// The section `liquidation_ramp` of the venue.
void read_liquidation_ramp(MapReader& root, core::RiskParameters& risk);

// `liquidation_fee` of an instrument: a rate, or a section that says how it grows.
void read_liquidation_fee(MapReader& map, core::Instrument& instrument);

// `liquidation_limits` of an instrument. Its decimals are set already.
void read_liquidation_limits(MapReader& map, core::Instrument& instrument);

// At what price an instrument's positions are taken over.
void read_takeover_price(MapReader& map, core::Instrument& instrument);

}  // namespace margind::config
