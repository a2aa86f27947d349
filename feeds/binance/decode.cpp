#include "feeds/binance/decode.hpp"

#include "feeds/json_reader.hpp"
#include "feeds/tick_values.hpp"
#include "feeds/time_text.hpp"

namespace margind::feeds::binance {
namespace {

// The members we look at, by Binance's own letters; what a letter means depends on the event.
struct Message {
    Scalar upper_a, upper_b, upper_e, upper_t, upper_x, a, b, code, e, error, i, id, last_update_id,
        m, msg, p, q, result, s, stream, t, u;
};

constexpr auto kMembers = member_table<Message, 21>({
    {"A", &Message::upper_a},  // best ask size
    {"B", &Message::upper_b},  // best bid size
    {"E", &Message::upper_e},  // event time
    {"T", &Message::upper_t},  // trade or transaction time; of a mark price: next funding
    {"X", &Message::upper_x},  // how a futures trade came about
    {"a", &Message::a},        // best ask; of aggTrade: its id
    {"b", &Message::b},        // best bid
    {"code", &Message::code},  // of an error
    {"e", &Message::e},        // event name
    {"i", &Message::i},        // index price
    {"id", &Message::id},      // of the request answered
    {"lastUpdateId", &Message::last_update_id},  // only in partial depth
    {"m", &Message::m},                          // the buyer was the maker
    {"msg", &Message::msg},                      // of an error
    {"p", &Message::p},                          // price; mark price
    {"q", &Message::q},                          // quantity
    {"result", &Message::result},                // of a request
    {"s", &Message::s},                          // symbol
    {"stream", &Message::stream},
    {"t", &Message::t},  // trade id
    {"u", &Message::u},  // update id
});

// Milliseconds, or microseconds where the URL asks for them (timeUnit=MICROSECOND); the ranges lie
// a factor of a thousand apart, so 10^14 separates them from 1973 to the year 5138.
Reason read_time(const Scalar& scalar, core::Timestamp& time) noexcept {
    constexpr std::size_t kDigitsOfMicroseconds = 15;
    const bool fine = scalar.text.size() >= kDigitsOfMicroseconds;
    return read_time_count(scalar, fine ? kMicrosecond : kMillisecond, time);
}

// The time of the trade or of the matching engine where stated, else of the event.
Reason read_exchange_time(const Message& message, core::Timestamp& time) noexcept {
    return read_time(message.upper_t.stated() ? message.upper_t : message.upper_e, time);
}

Reason push(TickBatch& batch, const Tick& tick) noexcept {
    return batch.push(tick) ? Reason::none : Reason::too_many_ticks;
}

Reason book_top(const Message& message, TickBatch& batch) noexcept {
    Tick tick;
    Reason reason = read_symbol(message.s, tick.symbol);
    if (reason == Reason::none) {
        reason = read_book_top(message.b, message.a, message.upper_b, message.upper_a, tick);
    }
    if (reason == Reason::none) reason = read_sequence_if_stated(message.u, tick.sequence);
    // Spot book tops carry no time at all.
    if (reason == Reason::none && (message.upper_t.stated() || message.upper_e.stated())) {
        reason = read_exchange_time(message, tick.exchange_time);
    }
    return reason == Reason::none ? push(batch, tick) : reason;
}

Reason trade(const Message& message, const Scalar& id, TickBatch& batch) noexcept {
    Tick tick;
    tick.channel = core::Channel::trade;
    Reason reason = read_symbol(message.s, tick.symbol);
    if (reason == Reason::none) reason = read_positive(message.p, tick.price);
    if (reason == Reason::none) reason = read_positive(message.q, tick.size);
    if (reason == Reason::none) reason = read_exchange_time(message, tick.exchange_time);
    if (reason == Reason::none) reason = read_sequence_if_stated(id, tick.sequence);
    if (reason != Reason::none) return reason;
    if (message.m.stated()) {
        if (message.m.type != ScalarType::boolean) return Reason::wrong_type;
        tick.taker_side = message.m.text == "true" ? TakerSide::sell : TakerSide::buy;
    }
    return push(batch, tick);
}

Reason mark_price(const Message& message, TickBatch& batch) noexcept {
    Tick tick;
    tick.channel = core::Channel::mark;
    Reason reason = read_symbol(message.s, tick.symbol);
    if (reason == Reason::none) reason = read_positive(message.p, tick.price);
    if (reason == Reason::none) reason = read_time(message.upper_e, tick.exchange_time);
    if (reason == Reason::none) reason = push(batch, tick);
    if (reason != Reason::none || !message.i.stated()) return reason;
    tick.channel = core::Channel::index;
    reason = read_positive(message.i, tick.price);
    return reason == Reason::none ? push(batch, tick) : reason;
}

DecodeResult ticks_or(Reason reason) noexcept {
    return reason == Reason::none ? decoded() : rejected(reason);
}

class BinanceDecoder final : public Decoder {
  public:
    explicit BinanceDecoder(std::span<const KnownEvent> events) : events_(events) {}

