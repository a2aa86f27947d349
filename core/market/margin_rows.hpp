// The rows an account is judged by: what prices, rates, the venue's statistics and its rules come
// to for each instrument and each asset. The market stage says what happened; this says what it
// means for margin.
//
// Thread: the engine's. Cost of a price: a few integer operations for each asset it values.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/margin/market_view.hpp"
#include "core/market/market_memory.hpp"
#include "core/market/slow_price.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// How an asset's weight came about, for explanations: each step is what the weight is after it.
struct WeightSteps {
    Rate base;           // 1 - haircut, or the liability weight
    Rate confidence;     // of the price
    Rate depeg;          // initial level, owned
    Rate concentration;  // initial level: the weight, before what depends on the account
};

// What the venue has said of an instrument, and what is kept of its price, as of now.
struct InstrumentFacts {
    Money open_interest;
    Money expected_funding;
    Price auction_price;     // zero: none
    Price slow_price;        // zero: none is kept
    Rate confidence_charge;  // added to its rates
};

struct AssetFacts {
    Money total_deposits;
    Money total_borrows;
    UnitPrice redemption_value;  // zero: none was given
    UnitPrice slow_price;        // zero: none is used
};

class MarginRows {
  public:
    // Keeps a reference: `parameters` must outlive it and may be changed only before refresh().
    explicit MarginRows(const RiskParameters& parameters);
    MarginRows(const MarginRows&) = delete;  // rows point into it
    MarginRows& operator=(const MarginRows&) = delete;

    MarketView view() const noexcept { return {instruments_, assets_}; }
    const InstrumentRow& row(InstrumentId id) const noexcept { return instruments_[id.index()]; }
    UnitPrice price(AssetId id) const noexcept { return assets_[id.index()].price; }

    void set_mark(InstrumentId id, Price mark) noexcept;
    // Also values the assets that the instrument prices, and moves its slow price.
    void set_index(InstrumentId id, Price index, Timestamp now) noexcept;
    // The interval around the index as a share of it. Returns whether it changed.
    bool set_confidence(InstrumentId id, Rate share) noexcept;
    // The rates of one tier before the venue's size and trust are looked at. Returns whether the
    // row changed.
    bool set_rates(InstrumentId id, std::size_t tier, Rate initial, Rate maintenance) noexcept;
    // Requires: statistic, target and value were checked.
    void set_statistic(const StatisticInput& input, Timestamp now) noexcept;
    // Risk parameters changed; rates are to be set after it.
    void refresh() noexcept;

    // For explanations.
    WeightSteps weight_steps(AssetId id, bool owned, MarginLevel level) const noexcept;
    InstrumentFacts facts(InstrumentId id) const noexcept;
    AssetFacts facts(AssetId id) const noexcept;

    // What the rows do not follow from prices and parameters: as MarketStage has it. refresh() when
    // all is remembered.
    void recall(InstrumentId id, InstrumentMemory& memory) const noexcept;
    AssetMemory memory(AssetId id) const noexcept {
        return {asset_states_[id.index()].deposits, asset_states_[id.index()].borrows,
                asset_states_[id.index()].redemption};
    }
    void remember(InstrumentId id, const InstrumentMemory& memory) noexcept;
    void remember(AssetId id, const AssetMemory& memory) noexcept;
    // Whether a slow price may stand there.
    bool fits(InstrumentId id, const SlowPrice& slow_price) const noexcept;

    // For what-ifs: a copy to change, mark and index at another price (slow prices stay where they
    // are), and back.
    struct Copy {};
    MarginRows(const MarginRows& other, Copy);
    void imagine(InstrumentId id, Price price) noexcept;
    void restore(InstrumentId id, const MarginRows& other) noexcept;

  private:
    struct InstrumentState {
        Money open_interest;
        Money expected_funding;
        bool tells_funding = false;  // some was expected once: there is something to look at
        Price auction_price;
        Rate confidence;
        SlowPrice slow_price;
        bool has_slow_price = false;
        std::vector<AssetId> prices_assets;
    };
    struct AssetState {
        Money deposits;
        Money borrows;
        UnitPrice redemption;
    };

    UnitPrice unit_price(InstrumentId id, Price price) const noexcept;
    Price in_ticks(InstrumentId id, UnitPrice price) const noexcept;
    void move_slow_price(InstrumentId id, UnitPrice index, Timestamp now) noexcept;
    void set_slow_price(InstrumentId id, Price price, Timestamp now) noexcept;
    void update_terms(InstrumentId id) noexcept;
    void update_prices_of_level(InstrumentId id) noexcept;
    void update_asset(AssetId id) noexcept;
    void update_asset_prices(const Asset& asset, const AssetState& state, const AssetRow& row,
                             BalanceTerms& terms) const noexcept;
    UnitPrice slow_price(const Asset& asset) const noexcept;
    Rate confidence_charge(InstrumentId id) const noexcept;
    WeightSteps weigh(AssetId id, bool owned, MarginLevel level) const noexcept;

    const RiskParameters& parameters_;
    std::vector<InstrumentRow> instruments_;
    std::vector<PositionTerms> terms_;  // per instrument; rows without rules do not point here
    std::vector<AssetRow> assets_;
    std::vector<BalanceTerms> asset_terms_;
    std::vector<InstrumentState> instrument_states_;
    std::vector<AssetState> asset_states_;
};

}  // namespace margind::core
