#include "feeds/pyth/decode.hpp"

#include "feeds/decimal.hpp"
#include "feeds/json_reader.hpp"
#include "feeds/tick_values.hpp"
#include "feeds/time_text.hpp"

namespace margind::feeds::pyth {
namespace {

struct Root {
    Scalar error, status, subscription_id, type;
};
constexpr auto kRoot = member_table<Root, 4>({
    {"error", &Root::error},
    {"status", &Root::status},
    {"subscriptionId", &Root::subscription_id},
    {"type", &Root::type},
});

struct Feed {
    Scalar id;
};
constexpr auto kFeed = member_table<Feed, 1>({{"id", &Feed::id}});

struct Price {
    Scalar conf, expo, price, publish_time;
};
constexpr auto kPrice = member_table<Price, 4>({
    {"conf", &Price::conf},
    {"expo", &Price::expo},
    {"price", &Price::price},
    {"publish_time", &Price::publish_time},
});

struct ProFeed {
    Scalar confidence, exponent, feed_update_timestamp, price, price_feed_id;
};
constexpr auto kProFeed = member_table<ProFeed, 5>({
    {"confidence", &ProFeed::confidence},
    {"exponent", &ProFeed::exponent},
    {"feedUpdateTimestamp", &ProFeed::feed_update_timestamp},
    {"price", &ProFeed::price},
    {"priceFeedId", &ProFeed::price_feed_id},
});

struct NoMembers {};
constexpr MemberTable<NoMembers, 0> kNoMembers{{}};

// Prices and confidences are whole numbers of 10^exponent.
Reason scale(const Scalar& exponent, Decimal& value) noexcept {
    std::int64_t power = 0;
    if (const Reason reason = read_integer(exponent, power); reason != Reason::none) return reason;
    if (power < -kExponentMax || power > kExponentMax) return Reason::bad_number;
    if (value.mantissa != 0) value.exponent += static_cast<std::int32_t>(power);
    return Reason::none;
}

// A confidence of zero is possible: every publisher agrees.
Reason read_confidence(const Scalar& confidence, const Scalar& exponent, Decimal& value) noexcept {
    Reason reason = read_decimal(confidence, value);
    if (reason == Reason::none && value.mantissa < 0) reason = Reason::not_positive;
    return reason == Reason::none ? scale(exponent, value) : reason;
}

Reason push(TickBatch& batch, const Tick& tick) noexcept {
    return batch.push(tick) ? Reason::none : Reason::too_many_ticks;
}

Reason read_price(const Price& price, Tick& tick) noexcept {
    Reason reason = read_positive(price.price, tick.price);
    if (reason == Reason::none) reason = scale(price.expo, tick.price);
    if (reason == Reason::none) reason = read_confidence(price.conf, price.expo, tick.confidence);
    if (reason == Reason::none) {
        reason = read_time_count(price.publish_time, kSecond, tick.exchange_time);
    }
    return reason;
}

// {"id":..,"price":{..},"ema_price":{..}}: the moving average is not a price anybody can get.
Reason read_feed(ondemand::object& object, TickBatch& batch) noexcept {
    Feed feed;
    Tick tick;
    tick.channel = core::Channel::oracle;
    bool priced = false;
    Reason reason =
        read_members(object, kFeed, feed, [&](std::string_view key, ondemand::value& value) {
            if (key != "price") return Reason::none;
            ondemand::object inner;
            if (value.get_object().get(inner) != simdjson::SUCCESS) return Reason::wrong_type;
            Price price;
            const Reason problem = read_members(inner, kPrice, price);
            priced = true;
            return problem == Reason::none ? read_price(price, tick) : problem;
        });
    if (reason == Reason::none && !priced) reason = Reason::missing_field;
    if (reason == Reason::none) reason = read_symbol(feed.id, tick.symbol);
    return reason == Reason::none ? push(batch, tick) : reason;
}

// Pyth Pro carries the last price forward when there is no fresh one, so the time of the feed's own
// update is required: without it an old price would look new.
Reason read_pro_feed(ondemand::object& object, TickBatch& batch) noexcept {
    ProFeed feed;
    Tick tick;
    tick.channel = core::Channel::oracle;
    Reason reason = read_members(object, kProFeed, feed);
    if (reason == Reason::none) reason = read_symbol(feed.price_feed_id, tick.symbol);
    if (reason == Reason::none) reason = read_positive(feed.price, tick.price);
    if (reason == Reason::none) reason = scale(feed.exponent, tick.price);
    if (reason == Reason::none && feed.confidence.stated()) {
        reason = read_confidence(feed.confidence, feed.exponent, tick.confidence);
    }
    if (reason == Reason::none) {
        reason = read_time_count(feed.feed_update_timestamp, kMicrosecond, tick.exchange_time);
    }
    return reason == Reason::none ? push(batch, tick) : reason;
}

class PythDecoder final : public Decoder {
  public:
    DecodeResult decode(std::string_view text, core::Timestamp,
                        TickBatch& batch) noexcept override {
        batch.clear();
        Root root;
        Reason reason = reader_.open(text);
        if (reason == Reason::none && reader_.holds_array()) reason = Reason::wrong_type;
        if (reason == Reason::none) {
            reason = reader_.read(
                [&](ondemand::object& object) { return read_root(object, root, batch); });
        }
        const DecodeResult result =
            reason == Reason::none ? interpret(root, batch) : rejected(reason);
        if (result.verdict != Verdict::decoded) batch.clear();
        return result;
    }

