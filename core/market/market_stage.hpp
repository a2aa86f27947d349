// From many sources to one price, and from its movement to margin rates. Per instrument: an index
// price (weighted median of index sources), a mark price (of mark sources, or the index where there
// are none), a price state, a realised volatility, and the rates that follow from it.
//
// Thread: the engine's. Cost of a price: a sort of at most 16 sources and, once per sample
// interval, an exp, a log and a square root.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/margin/market_view.hpp"
#include "core/market/margin_rows.hpp"
#include "core/market/market_memory.hpp"
#include "core/market/source_status.hpp"
#include "core/market/volatility.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

struct InstrumentStatus {
    Price mark;
    Price index;
    PriceState state = PriceState::frozen;
    PriceReason reason = PriceReason::none;
    std::uint32_t live_index_sources = 0;
    std::uint32_t live_mark_sources = 0;
    Timestamp distrusted_since;                  // zero while good
    double sigma_annual = 0;                     // realised volatility, a fraction
    RateTerm binding_initial = RateTerm::floor;  // of the first tier
    RateTerm binding_maintenance = RateTerm::floor;
    Rate initial_rate;  // of the first tier
    Rate maintenance_rate;
};

// How a margin rate came about, for explanations: each step is what the rate is after it.
struct RateSteps {
    RateTerm binding = RateTerm::floor;
    Rate bound;    // the tier's own rate, the volatility's, or the cap
    Rate scaled;   // by open interest, and at the close-out level by the tier's rate there
    Rate charged;  // for the confidence of the price: the rate
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
    // Keeps a reference: `parameters` must outlive it and may be changed only before refresh().
    explicit MarketStage(const RiskParameters& parameters);

    // One price. On acceptance changes() lists the instruments it moved: its own, and those whose
    // sources are converted through it.
    Refusal apply(const PriceInput& price, const Input& input) noexcept;
    // What the venue says of a market or an asset beside its price.
    Refusal apply(const StatisticInput& statistic, Timestamp now) noexcept;
    // Time passed: sources may have become stale, holds may have ended.
    void advance(Timestamp now) noexcept;
    // The feed (re)connected: its sources' sequences start anew.
    void feed_restarted(FeedId feed) noexcept;
    // The daemon goes on after a restart: every price is frozen until a quorum of its sources has
    // been fresh since `now` for guard.restart_grace. Prices stay where they are meanwhile, so that
    // margin calls go on; hold_max does not end it, since nobody has seen the market.
    void restarted(Timestamp now) noexcept;
    // Risk parameters changed: rates and weights are computed anew.
    void refresh() noexcept;
    // What it carries from one input to the next, to go on from in another stage: remember() of
    // all that this one has, then remembered(). False: no stage with these parameters can have
    // come to that. Requires of remember(): nothing was applied yet.
    const SourceStatus& memory(SourceId source) const noexcept { return status(source); }
    InstrumentMemory memory(InstrumentId instrument) const noexcept;
    AssetMemory memory(AssetId asset) const noexcept { return rows_.memory(asset); }
    Timestamp fresh_from() const noexcept { return fresh_from_; }
    bool remember(SourceId source, const SourceStatus& memory) noexcept;
    bool remember(InstrumentId instrument, const InstrumentMemory& memory) noexcept;
    bool remember(AssetId asset, const AssetMemory& memory) noexcept;
    void remembered(Timestamp fresh_from) noexcept;
    // Of all of that, as it is saved.
    std::uint64_t hash() const noexcept;
    // Forgets changes() and events(); call before each input.
    void clear_changes() noexcept;

    std::span<const MarketChange> changes() const noexcept { return changes_; }
    // threshold_changed and price_state of this input, without a header.
    std::span<const Event> events() const noexcept { return events_; }

    MarketView view() const noexcept { return rows_.view(); }
    const MarginRows& rows() const noexcept { return rows_; }
    RateSteps rate_steps(InstrumentId instrument, std::size_t tier,
                         MarginLevel level) const noexcept;
    const InstrumentStatus& status(InstrumentId instrument) const noexcept {
        return statuses_[instrument.index()];
    }
    const SourceStatus& status(SourceId source) const noexcept {
        return source_statuses_[source.index()];
    }
    // Every instrument that has sources has had a price its quorum trusted, since the last restart.
    bool all_trusted_once() const noexcept {
        return waiting_for_first_price_ == 0 && arming_count_ == 0;
    }

  private:
    // Constant after construction: how an instrument hangs together with sources and others.
    struct Wiring {
        std::vector<SourceId> index_sources;
        std::vector<SourceId> mark_sources;
        std::vector<InstrumentId> converts;  // instruments with a source quoted in what it prices
    };
    // What a merge found.
    struct Merge {
        Price price;  // zero: nothing fresh
        std::uint32_t live = 0;
    };

    Refusal check(const PriceInput& price, const Input& input) const noexcept;
    bool jumps(const PriceInput& price) const noexcept;
    void recompute(InstrumentId instrument, Timestamp now) noexcept;
    bool fits(const StatisticInput& input) const noexcept;
    void recompute_dependents(InstrumentId instrument, Timestamp now) noexcept;
    Merge merge(std::span<const SourceId> sources, Timestamp now) noexcept;
    Price converted(const Source& source, Price price) const noexcept;  // zero: cannot be
    void judge_trust(InstrumentId instrument, bool trusted, Timestamp now) noexcept;
    bool still_arming(InstrumentId instrument, bool trusted, Timestamp now) noexcept;
    void set_state(InstrumentId instrument, PriceState to, PriceReason reason) noexcept;
    struct BoundRate {
        Rate rate;
        RateTerm binding = RateTerm::floor;
    };
    // Of an instrument's volatility now, before the tiers' floors and the cap.
    struct VolatilityRates {
        Rate initial;
        Rate maintenance;
    };
    VolatilityRates volatility_rates(InstrumentId instrument) const noexcept;
    BoundRate bound_rate(InstrumentId instrument, std::size_t tier, MarginLevel level,
                         const VolatilityRates& rates) const noexcept;
    void update_rates(InstrumentId instrument) noexcept;
    void report_threshold(InstrumentId instrument, MarginLevel level, Rate now, Rate& told,
                          RateTerm binding) noexcept;
    Rate confidence_share(InstrumentId instrument) const noexcept;
    MarketChange& change_of(InstrumentId instrument) noexcept;

    const RiskParameters& parameters_;
    std::vector<Wiring> wiring_;

    std::vector<SourceStatus> source_statuses_;
    std::vector<InstrumentStatus> statuses_;
    MarginRows rows_;
    std::vector<RealisedVolatility> volatility_;
    std::vector<Rate> told_initial_;  // the rates last reported
    std::vector<Rate> told_maintenance_;
    std::uint32_t waiting_for_first_price_ = 0;
    // Since a restart, per instrument: whether its quorum still has to prove itself, and since when
    // it does.
    struct Arming {
        bool waits = false;
        Timestamp trusted_since;  // not stated: it is not
    };
    std::vector<Arming> armings_;
    std::uint32_t arming_count_ = 0;  // that wait
    Timestamp fresh_from_;            // prices received before count for nothing

    std::vector<MarketChange> changes_;
    std::vector<std::int32_t> change_index_;  // per instrument into changes_, -1: none
    std::vector<Event> events_;
};

}  // namespace margind::core
