// The rules that a venue adds to haircuts, liability weights and tiers: YAML to the rules of
// core/parameters.hpp. What each does is said in docs/margin-models.md.
#pragma once

#include "config/yaml_reader.hpp"
#include "core/parameters.hpp"

namespace margind::config {

// What an asset says beyond its price, haircut and liability weight, and how its holders' debts are
// liquidated.
void read_asset_rules(MapReader& map, core::Asset& asset);

// The section `margin` of an instrument, its slow price, and what limits its liquidation. The
// instrument's kind and decimals are set already; its tiers are read afterwards, because a
// maintenance fraction decides what they say.
void read_instrument_rules(MapReader& map, core::Instrument& instrument);

// The level a rung of the ladder is measured at.
void read_margin_level(MapReader& map, const char* key, core::MarginLevel& level);

}  // namespace margind::config
