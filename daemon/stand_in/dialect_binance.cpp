// Binance spot and USD-M futures: raw streams (/ws) and combined ones (/stream).
#include <algorithm>
#include <stdexcept>

#include <simdjson.h>

#include "daemon/stand_in/dialect_text.hpp"
#include "daemon/stand_in/dialects.hpp"
#include "daemon/stand_in/history.hpp"

namespace margind::daemon::stand_in {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kStreamsPerConnection = 1024;
constexpr std::string_view kStream = "stream";

// The kinds of streams, in the order of kSuffixes.
enum Kind : std::size_t { kBookTicker, kAggTrade, kTrade, kMarkPrice };
constexpr std::string_view kSuffixes[] = {"@bookTicker", "@aggTrade", "@trade", "@markPrice"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// btcusdt@markPrice@1s and btcusdt@markPrice differ in pace only: one key for both.
std::string without_pace(std::string_view stream) {
    const std::size_t first = stream.find('@');
    const std::size_t second =
        first == std::string_view::npos ? first : stream.find('@', first + 1);
    return std::string(stream.substr(0, second));
}

class Binance final : public Dialect {
  public:
    explicit Binance(bool futures) : futures_(futures) {}

    std::string_view venue() const override { return futures_ ? "binance_usdm" : "binance_spot"; }
    std::string_view path() const override { return "/stream"; }
    std::size_t kinds() const override { return futures_ ? 4 : 3; }
    bool recorded_kind(std::size_t kind) const override {
        return kind == kBookTicker || kind == kMarkPrice;
    }
    std::string stream(std::string_view symbol, std::size_t kind) const override {
        return lower(symbol) + std::string(kSuffixes[kind]);
    }

    std::string stream_of(std::string_view message) const override {
        dom::parser parser;
        dom::object object;
        if (parser.parse(message.data(), message.size()).get(object) != simdjson::SUCCESS)
            return {};
        std::string_view name;
        if (object[kStream].get(name) == simdjson::SUCCESS) return without_pace(name);
        std::string_view event, symbol;
        if (object["s"].get(symbol) != simdjson::SUCCESS) return {};
        if (object["e"].get(event) != simdjson::SUCCESS) event = "bookTicker";
        if (event == "markPriceUpdate") event = "markPrice";
        if (event == "depthUpdate") event = "depth";
        return lower(symbol) + "@" + std::string(event);
    }

    std::string_view payload_of(std::string_view message) const override {
        constexpr std::string_view kData = R"("data":)";
        const std::size_t data = message.find(kData);
        if (!message.starts_with(R"({"stream":)") || data == message.npos) return message;
        message.remove_prefix(data + kData.size());
        return message.substr(0, message.rfind('}'));
    }

    void on_connect(Client& client) const override {
        const std::string_view target = client.target();
        std::string_view names;
        if (const std::size_t query = target.find("streams="); query != target.npos) {
            names = target.substr(query + 8);
            names = names.substr(0, names.find('&'));
        } else if (const std::size_t raw = target.find("/ws/"); raw != target.npos) {
            names = target.substr(raw + 4);
        }
        while (!names.empty()) {
            const std::size_t slash = names.find('/');
            listen(names.substr(0, slash), client);
            names = slash == names.npos ? std::string_view{} : names.substr(slash + 1);
        }
    }

    void on_request(std::string_view text, Client& client) const override {
        dom::parser parser;
        dom::object request;
        if (parser.parse(text.data(), text.size()).get(request) != simdjson::SUCCESS) {
            return client.reply(R"({"code":3,"msg":"Invalid JSON: expected value"})");
        }
        std::string id = "null";
        dom::element id_element;
        if (request["id"].get(id_element) == simdjson::SUCCESS) id = simdjson::minify(id_element);
        std::string_view method;
        if (request["method"].get(method) != simdjson::SUCCESS) {
            return refuse(client, id, "Invalid request: missing field `method`");
        }
        if (method == "LIST_SUBSCRIPTIONS") return list(client, id);
        const bool subscribe = method == "SUBSCRIBE";
        if (!subscribe && method != "UNSUBSCRIBE") {
            return refuse(client, id,
                          "Invalid request: unknown variant `" + std::string(method) + "`");
        }
        dom::array params;
        if (request["params"].get(params) != simdjson::SUCCESS) {
            return refuse(client, id, "Invalid request: missing field `params`");
        }
        if (subscribe && client.refusing()) {
            return refuse(client, id, "Invalid request: refused, as the operator wished");
        }
        if (client.subscribed().size() + params.size() > kStreamsPerConnection) {
            return refuse(client, id, "Invalid request: too many parameters");
        }
        change(params, subscribe, client, id);
    }

    void encode(const Quote& quote, std::size_t kind, std::string& out) const override {
        switch (kind) {
            case kBookTicker:
                return encode_book(quote, out);
            case kAggTrade:
            case kTrade:
                return encode_trade(quote, kind, out);
            default:
                return encode_mark(quote, out);
        }
    }

    std::string frame(const std::string& message, std::string_view stream,
                      Client& client) const override {
        if (!combined(client)) return message;
        std::string out = R"({"stream":")";
        out.append(stream).append(stream.ends_with("@markPrice") ? "@1s" : "");
        return out.append(R"(","data":)").append(message).append("}");
    }

