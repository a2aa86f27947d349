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
#include "core/market/slow_price.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

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
    void set_statistic(const StatisticInput& input) noexcept;
    // Risk parameters changed; rates are to be set after it.
    void refresh() noexcept;

  private:
    struct InstrumentState {
        Money open_interest;
        Money expected_funding;
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
    void update_terms(InstrumentId id) noexcept;
    void update_prices_of_level(InstrumentId id) noexcept;
    void update_asset(AssetId id) noexcept;
    void update_asset_prices(const Asset& asset, const AssetState& state, const AssetRow& row,
                             BalanceTerms& terms) const noexcept;
    void update_weights(const Asset& asset, const AssetState& state, UnitPrice initial_price,
                        AssetRow& row) const noexcept;

    const RiskParameters& parameters_;
    std::vector<InstrumentRow> instruments_;
    std::vector<PositionTerms> terms_;  // per instrument; rows without rules do not point here
    std::vector<AssetRow> assets_;
    std::vector<BalanceTerms> asset_terms_;
    std::vector<InstrumentState> instrument_states_;
    std::vector<AssetState> asset_states_;
};

}  // namespace margind::core
