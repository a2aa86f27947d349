// Coinbase: the Exchange feed and the Advanced Trade feed.
#include <algorithm>
#include <map>

#include <simdjson.h>

#include "daemon/stand_in/dialect_text.hpp"
#include "daemon/stand_in/dialects.hpp"
#include "daemon/stand_in/history.hpp"

namespace margind::daemon::stand_in {
namespace {

namespace dom = simdjson::dom;

enum ChannelKind : std::size_t { kTicker, kTrades };

std::string key_of(std::string_view channel, std::string_view product) {
    return std::string(channel) + ":" + std::string(product);
}

// channel -> products, from keys.
std::map<std::string, std::vector<std::string>> by_channel(const std::vector<std::string>& keys) {
    std::map<std::string, std::vector<std::string>> channels;
    for (const std::string& key : keys) {
        const std::size_t colon = key.find(':');
        channels[key.substr(0, colon)].push_back(key.substr(colon + 1));
    }
    return channels;
}

std::string json_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + json_text(text);
    return out + "]";
}

std::vector<std::string> texts(const simdjson::simdjson_result<dom::element>& value) {
    std::vector<std::string> out;
    dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return out;
    for (const dom::element element : array) {
        std::string_view text;
        if (element.get(text) == simdjson::SUCCESS) out.emplace_back(text);
    }
    return out;
}

std::string price_text(std::int64_t price, const Symbol& symbol) {
    std::string out = "\"";
    append_decimal(out, price, symbol.decimals);
    return out += '"';
}

// What both feeds share: who may subscribe to what, and the form of a refusal.
class Coinbase : public Dialect {
  public:
    std::string_view path() const override { return "/"; }
    std::size_t kinds() const override { return 2; }
    bool recorded_kind(std::size_t kind) const override { return kind == kTicker; }
    core::Duration ping_every() const override { return core::Duration::from_seconds(30); }
    core::Duration subscribe_within() const override { return core::Duration::from_seconds(5); }
    bool steady_stream(std::string_view stream) const override {
        return stream.starts_with(std::string(heartbeat_channel()) + ":");
    }
    std::string stream(std::string_view symbol, std::size_t kind) const override {
        return key_of(kind == kTicker ? "ticker" : trades_channel(), symbol);
    }

  protected:
    virtual std::string_view trades_channel() const = 0;
    virtual std::string_view heartbeat_channel() const = 0;

    static void refuse(Client& client, std::string_view reason) {
        client.reply(R"({"type":"error","message":"Failed to subscribe","reason":)" +
                     json_text(reason) + "}");
    }

    // Adds `channel` for `products` to `wanted`; what is wrong with that, empty when nothing is.
    std::string want(const std::string& channel, const std::vector<std::string>& products,
                     const Client& client, std::vector<std::string>& wanted) const {
        for (const std::string& product : products) {
            const bool listed = client.knows(stream(product, kTicker)) ||
                                client.knows(stream(product, kTrades)) ||
                                client.knows(key_of("level2", product));
            if (!listed) return product + " is not a valid product";
            const std::string key = key_of(channel, product);
            if (channel != heartbeat_channel() && !client.knows(key)) {
                return channel + " is not a valid channel";
            }
            wanted.push_back(key);
        }
        return {};
    }

    static bool parse(std::string_view text, dom::parser& parser, dom::object& request,
                      std::string_view& type, Client& client) {
        if (parser.parse(text.data(), text.size()).get(request) != simdjson::SUCCESS ||
            request["type"].get(type) != simdjson::SUCCESS) {
            client.reply(R"({"type":"error","message":"Malformed JSON","reason":"no type"})");
            return false;
        }
        if (type == "subscribe" && client.refusing()) {
            refuse(client, "refused, as the operator wished");
            return false;
        }
        if (type == "subscribe" || type == "unsubscribe") return true;
        client.reply(R"({"type":"error","message":"Failed to subscribe","reason":"unknown type"})");
        return false;
    }

    static void change(const std::vector<std::string>& wanted, bool subscribe, Client& client) {
        for (const std::string& key : wanted) {
            subscribe ? static_cast<void>(client.subscribe(key)) : client.unsubscribe(key);
        }
    }
};

class CoinbaseExchange final : public Coinbase {
  public:
    std::string_view venue() const override { return "coinbase_exchange"; }