    core::Duration ping_every() const override {
        return core::Duration::from_seconds(futures_ ? 180 : 20);
    }
    std::string shutdown_notice(core::Timestamp now) const override {
        return R"({"e":"serverShutdown","E":)" + std::to_string(milliseconds(now)) + "}";
    }

  private:
    static bool combined(const Client& client) {
        const std::string_view target = client.target();
        return target.substr(0, target.find('?')).ends_with("/stream");
    }

    static void refuse(Client& client, const std::string& id, std::string_view what) {
        client.reply(R"({"code":2,"msg":)" + json_text(what) + R"(,"id":)" + id + "}");
    }

    static void list(Client& client, const std::string& id) {
        std::string names;
        for (const std::string& name : client.subscribed()) {
            names += (names.empty() ? "" : ",") + json_text(name);
        }
        client.reply(R"({"result":[)" + names + R"(],"id":)" + id + "}");
    }

    void change(const dom::array& params, bool subscribe, Client& client,
                const std::string& id) const {
        for (const dom::element param : params) {
            std::string_view name;
            if (param.get(name) != simdjson::SUCCESS) {
                return refuse(client, id, "Invalid request: property name must be a string");
            }
        }
        for (const dom::element param : params) {
            const std::string_view name = param.get_string().value_unsafe();
            subscribe ? listen(name, client) : client.unsubscribe(without_pace(name));
        }
        client.reply(R"({"result":null,"id":)" + id + "}");
    }

    // Like the venue, it accepts names it does not know, and then has nothing to say on them. The
    // futures venue has split its streams over two paths, and is as silent on the wrong one.
    void listen(std::string_view name, Client& client) const {
        const bool is_public =
            name.find("@bookTicker") != name.npos || name.find("@depth") != name.npos;
        const std::string_view target = client.target();
        if (futures_ && target.starts_with("/public") && !is_public) return;
        if (futures_ && target.starts_with("/market") && is_public) return;
        client.subscribe(without_pace(name));
    }

    void append_price(std::string& out, std::string_view key, std::int64_t price, int decimals,
                      int decimals_min) const {
        out.append(",\"").append(key).append("\":\"");
        append_decimal(out, price, decimals, decimals_min);
        out += '"';
    }

    int decimals_min() const { return futures_ ? 0 : 8; }

    void encode_book(const Quote& quote, std::string& out) const {
        const int decimals = quote.symbol.decimals;
        const std::string size = size_text(quote.size);
        const std::string ms = std::to_string(milliseconds(quote.time));
        out = futures_ ? R"({"e":"bookTicker","u":)" : R"({"u":)";
        out += std::to_string(quote.sequence) + R"(,"s":)" + json_text(quote.symbol.name);
        append_price(out, "b", quote.bid, decimals, decimals_min());
        out += R"(,"B":")" + size + '"';
        append_price(out, "a", quote.ask, decimals, decimals_min());
        out += R"(,"A":")" + size + '"';
        if (futures_) out += R"(,"T":)" + ms + R"(,"E":)" + ms;
        out += '}';
    }

    void encode_trade(const Quote& quote, std::size_t kind, std::string& out) const {
        if (quote.size <= 0) return;  // nobody traded
        const std::string ms = std::to_string(milliseconds(quote.time));
        const std::string number = std::to_string(quote.sequence);
        const bool aggregate = kind == kAggTrade;
        out = aggregate ? R"({"e":"aggTrade","E":)" : R"({"e":"trade","E":)";
        out += ms + R"(,"s":)" + json_text(quote.symbol.name);
        out += (aggregate ? R"(,"a":)" : R"(,"t":)") + number;
        append_price(out, "p", quote.price, quote.symbol.decimals, decimals_min());
        out += R"(,"q":")" + size_text(quote.size) + '"';
        if (aggregate) out += R"(,"f":)" + number + R"(,"l":)" + number;
        out += R"(,"T":)" + ms;
        if (futures_ && !aggregate) out += R"(,"X":"MARKET")";
        out += R"(,"m":false)";
        out += futures_ ? "}" : R"(,"M":true})";
    }

    // The history has one price: it serves as mark, index and settlement estimate.
    void encode_mark(const Quote& quote, std::string& out) const {
        constexpr std::int64_t kFundingMs = 8 * 3'600'000;
        const std::int64_t ms = milliseconds(quote.time);
        out = R"({"e":"markPriceUpdate","E":)" + std::to_string(ms);
        out += R"(,"s":)" + json_text(quote.symbol.name);
        for (const std::string_view key : {"p", "P", "i"}) {
            append_price(out, key, quote.price, quote.symbol.decimals, 8);
        }
        out +=
            R"(,"r":"0.00010000","T":)" + std::to_string((ms / kFundingMs + 1) * kFundingMs) + "}";
    }

    bool futures_;
};

}  // namespace

std::unique_ptr<Dialect> make_binance_spot() {
    return std::make_unique<Binance>(false);
}
std::unique_ptr<Dialect> make_binance_usdm() {
    return std::make_unique<Binance>(true);
}

}  // namespace margind::daemon::stand_in