    DecodeResult decode(std::string_view text, core::Timestamp,
                        TickBatch& batch) noexcept override {
        batch.clear();
        result_ = ignored(Reason::other_known);  // an empty array
        Reason reason = reader_.open(text);
        if (reason == Reason::none) {
            reason =
                reader_.read([&](ondemand::object& object) { return read_message(object, batch); });
        }
        if (reason != Reason::none) result_ = rejected(reason);
        if (result_.verdict != Verdict::decoded) batch.clear();
        return result_;
    }

  private:
    // An event, an answer, or the combined form's wrapper around one or several events.
    Reason read_message(ondemand::object& object, TickBatch& batch) noexcept {
        Message message;
        bool wrapper = false;
        const Reason reason = read_members(
            object, kMembers, message, [&](std::string_view key, ondemand::value& value) {
                if (key == "data") {
                    wrapper = true;
                    return read_data(value, batch);
                }
                return key == "error" ? read_error(value, message) : Reason::none;
            });
        if (reason != Reason::none || wrapper) return reason;
        return merge(interpret(message, batch));
    }

    Reason read_data(ondemand::value& value, TickBatch& batch) noexcept {
        const auto read_event = [&](ondemand::object& object) {
            Message message;
            const Reason reason = read_members(object, kMembers, message);
            return reason == Reason::none ? merge(interpret(message, batch)) : reason;
        };
        ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) return Reason::not_json;
        if (type == ondemand::json_type::array) return for_each_object(value, read_event);
        ondemand::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) return Reason::wrong_type;
        return read_event(object);
    }

    // {"error":{"code":2,"msg":"..."},"id":1}, beside {"code":2,"msg":"...","id":1}.
    static Reason read_error(ondemand::value& value, Message& message) noexcept {
        message.error = read_scalar(value);
        ondemand::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) return Reason::none;
        return read_members(object, kMembers, message);
    }

    // One event of several: rejection ends the message, ticks outweigh ignored events.
    Reason merge(const DecodeResult& event) noexcept {
        if (event.verdict == Verdict::rejected) return event.reason;
        if (result_.verdict != Verdict::decoded) result_ = event;
        return Reason::none;
    }

    DecodeResult interpret(const Message& message, TickBatch& batch) const noexcept {
        if (message.e.stated()) return interpret_named(message, batch);
        if (message.error.present() || message.code.stated()) {
            return control(Reason::request_refused, message.msg.text, request_id(message));
        }
        if (message.result.present()) {
            return control(Reason::acknowledged, {}, request_id(message));
        }
        if (message.last_update_id.stated()) return ignored(Reason::depth);
        const KnownEvent* unnamed = find("");
        const bool looks_like_book_top =
            message.u.stated() && message.s.stated() && message.b.stated() && message.a.stated();
        if (unnamed != nullptr && looks_like_book_top) return ticks_or(book_top(message, batch));
        return ignored(Reason::unknown_type, message.stream.text);
    }

    DecodeResult interpret_named(const Message& message, TickBatch& batch) const noexcept {
        if (message.e.type != ScalarType::text) return rejected(Reason::wrong_type);
        const KnownEvent* known = find(message.e.text);
        if (known == nullptr) return ignored(Reason::unknown_type, message.e.text);
        switch (known->type) {
            case EventType::book_top:
                return ticks_or(book_top(message, batch));
            case EventType::trade:
                // Insurance fund and deleveraging fills are trades at prices nobody quoted.
                if (message.upper_x.stated() && !message.upper_x.is("MARKET")) {
                    return ignored(Reason::not_price_discovery, message.upper_x.text);
                }
                return ticks_or(trade(message, message.t, batch));
            case EventType::aggregate_trade:
                return ticks_or(trade(message, message.a, batch));
            case EventType::mark_price:
                return ticks_or(mark_price(message, batch));
            case EventType::depth:
                return ignored(Reason::depth);
            case EventType::candle:
                return ignored(Reason::candle);
            case EventType::statistics:
                return ignored(Reason::statistics);
            case EventType::liquidation_print:
                return ignored(Reason::liquidation_print);
            case EventType::shutdown_notice:
                return control(Reason::shutdown_notice);
            case EventType::other_known:
                return ignored(Reason::other_known, message.e.text);
        }
        return rejected(Reason::unknown_type);
    }

    // Ours are numbers; zero for any other.
    static std::uint64_t request_id(const Message& message) noexcept {
        std::uint64_t id = 0;
        return read_sequence_if_stated(message.id, id) == Reason::none ? id : 0;
    }

    const KnownEvent* find(std::string_view name) const noexcept {
        for (const KnownEvent& event : events_) {
            if (event.name == name) return &event;
        }
        return nullptr;
    }

    std::span<const KnownEvent> events_;
    JsonReader reader_;
    DecodeResult result_;  // of the message being decoded
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(std::span<const KnownEvent> events) {
    return std::make_unique<BinanceDecoder>(events);
}

}  // namespace margind::feeds::binance
