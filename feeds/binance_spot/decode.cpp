#include "feeds/binance_spot/decode.hpp"

#include "feeds/binance/decode.hpp"

namespace margind::feeds::binance_spot {
namespace {

using binance::EventType;

// From "WebSocket Streams for Binance" of the official documentation. The book ticker is the only
// stream without an event name (beside partial depth, known by its lastUpdateId).
constexpr binance::KnownEvent kEvents[] = {
    {"", EventType::book_top},
    {"trade", EventType::trade},
    {"aggTrade", EventType::aggregate_trade},
    {"depthUpdate", EventType::depth},
    {"kline", EventType::candle},
    {"24hrTicker", EventType::statistics},
    {"24hrMiniTicker", EventType::statistics},
    {"1hTicker", EventType::statistics},
    {"4hTicker", EventType::statistics},
    {"1dTicker", EventType::statistics},
    {"avgPrice", EventType::statistics},
    {"referencePrice", EventType::other_known},
    {"serverShutdown", EventType::shutdown_notice},
};

}  // namespace

std::unique_ptr<Decoder> make_decoder() {
    return binance::make_decoder(kEvents);
}

}  // namespace margind::feeds::binance_spot