  private:
    // The three forms keep their prices under names of their own, so no member decides another.
    static Reason read_root(ondemand::object& object, Root& root, TickBatch& batch) noexcept {
        return read_members(object, kRoot, root, [&](std::string_view key, ondemand::value& value) {
            if (key == "price_feed") {
                ondemand::object feed;
                if (value.get_object().get(feed) != simdjson::SUCCESS) return Reason::wrong_type;
                return read_feed(feed, batch);
            }
            return key == "parsed" ? read_parsed(value, batch) : Reason::none;
        });
    }

    // A list of feeds in the event stream, an object around such a list in Pyth Pro.
    static Reason read_parsed(ondemand::value& value, TickBatch& batch) noexcept {
        ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) return Reason::not_json;
        if (type == ondemand::json_type::null) return Reason::none;
        if (type == ondemand::json_type::array) {
            return for_each_object(value,
                                   [&](ondemand::object& feed) { return read_feed(feed, batch); });
        }
        ondemand::object parsed;
        if (value.get_object().get(parsed) != simdjson::SUCCESS) return Reason::wrong_type;
        NoMembers none;
        return read_members(
            parsed, kNoMembers, none, [&](std::string_view key, ondemand::value& feeds) {
                if (key != "priceFeeds") return Reason::none;
                return for_each_object(
                    feeds, [&](ondemand::object& feed) { return read_pro_feed(feed, batch); });
            });
    }

    static DecodeResult interpret(const Root& root, const TickBatch& batch) noexcept {
        if (root.error.stated() || root.status.is("error")) {
            return control(Reason::request_refused, root.error.text, request_id(root));
        }
        if (!batch.empty()) return decoded();
        if (root.type.is("price_update")) return rejected(Reason::missing_field);
        if (root.type.is("streamUpdated")) return ignored(Reason::other_known);
        if (root.status.is("success") || root.type.is("subscribed") ||
            root.type.is("subscribedWithInvalidFeedIdsIgnored")) {
            return control(Reason::acknowledged, {}, request_id(root));
        }
        return ignored(Reason::unknown_type, root.type.text);
    }

    static std::uint64_t request_id(const Root& root) noexcept {
        std::uint64_t id = 0;
        return read_sequence_if_stated(root.subscription_id, id) == Reason::none ? id : 0;
    }

    JsonReader reader_;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder() {
    return std::make_unique<PythDecoder>();
}

}  // namespace margind::feeds::pyth
