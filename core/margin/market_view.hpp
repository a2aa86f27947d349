// What an evaluation reads of the market: one flat row per instrument and per asset.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/limits.hpp"
#include "core/units.hpp"

namespace margind::core {

// The part of a position's notional in [tier start, notional_up_to) needs these rates.
struct TierRow {
    Value notional_up_to;  // the last tier's is never compared
    Rate initial_rate;
    Rate maintenance_rate;
};

struct InstrumentRow {
    Price mark;  // zero: no trusted price was ever seen
    ContractScale scale;
    std::uint32_t tier_count = 0;
    std::array<TierRow, kMaxTiers> tiers;
};

struct AssetRow {
    UnitPrice price;    // in the valuation currency; zero: not priced yet
    Rate asset_weight;  // 1 - haircut
    Rate liability_weight;
};

struct MarketView {
    std::span<const InstrumentRow> instruments;
    std::span<const AssetRow> assets;
};

}  // namespace margind::core