    std::string stream_of(std::string_view message) const override {
        dom::parser parser;
        dom::object object;
        std::string_view type, product;
        if (parser.parse(message.data(), message.size()).get(object) != simdjson::SUCCESS ||
            object["type"].get(type) != simdjson::SUCCESS ||
            object["product_id"].get(product) != simdjson::SUCCESS) {
            return {};
        }
        if (type == "match" || type == "last_match") return key_of("matches", product);
        if (type == "snapshot" || type == "l2update") return key_of("level2", product);
        return key_of(type, product);
    }

    void on_request(std::string_view text, Client& client) const override {
        dom::parser parser;
        dom::object request;
        std::string_view type;
        if (!parse(text, parser, request, type, client)) return;
        const std::vector<std::string> products = texts(request["product_ids"]);
        std::vector<std::string> wanted;
        dom::array channels;
        if (request["channels"].get(channels) != simdjson::SUCCESS) {
            return refuse(client, "channels is required");
        }
        for (const dom::element channel : channels) {
            std::string_view name;
            std::vector<std::string> own = products;
            if (channel.get(name) != simdjson::SUCCESS) {
                if (channel["name"].get(name) != simdjson::SUCCESS) {
                    return refuse(client, "a channel has no name");
                }
                if (const auto listed = texts(channel["product_ids"]); !listed.empty())
                    own = listed;
            }
            if (own.empty()) return refuse(client, "product_ids is required");
            const std::string problem = want(std::string(name), own, client, wanted);
            if (!problem.empty()) return refuse(client, problem);
        }
        change(wanted, type == "subscribe", client);
        acknowledge(client);
    }

    void encode(const Quote& quote, std::size_t kind, std::string& out) const override {
        if (kind == kTrades && quote.size <= 0) return;  // nobody traded
        const std::string price = price_text(quote.price, quote.symbol);
        const std::string sequence = std::to_string(quote.sequence);
        const std::string product = json_text(quote.symbol.name);
        const std::string size = size_text(quote.size);
        const std::string time = utc_text(quote.time, 6);
        if (kind == kTicker) {
            out = R"({"type":"ticker","sequence":)" + sequence + R"(,"product_id":)" + product +
                  R"(,"price":)" + price + R"(,"best_bid":)" + price_text(quote.bid, quote.symbol) +
                  R"(,"best_bid_size":")" + size + R"(","best_ask":)" +
                  price_text(quote.ask, quote.symbol) + R"(,"best_ask_size":")" + size +
                  R"(","side":"buy","time":")" + time + R"(","trade_id":)" + sequence +
                  R"(,"last_size":")" + size + R"("})";
            return;
        }
        out = R"({"type":"match","trade_id":)" + sequence +
              R"(,"maker_order_id":"00000000-0000-0000-0000-000000000000")" +
              R"(,"taker_order_id":"00000000-0000-0000-0000-000000000000","side":"sell","size":")" +
              size + R"(","price":)" + price + R"(,"product_id":)" + product + R"(,"sequence":)" +
              sequence + R"(,"time":")" + time + R"("})";
    }

    void on_second(Client& client) const override {
        for (const std::string& key : client.subscribed()) {
            if (!key.starts_with("heartbeat:")) continue;
            client.reply(R"({"type":"heartbeat","sequence":)" +
                         std::to_string(client.next_number()) +
                         R"(,"last_trade_id":0,"product_id":)" + json_text(key.substr(10)) +
                         R"(,"time":")" + utc_text(client.now(), 6) + R"("})");
        }
    }

  protected:
    std::string_view trades_channel() const override { return "matches"; }
    std::string_view heartbeat_channel() const override { return "heartbeat"; }

  private:
    static void acknowledge(Client& client) {
        std::string list;
        for (const auto& [channel, products] : by_channel(client.subscribed())) {
            list += (list.empty() ? "" : ",") + (R"({"name":)" + json_text(channel)) +
                    R"(,"product_ids":)" + json_list(products) + "}";
        }
        client.reply(R"({"type":"subscriptions","channels":[)" + list + "]}");
    }
};

class CoinbaseAdvanced final : public Coinbase {
  public:
    std::string_view venue() const override { return "coinbase_advanced"; }

    std::string stream_of(std::string_view message) const override {
        dom::parser parser;
        dom::element root;
        std::string_view channel, product;
        if (parser.parse(message.data(), message.size()).get(root) != simdjson::SUCCESS ||
            root["channel"].get(channel) != simdjson::SUCCESS) {
            return {};
        }
        const auto event = root["events"].at(0);
        if (channel == "l2_data") channel = "level2";
        const auto from = channel == "level2"          ? event["product_id"]
                          : channel == "ticker"        ? event["tickers"].at(0)["product_id"]
                          : channel == "market_trades" ? event["trades"].at(0)["product_id"]
                                                       : event["candles"].at(0)["product_id"];
        if (from.get(product) != simdjson::SUCCESS) return {};
        return key_of(channel, product);
    }

