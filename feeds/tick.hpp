// What every venue's messages are turned into: exact decimals, the venue's own symbol, its own
// time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/input.hpp"
#include "core/time.hpp"

namespace margind::feeds {

// A decimal number exactly as the venue wrote it: mantissa * 10^exponent. What parse_decimal makes
// is in lowest terms, so that equal numbers are equal here.
struct Decimal {
    std::int64_t mantissa = 0;
    std::int32_t exponent = 0;
    friend constexpr bool operator==(Decimal, Decimal) = default;
};

enum class TakerSide : std::uint8_t { unknown, buy, sell };

// One normalised market data point. `symbol` borrows from the message it was decoded from.
struct Tick {
    core::Channel channel = core::Channel::trade;
    std::string_view symbol;
    Decimal price;                              // trade, mark, index, oracle
    Decimal bid;                                // book_top
    Decimal ask;                                // book_top
    Decimal bid_size;                           // book_top; mantissa 0: not stated
    Decimal ask_size;                           // book_top; mantissa 0: not stated
    Decimal size;                               // trade
    Decimal confidence;                         // oracle
    TakerSide taker_side = TakerSide::unknown;  // trade
    std::uint64_t sequence = 0;                 // grows per (symbol, channel); zero: not stated
    core::Timestamp exchange_time;              // zero: the message carries none
};

// What became of a message.
enum class Verdict : std::uint8_t {
    decoded,   // it held ticks
    control,   // acknowledgement, heartbeat, venue error, shutdown notice: for the session
    ignored,   // valid and known, but nothing we use
    rejected,  // malformed, or a value that no market has
};

enum class Reason : std::uint8_t {
    none,
    // control
    acknowledged,     // a subscription was accepted
    request_refused,  // the venue answered a request with an error; see DecodeResult::detail
    heartbeat,
    shutdown_notice,  // the venue is about to disconnect
    // ignored
    depth,  // order book levels
    candle,
    statistics,           // 24 h tickers
    liquidation_print,    // forced orders
    order_flow,           // order level messages
    stale_repeat,         // a trade repeated from before the subscription
    not_price_discovery,  // insurance fund and ADL fills
    other_known,
    unknown_type,  // well-formed, of a type not in the venue's documentation as we know it
    // rejected
    not_json,  // no JSON object or array, or cut short
    missing_field,
    wrong_type,
    bad_number,  // not a decimal number, or it needs more than 64 bits
    not_positive,
    crossed_book,
    bad_time,
    bad_symbol,
    too_many_ticks,
    count_,
};

struct DecodeResult {
    Verdict verdict = Verdict::rejected;
    Reason reason = Reason::none;
    std::string_view detail;       // borrows from the message; empty where there is nothing to add
    std::uint64_t request_id = 0;  // acknowledged, request_refused: which request; zero if unstated
};

// The ticks of one message. Filled whole or not at all: a message is refused as one.
class TickBatch {
  public:
    static constexpr std::size_t kCapacity =
        2048;  // largest known: an all-symbols mark price array

    void clear() { size_ = 0; }
    bool push(const Tick& tick) {
        if (size_ == kCapacity) return false;
        ticks_[size_++] = tick;
        return true;
    }
    // For venues that send the newest first: ticks leave a decoder in the order they happened.
    void reverse() { std::reverse(ticks_.data(), ticks_.data() + size_); }
    const Tick* begin() const { return ticks_.data(); }
    const Tick* end() const { return ticks_.data() + size_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const Tick& operator[](std::size_t i) const { return ticks_[i]; }

  private:
    std::size_t size_ = 0;
    std::array<Tick, kCapacity> ticks_;
};

}  // namespace margind::feeds
