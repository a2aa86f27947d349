// From many sources to one price, and from its movement to margin rates. Per instrument: an index
// price (weighted median of index sources), a mark price (of mark sources, or the index where there
// are none), a price state, a realised volatility, and the rates that follow from it.
//
// Thread: the engine's. Cost of a price: a sort of at most 16 sources and, once per sample interval,
// an exp, a log and a square root.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/margin/market_view.hpp"
#include "core/market/volatility.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// One source as the market stage sees it; kept for explanations.
struct SourceStatus {
    Price price;                // last accepted, in the source's own quote; zero: none yet
    Price confidence;
    Timestamp receive_time;     // of that price
    Timestamp exchange_time;
    std::uint64_t sequence = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    bool in_merge = false;      // was fresh enough for the last merge
};

struct InstrumentStatus {
    Price mark;
    Price index;
    PriceState state = PriceState::frozen;
    PriceReason reason = PriceReason::none;
    std::uint32_t live_index_sources = 0;
    std::uint32_t live_mark_sources = 0;
    Timestamp distrusted_since;  // zero while good
    double sigma_annual = 0;     // realised volatility, a fraction
    RateTerm binding_initial = RateTerm::floor;  // of the first tier
    RateTerm binding_maintenance = RateTerm::floor;
    Rate initial_rate;           // of the first tier
    Rate maintenance_rate;
};

// What an input changed, for the account stage.
struct MarketChange {
    InstrumentId instrument;
    bool mark_moved = false;
    bool index_moved = false;
    bool rates_moved = false;
    bool state_changed = false;
};

class MarketStage {
  public:
    // Keeps a reference: `parameters` must outlive it and may be changed only through refresh().
    explicit MarketStage(const RiskParameters& parameters);

    // One price. On acceptance changes() lists the instruments it moved: its own, and those whose
    // sources are converted through it.
    Refusal apply(const PriceInput& price, const Input& input) noexcept;
    // Time passed: sources may have become stale, holds may have ended. Fills changes().
    void advance(Timestamp now) noexcept;
    // The feed (re)connected: its sources' sequences start anew.
    void feed_restarted(FeedId feed) noexcept;
    // Risk parameters changed: rates and weights are computed anew. Fills changes().
    void refresh(Timestamp now) noexcept;

    std::span<const MarketChange> changes() const noexcept;
    std::span<const Event> events() const noexcept;  // threshold_changed, price_state of this input

    MarketView view() const noexcept;
    const InstrumentStatus& status(InstrumentId instrument) const noexcept;
    const SourceStatus& status(SourceId source) const noexcept;
    bool all_priced() const noexcept;  // every instrument has had a trusted price
};

}  // namespace margind::core
