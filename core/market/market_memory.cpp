// The market stage, out of what another one carried.
#include "core/market/market_memory.hpp"

#include "core/engine/state_hash.hpp"
#include "core/journal/archive.hpp"
#include "core/market/market_stage.hpp"

namespace margind::core {

InstrumentMemory MarketStage::memory(InstrumentId id) const noexcept {
    const InstrumentStatus& status = statuses_[id.index()];
    InstrumentMemory memory;
    memory.mark = status.mark;
    memory.index = status.index;
    memory.state = status.state;
    memory.reason = status.reason;
    memory.live_index_sources = status.live_index_sources;
    memory.live_mark_sources = status.live_mark_sources;
    memory.distrusted_since = status.distrusted_since;
    memory.told_initial = told_initial_[id.index()];
    memory.told_maintenance = told_maintenance_[id.index()];
    memory.arming = armings_[id.index()].waits;
    memory.arming_since = armings_[id.index()].trusted_since;
    memory.volatility = volatility_[id.index()];
    rows_.recall(id, memory);
    return memory;
}

bool MarketStage::remember(SourceId id, const SourceStatus& memory) noexcept {
    const Source& source = parameters_.sources[id.index()];
    const bool in_quote = source.quote == parameters_.instruments[source.instrument.index()].quote;
    const Price most = in_quote ? parameters_.instruments[source.instrument.index()].price_max
                                : Price::from_raw(std::numeric_limits<std::int64_t>::max());
    if (memory.price.raw() < 0 || memory.price > most || memory.receive_time.ns() < 0 ||
        memory.exchange_time.ns() < 0) {
        return false;
    }
    source_statuses_[id.index()] = memory;
    return true;
}

bool MarketStage::remember(InstrumentId id, const InstrumentMemory& memory) noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    const auto in_range = [](const Price& price, const Price& most) {
        return price.raw() >= 0 && price <= most;
    };
    const bool priced = memory.mark.raw() > 0 && memory.index.raw() > 0;
    const bool unpriced = memory.mark.raw() == 0 && memory.index.raw() == 0;
    const StatisticInput funding{.statistic = Statistic::expected_funding,
                                 .target = id.index(),
                                 .value = memory.expected_funding.raw()};
    if (!in_range(memory.mark, instrument.price_max) ||
        !in_range(memory.index, instrument.price_max) || !(priced || unpriced) ||
        !in_range(memory.auction_price, instrument.price_max) || memory.open_interest.raw() < 0 ||
        memory.confidence < Rate{} || memory.confidence > kRateOne ||
        memory.told_initial < Rate{} || memory.told_maintenance < Rate{} ||
        memory.distrusted_since.ns() < 0 || memory.arming_since.ns() < 0 ||
        !memory.volatility.plausible() || !fits(funding)) {
        return false;
    }
    if (memory.has_slow_price && !rows_.fits(id, memory.slow_price)) return false;
    InstrumentStatus& status = statuses_[id.index()];
    status.mark = memory.mark;
    status.index = memory.index;
    status.state = memory.state;
    status.reason = memory.reason;
    status.live_index_sources = memory.live_index_sources;
    status.live_mark_sources = memory.live_mark_sources;
    status.distrusted_since = memory.distrusted_since;
    told_initial_[id.index()] = memory.told_initial;
    told_maintenance_[id.index()] = memory.told_maintenance;
    armings_[id.index()] = {.waits = memory.arming, .trusted_since = memory.arming_since};
    volatility_[id.index()] = memory.volatility.with_rule(instrument.volatility);
    rows_.remember(id, memory);
    return true;
}

bool MarketStage::remember(AssetId id, const AssetMemory& memory) noexcept {
    const Int128 largest = largest_unit_price(parameters_, id).raw();
    for (const std::int64_t value :
         {memory.deposits.raw(), memory.borrows.raw(), memory.redemption.raw()}) {
        if (value < 0 || Int128{value} * largest > kMaxExposure) return false;
    }
    rows_.remember(id, memory);
    return true;
}

// What stands, and what was told of it, is as it was: rates are computed, nothing is told anew.
void MarketStage::remembered(Timestamp fresh_from) noexcept {
    fresh_from_ = fresh_from;
    waiting_for_first_price_ = 0;
    arming_count_ = 0;
    const std::vector<Rate> told_initial = told_initial_;
    const std::vector<Rate> told_maintenance = told_maintenance_;
    refresh();
    told_initial_ = told_initial;
    told_maintenance_ = told_maintenance;
    for (std::size_t i = 0; i < statuses_.size(); ++i) {
        const bool has_sources = !wiring_[i].index_sources.empty();
        if (has_sources && statuses_[i].mark.raw() == 0) ++waiting_for_first_price_;
        if (armings_[i].waits) ++arming_count_;
    }
    clear_changes();
}

std::uint64_t MarketStage::hash() const noexcept {
    HashSink sink;
    ArchiveWriter<HashSink> archive(sink);
    archive.value(fresh_from_);
    for (const SourceStatus& source : source_statuses_) fields(archive, source);
    for (std::uint32_t i = 0; i < statuses_.size(); ++i) fields(archive, memory(InstrumentId(i)));
    for (std::uint32_t a = 0; a < parameters_.assets.size(); ++a) {
        fields(archive, memory(AssetId(a)));
    }
    return sink.value();
}

void MarginRows::recall(InstrumentId id, InstrumentMemory& memory) const noexcept {
    const InstrumentState& state = instrument_states_[id.index()];
    memory.open_interest = state.open_interest;
    memory.expected_funding = state.expected_funding;
    memory.tells_funding = state.tells_funding;
    memory.auction_price = state.auction_price;
    memory.confidence = state.confidence;
    memory.has_slow_price = state.has_slow_price;
    memory.slow_price = state.slow_price;
}

void MarginRows::remember(InstrumentId id, const InstrumentMemory& memory) noexcept {
    InstrumentState& state = instrument_states_[id.index()];
    state.open_interest = memory.open_interest;
    state.expected_funding = memory.expected_funding;
    state.tells_funding = memory.tells_funding;
    state.auction_price = memory.auction_price;
    state.confidence = memory.confidence;
    const Instrument& instrument = parameters_.instruments[id.index()];
    state.has_slow_price = memory.has_slow_price && keeps_slow_price(instrument);
    if (state.has_slow_price) {
        state.slow_price = memory.slow_price.with_rule(instrument.slow_price);
    }
    instruments_[id.index()].mark = memory.mark;
    if (memory.index.raw() == 0) return;
    for (const AssetId asset : state.prices_assets) {
        assets_[asset.index()].price = unit_price(id, memory.index);
    }
}

void MarginRows::remember(AssetId id, const AssetMemory& memory) noexcept {
    asset_states_[id.index()] = {memory.deposits, memory.borrows, memory.redemption};
}

bool MarginRows::fits(InstrumentId id, const SlowPrice& slow_price) const noexcept {
    return slow_price.plausible(unit_price(id, parameters_.instruments[id.index()].price_max));
}

}  // namespace margind::core
