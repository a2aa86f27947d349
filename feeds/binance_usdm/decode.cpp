#include "feeds/binance_usdm/decode.hpp"

#include "feeds/binance/decode.hpp"

namespace margind::feeds::binance_usdm {
namespace {

using binance::EventType;

// From "Websocket Market Streams" of the official documentation. `trade` is served but not
// documented; we subscribe to aggTrade and understand both.
constexpr binance::KnownEvent kEvents[] = {
    {"bookTicker", EventType::book_top},
    {"markPriceUpdate", EventType::mark_price},
    {"aggTrade", EventType::aggregate_trade},
    {"trade", EventType::trade},
    {"depthUpdate", EventType::depth},
    {"kline", EventType::candle},
    {"continuous_kline", EventType::candle},
    {"24hrTicker", EventType::statistics},
    {"24hrMiniTicker", EventType::statistics},
    {"forceOrder", EventType::liquidation_print},
    {"compositeIndex", EventType::other_known},
    {"contractInfo", EventType::other_known},
    {"assetIndexUpdate", EventType::other_known},
    {"serverShutdown", EventType::shutdown_notice},
};

}  // namespace

std::unique_ptr<Decoder> make_decoder() {
    return binance::make_decoder(kEvents);
}

}  // namespace margind::feeds::binance_usdm
