#include "feeds/coinbase_advanced/decode.hpp"

#include "feeds/json_reader.hpp"
#include "feeds/tick_values.hpp"

namespace margind::feeds::coinbase_advanced {
namespace {

struct Envelope {
    Scalar channel, message, timestamp, type;
};
constexpr auto kEnvelope = member_table<Envelope, 4>({
    {"channel", &Envelope::channel},
    {"message", &Envelope::message},  // of an error
    {"timestamp", &Envelope::timestamp},
    {"type", &Envelope::type},  // "error"; other messages have a channel instead
});

struct EventHead {
    Scalar type;
};
constexpr auto kEventHead = member_table<EventHead, 1>({{"type", &EventHead::type}});

struct Ticker {
    Scalar best_ask, best_ask_quantity, best_bid, best_bid_quantity, product_id;
};
constexpr auto kTicker = member_table<Ticker, 5>({
    {"best_ask", &Ticker::best_ask},
    {"best_ask_quantity", &Ticker::best_ask_quantity},
    {"best_bid", &Ticker::best_bid},
    {"best_bid_quantity", &Ticker::best_bid_quantity},
    {"product_id", &Ticker::product_id},
});

struct Trade {
    Scalar price, product_id, side, size, time, trade_id;
};
constexpr auto kTrade = member_table<Trade, 6>({
    {"price", &Trade::price},
    {"product_id", &Trade::product_id},
    {"side", &Trade::side},
    {"size", &Trade::size},
    {"time", &Trade::time},
    {"trade_id", &Trade::trade_id},
});

struct KnownChannel {
    std::string_view name;
    Verdict verdict;
    Reason reason;
};

// Channels of the documentation that hold no ticks, the most frequent first.
constexpr KnownChannel kOtherChannels[] = {
    {"l2_data", Verdict::ignored, Reason::depth},
    {"heartbeats", Verdict::control, Reason::heartbeat},
    {"candles", Verdict::ignored, Reason::candle},
    {"subscriptions", Verdict::control, Reason::acknowledged},
    {"status", Verdict::ignored, Reason::other_known},
    {"user", Verdict::ignored, Reason::other_known},
    {"futures_balance_summary", Verdict::ignored, Reason::other_known},
};

class CoinbaseAdvancedDecoder final : public Decoder {
  public:
    DecodeResult decode(std::string_view text, core::Timestamp,
                        TickBatch& batch) noexcept override {
        batch.clear();
        Envelope envelope;
        Reason reason = reader_.open(text);
        if (reason == Reason::none && reader_.holds_array()) reason = Reason::wrong_type;
        if (reason == Reason::none) {
            reason = reader_.read([&](ondemand::object& object) {
                return read_members(object, kEnvelope, envelope);
            });
        }
        const DecodeResult result =
            reason == Reason::none ? interpret(envelope, batch) : rejected(reason);
        if (result.verdict != Verdict::decoded) batch.clear();
        return result;
    }

  private:
    DecodeResult interpret(const Envelope& envelope, TickBatch& batch) noexcept {
        if (envelope.type.is("error")) {
            return control(Reason::request_refused, envelope.message.text);
        }
        if (!envelope.channel.stated()) return ignored(Reason::unknown_type, envelope.type.text);
        if (envelope.channel.type != ScalarType::text) return rejected(Reason::wrong_type);
        if (envelope.channel.is("ticker") || envelope.channel.is("ticker_batch")) {
            return tickers(envelope, batch);
        }
        if (envelope.channel.is("market_trades")) return trades(batch);
        for (const KnownChannel& known : kOtherChannels) {
            if (envelope.channel.is(known.name)) return {known.verdict, known.reason, {}, 0};
        }
        return ignored(Reason::unknown_type, envelope.channel.text);
    }

    DecodeResult tickers(const Envelope& envelope, TickBatch& batch) noexcept {
        core::Timestamp time;
        Reason reason = read_utc_time(envelope.timestamp, time);
        if (reason != Reason::none) return rejected(reason);
        reason = for_each_item("tickers", [&](const EventHead&, ondemand::object& object) {
            Ticker ticker;
            Tick tick;
            tick.exchange_time = time;
            Reason problem = read_members(object, kTicker, ticker);
            if (problem == Reason::none) problem = read_symbol(ticker.product_id, tick.symbol);
            if (problem == Reason::none) {
                problem = read_book_top(ticker.best_bid, ticker.best_ask, ticker.best_bid_quantity,
                                        ticker.best_ask_quantity, tick);
            }
            if (problem != Reason::none) return problem;
            return batch.push(tick) ? Reason::none : Reason::too_many_ticks;
        });
        if (reason != Reason::none) return rejected(reason);
        return batch.empty() ? ignored(Reason::other_known) : decoded();
    }

    // Snapshots hold the trades before the subscription; both kinds list the newest first.
    DecodeResult trades(TickBatch& batch) noexcept {
        bool repeated = false;
        const Reason reason =
            for_each_item("trades", [&](const EventHead& event, ondemand::object& object) {
                Tick tick;
                const Reason problem = read_trade(object, tick);
                if (problem != Reason::none) return problem;
                if (event.type.is("snapshot")) {
                    repeated = true;
                    return Reason::none;
                }
                return batch.push(tick) ? Reason::none : Reason::too_many_ticks;
            });
        if (reason != Reason::none) return rejected(reason);
        if (batch.empty()) return ignored(repeated ? Reason::stale_repeat : Reason::other_known);
        batch.reverse();
        return decoded();
    }

    static Reason read_trade(ondemand::object& object, Tick& tick) noexcept {
        Trade trade;
        tick.channel = core::Channel::trade;
        Reason reason = read_members(object, kTrade, trade);
        if (reason == Reason::none) reason = read_symbol(trade.product_id, tick.symbol);
        if (reason == Reason::none) reason = read_positive(trade.price, tick.price);
        if (reason == Reason::none) reason = read_positive(trade.size, tick.size);
        if (reason == Reason::none) reason = read_utc_time(trade.time, tick.exchange_time);
        if (reason == Reason::none) reason = read_sequence_if_stated(trade.trade_id, tick.sequence);
        // `side` is the maker's.
        if (trade.side.is("BUY")) tick.taker_side = TakerSide::sell;
        if (trade.side.is("SELL")) tick.taker_side = TakerSide::buy;
        return reason;
    }

    // Calls `on_item(event, object)` for each object in the array `key` of each event.
    template <class OnItem>
    Reason for_each_item(std::string_view key, OnItem&& on_item) noexcept {
        const auto read_event = [&](ondemand::object& object) {
            EventHead event;
            const Reason reason = read_members(object, kEventHead, event);
            if (reason != Reason::none) return reason;
            // The type may stand behind the items: they are read in a second walk.
            if (object.reset().error() != simdjson::SUCCESS) return Reason::not_json;
            return read_members(
                object, kEventHead, event, [&](std::string_view name, ondemand::value& value) {
                    if (name != key) return Reason::none;
                    return for_each_object(
                        value, [&](ondemand::object& item) { return on_item(event, item); });
                });
        };
        return reader_.read([&](ondemand::object& root) {
            Envelope envelope;
            return read_members(
                root, kEnvelope, envelope, [&](std::string_view name, ondemand::value& value) {
                    return name == "events" ? for_each_object(value, read_event) : Reason::none;
                });
        });
    }

    JsonReader reader_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder() {
    return std::make_unique<CoinbaseAdvancedDecoder>();
}

}  // namespace margind::feeds::coinbase_advanced
