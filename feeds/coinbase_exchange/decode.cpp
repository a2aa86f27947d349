#include "feeds/coinbase_exchange/decode.hpp"

#include "feeds/json_reader.hpp"
#include "feeds/tick_values.hpp"

namespace margind::feeds::coinbase_exchange {
namespace {

struct Message {
    Scalar best_ask, best_ask_size, best_bid, best_bid_size, message, price, product_id, sequence,
        side, size, time, type;
};

constexpr auto kMembers = member_table<Message, 12>({
    {"best_ask", &Message::best_ask},
    {"best_ask_size", &Message::best_ask_size},
    {"best_bid", &Message::best_bid},
    {"best_bid_size", &Message::best_bid_size},
    {"message", &Message::message},  // of an error
    {"price", &Message::price},
    {"product_id", &Message::product_id},
    {"sequence", &Message::sequence},
    {"side", &Message::side},
    {"size", &Message::size},
    {"time", &Message::time},
    {"type", &Message::type},
});

struct KnownType {
    std::string_view name;
    Verdict verdict;
    Reason reason;
};

// Everything of the documentation that holds no ticks, the most frequent first.
constexpr KnownType kOtherTypes[] = {
    {"l2update", Verdict::ignored, Reason::depth},
    {"heartbeat", Verdict::control, Reason::heartbeat},
    {"received", Verdict::ignored, Reason::order_flow},
    {"open", Verdict::ignored, Reason::order_flow},
    {"done", Verdict::ignored, Reason::order_flow},
    {"change", Verdict::ignored, Reason::order_flow},
    {"activate", Verdict::ignored, Reason::order_flow},
    {"last_match", Verdict::ignored, Reason::stale_repeat},
    {"snapshot", Verdict::ignored, Reason::depth},
    {"subscriptions", Verdict::control, Reason::acknowledged},
    {"status", Verdict::ignored, Reason::other_known},
    {"auction", Verdict::ignored, Reason::other_known},
    {"rfq_match", Verdict::ignored, Reason::other_known},
};

Reason read_common(const Message& message, Tick& tick) noexcept {
    Reason reason = read_symbol(message.product_id, tick.symbol);
    if (reason == Reason::none) reason = read_utc_time(message.time, tick.exchange_time);
    if (reason == Reason::none) reason = read_sequence_if_stated(message.sequence, tick.sequence);
    return reason;
}

Reason read_ticker(const Message& message, Tick& tick) noexcept {
    const Reason reason = read_common(message, tick);
    if (reason != Reason::none) return reason;
    return read_book_top(message.best_bid, message.best_ask, message.best_bid_size,
                         message.best_ask_size, tick);
}

Reason read_match(const Message& message, Tick& tick) noexcept {
    tick.channel = core::Channel::trade;
    Reason reason = read_common(message, tick);
    if (reason == Reason::none) reason = read_positive(message.price, tick.price);
    if (reason == Reason::none) reason = read_positive(message.size, tick.size);
    // `side` is the maker's.
    if (message.side.is("buy")) tick.taker_side = TakerSide::sell;
    if (message.side.is("sell")) tick.taker_side = TakerSide::buy;
    return reason;
}

class CoinbaseExchangeDecoder final : public Decoder {
  public:
    DecodeResult decode(std::string_view text, core::Timestamp,
                        TickBatch& batch) noexcept override {
        batch.clear();
        Message message;
        Reason reason = reader_.open(text);
        if (reason == Reason::none && reader_.holds_array()) reason = Reason::wrong_type;
        if (reason == Reason::none) {
            reason = reader_.read(
                [&](ondemand::object& object) { return read_members(object, kMembers, message); });
        }
        return reason == Reason::none ? interpret(message, batch) : rejected(reason);
    }

  private:
    static DecodeResult interpret(const Message& message, TickBatch& batch) noexcept {
        if (!message.type.stated()) return ignored(Reason::unknown_type);
        if (message.type.type != ScalarType::text) return rejected(Reason::wrong_type);
        if (message.type.is("ticker") || message.type.is("match")) {
            Tick tick;
            const bool ticker = message.type.is("ticker");
            const Reason reason = ticker ? read_ticker(message, tick) : read_match(message, tick);
            if (reason != Reason::none) return rejected(reason);
            batch.push(tick);  // there is room: the batch is empty
            return decoded();
        }
        if (message.type.is("error")) {
            return control(Reason::request_refused, message.message.text);
        }
        for (const KnownType& known : kOtherTypes) {
            if (message.type.is(known.name)) return {known.verdict, known.reason, {}, 0};
        }
        return ignored(Reason::unknown_type, message.type.text);
    }

    JsonReader reader_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder() {
    return std::make_unique<CoinbaseExchangeDecoder>();
}

}  // namespace margind::feeds::coinbase_exchange
