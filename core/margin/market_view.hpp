// What an evaluation reads of the market: one flat row per instrument and per asset. Rows hold what
// an evaluation of the plain linear model needs; whatever a venue's rules add
// (core/margin/rules.hpp) hangs off a row by pointer, so that who does not use it does not pay for
// it.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/limits.hpp"
#include "core/margin/level.hpp"
#include "core/margin/rules.hpp"
#include "core/units.hpp"

namespace margind::core {

// The part of a position's notional in [tier start, notional_up_to) needs these rates.
template <class N>
struct TierRowOf {
    ValueOf<N> notional_up_to;  // the last tier's is never compared
    PerLevel<RateOf<N>> rate;
};

template <class N>
struct InstrumentRowOf {
    PriceOf<N> mark;  // zero: no trusted price was ever seen
    ContractScaleOf<N> scale;
    const PositionTermsOf<N>* terms = nullptr;  // none: linear, tiers, nothing else
    std::uint32_t tier_count = 0;
    std::array<TierRowOf<N>, kMaxTiers> tiers;
};

template <class N>
struct AssetRowOf {
    UnitPriceOf<N> price;                  // in the valuation currency; zero: not priced yet
    PerLevel<RateOf<N>> asset_weight;      // of what is owned: 1 - haircut
    PerLevel<RateOf<N>> liability_weight;  // of what is owed
    const BalanceTermsOf<N>* terms = nullptr;
};

template <class N>
struct MarketViewOf {
    std::span<const InstrumentRowOf<N>> instruments;
    std::span<const AssetRowOf<N>> assets;
};

using TierRow = TierRowOf<Ledger>;
using InstrumentRow = InstrumentRowOf<Ledger>;
using AssetRow = AssetRowOf<Ledger>;
using MarketView = MarketViewOf<Ledger>;

}  // namespace margind::core
