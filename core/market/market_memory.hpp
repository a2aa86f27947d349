// What the market stage carries from one input to the next: what is saved, restored and hashed of
// it. Everything else it has follows from this and the parameters.
#pragma once

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/market/slow_price.hpp"
#include "core/market/source_status.hpp"
#include "core/market/volatility.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// Of an instrument.
struct InstrumentMemory {
    Price mark;   // zero: no price was trusted yet
    Price index;  // with the mark
    PriceState state = PriceState::frozen;
    PriceReason reason = PriceReason::none;
    std::uint32_t live_index_sources = 0;
    std::uint32_t live_mark_sources = 0;
    Timestamp distrusted_since;
    Rate told_initial;  // the rates last reported
    Rate told_maintenance;
    bool arming = false;     // since a restart: its quorum has to prove itself,
    Timestamp arming_since;  // and does since then; not stated: it does not
    RealisedVolatility volatility;

    Money open_interest;
    Money expected_funding;
    bool tells_funding = false;
    Price auction_price;
    Rate confidence;
    bool has_slow_price = false;
    SlowPrice slow_price;
};

struct AssetMemory {
    Money deposits;
    Money borrows;
    UnitPrice redemption;
};

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<SourceStatus> source) {
    archive.value(source.price);
    archive.value(source.confidence);
    archive.value(source.receive_time);
    archive.value(source.exchange_time);
    archive.value(source.sequence);
    archive.value(source.accepted);
    archive.value(source.refused);
    archive.value(source.in_merge);
}

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<InstrumentMemory> instrument) {
    archive.value(instrument.mark);
    archive.value(instrument.index);
    archive.value(instrument.state, PriceState::frozen);
    archive.value(instrument.reason, PriceReason::restarted);
    archive.value(instrument.live_index_sources);
    archive.value(instrument.live_mark_sources);
    archive.value(instrument.distrusted_since);
    archive.value(instrument.told_initial);
    archive.value(instrument.told_maintenance);
    archive.value(instrument.arming);
    archive.value(instrument.arming_since);
    RealisedVolatility::fields(archive, instrument.volatility);
    archive.value(instrument.open_interest);
    archive.value(instrument.expected_funding);
    archive.value(instrument.tells_funding);
    archive.value(instrument.auction_price);
    archive.value(instrument.confidence);
    archive.value(instrument.has_slow_price);
    if (instrument.has_slow_price) SlowPrice::fields(archive, instrument.slow_price);
}

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<AssetMemory> asset) {
    archive.value(asset.deposits);
    archive.value(asset.borrows);
    archive.value(asset.redemption);
}

}  // namespace margind::core