    void on_request(std::string_view text, Client& client) const override {
        dom::parser parser;
        dom::object request;
        std::string_view type, channel;
        if (!parse(text, parser, request, type, client)) return;
        if (request["channel"].get(channel) != simdjson::SUCCESS) {
            return refuse(client, "channel is required");
        }
        std::vector<std::string> wanted;
        const std::vector<std::string> products = texts(request["product_ids"]);
        if (products.empty() && channel == heartbeat_channel()) wanted = {key_of(channel, "")};
        if (products.empty() && wanted.empty()) return refuse(client, "product_ids is required");
        const std::string problem = want(std::string(channel), products, client, wanted);
        if (!problem.empty()) return refuse(client, problem);
        change(wanted, type == "subscribe", client);
        acknowledge(client);
    }

    void encode(const Quote& quote, std::size_t kind, std::string& out) const override {
        if (kind == kTrades && quote.size <= 0) return;  // nobody traded
        const std::string product = json_text(quote.symbol.name);
        const std::string price = price_text(quote.price, quote.symbol);
        const std::string size = size_text(quote.size);
        out = start(kind == kTicker ? "ticker" : "market_trades", quote.time);
        if (kind == kTicker) {
            out += R"([{"type":"update","tickers":[{"type":"ticker","product_id":)" + product +
                   R"(,"price":)" + price + R"(,"best_bid":)" +
                   price_text(quote.bid, quote.symbol) + R"(,"best_ask":)" +
                   price_text(quote.ask, quote.symbol) + R"(,"best_bid_quantity":")" + size +
                   R"(","best_ask_quantity":")" + size + R"("}]}]})";
            return;
        }
        out += R"([{"type":"update","trades":[{"product_id":)" + product + R"(,"trade_id":")" +
               std::to_string(quote.sequence) + R"(","price":)" + price + R"(,"size":")" + size +
               R"(","time":")" + utc_text(quote.time, 6) + R"(","side":"SELL"}]}]})";
    }

    // Numbers the message: the sequence counts everything sent on this connection.
    std::string frame(const std::string& message, std::string_view, Client& client) const override {
        std::string out = message;
        const std::size_t at = out.find(kNumber);
        if (at == out.npos) return out;  // recorded
        return out.replace(at, kNumber.size(), std::to_string(client.next_number()));
    }

    void on_second(Client& client) const override {
        const std::vector<std::string> keys = client.subscribed();
        const bool wanted = std::any_of(keys.begin(), keys.end(), [](const std::string& key) {
            return key.starts_with("heartbeats:");
        });
        if (!wanted) return;
        const std::int64_t second = client.now().ns() / 1'000'000'000;
        client.reply(frame(start("heartbeats", client.now()) + R"([{"current_time":")" +
                               utc_text(client.now(), 9) + R"(","heartbeat_counter":)" +
                               std::to_string(second) + "}]}",
                           {}, client));
    }

  protected:
    std::string_view trades_channel() const override { return "market_trades"; }
    std::string_view heartbeat_channel() const override { return "heartbeats"; }

  private:
    static constexpr std::string_view kNumber = "@number@";

    static std::string start(std::string_view channel, core::Timestamp time) {
        return R"({"channel":)" + json_text(channel) + R"(,"timestamp":")" + utc_text(time, 9) +
               R"(","sequence_num":)" + std::string(kNumber) + R"(,"events":)";
    }

    void acknowledge(Client& client) const {
        std::string list;
        for (const auto& [channel, products] : by_channel(client.subscribed())) {
            list += (list.empty() ? "" : ",") + json_text(channel) + ":" + json_list(products);
        }
        client.reply(
            frame(start("subscriptions", client.now()) + R"([{"subscriptions":{)" + list + "}}]}",
                  {}, client));
    }
};

}  // namespace

std::unique_ptr<Dialect> make_coinbase_exchange() {
    return std::make_unique<CoinbaseExchange>();
}
std::unique_ptr<Dialect> make_coinbase_advanced() {
    return std::make_unique<CoinbaseAdvanced>();
}

}  // namespace margind::daemon::stand_in
