// Messages of Binance's websocket streams, spot and futures. Both use one envelope and one-letter
// members; they differ in which events exist, which the venue states in a table.
//
// Taken: raw events ({"e":...}) and the combined form ({"stream":...,"data":...}), single events
// and arrays of them (!markPrice@arr), answers to requests, errors in both documented shapes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "feeds/venue.hpp"

namespace margind::feeds::binance {

enum class EventType : std::uint8_t {
    book_top,
    trade,
    aggregate_trade,
    mark_price,  // carries the index price too
    depth,
    candle,
    statistics,
    liquidation_print,
    shutdown_notice,
    other_known,
};

// `name` is the event's "e". An empty name with book_top says that book tops come without a name.
struct KnownEvent {
    std::string_view name;
    EventType type;
};

// `events`, the most frequent first, must outlive the decoder.
std::unique_ptr<Decoder> make_decoder(std::span<const KnownEvent> events);

}  // namespace margind::feeds::binance
