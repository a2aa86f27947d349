// Pyth's Hermes websocket. A symbol is a price feed id.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "daemon/stand_in/dialect_text.hpp"
#include "daemon/stand_in/dialects.hpp"
#include "daemon/stand_in/history.hpp"

namespace margind::daemon::stand_in {
namespace {

namespace dom = simdjson::dom;

constexpr const char* kSuccess = R"({"type":"response","status":"success"})";
constexpr int kExponent = 8;  // prices are whole numbers of 10^-8

std::string without_0x(std::string_view id) {
    return std::string(id.starts_with("0x") ? id.substr(2) : id);
}

std::string whole(std::int64_t units, int decimals) {
    std::string out = std::to_string(units);
    if (decimals < kExponent) out.append(static_cast<std::size_t>(kExponent - decimals), '0');
    return out;
}

class Pyth final : public Dialect {
  public:
    std::string_view venue() const override { return "pyth"; }
    std::string_view path() const override { return "/ws"; }
    std::size_t kinds() const override { return 1; }
    bool recorded_kind(std::size_t) const override { return true; }
    int decimals_max() const override { return kExponent; }
    std::string stream(std::string_view symbol, std::size_t) const override {
        return without_0x(symbol);
    }

    std::string stream_of(std::string_view message) const override {
        dom::parser parser;
        dom::element root;
        std::string_view id;
        if (parser.parse(message.data(), message.size()).get(root) != simdjson::SUCCESS ||
            root["price_feed"]["id"].get(id) != simdjson::SUCCESS) {
            return {};
        }
        return without_0x(id);
    }

    void on_request(std::string_view text, Client& client) const override {
        dom::parser parser;
        dom::object request;
        std::string_view type;
        dom::array ids;
        if (parser.parse(text.data(), text.size()).get(request) != simdjson::SUCCESS ||
            request["type"].get(type) != simdjson::SUCCESS ||
            request["ids"].get(ids) != simdjson::SUCCESS ||
            (type != "subscribe" && type != "unsubscribe")) {
            return refuse(client, "the request is neither subscribe nor unsubscribe with ids");
        }
        if (client.refusing()) return refuse(client, "refused, as the operator wished");
        bool ignore_invalid = false;
        if (request["ignore_invalid_price_ids"].get(ignore_invalid) != simdjson::SUCCESS) {
            ignore_invalid = false;
        }
        std::vector<std::string> wanted;
        std::string unknown;
        for (const dom::element element : ids) {
            std::string_view id;
            if (element.get(id) != simdjson::SUCCESS) return refuse(client, "an id is not a text");
            wanted.push_back(without_0x(id));
            if (client.knows(wanted.back())) continue;
            unknown += (unknown.empty() ? "" : ", ") + wanted.back();
        }
        // One unknown id refuses the whole request.
        if (!unknown.empty() && !ignore_invalid) {
            return refuse(client, "Price feed(s) with id(s) [" + unknown + "] not found");
        }
        for (const std::string& id : wanted) {
            if (type == "subscribe") {
                client.subscribe(id);
            } else {
                client.unsubscribe(id);
            }
        }
        client.reply(kSuccess);
    }

    // The confidence is half of the spread: the history states none.
    void encode(const Quote& quote, std::size_t, std::string& out) const override {
        const int decimals = quote.symbol.decimals;
        const std::int64_t half = (quote.ask - quote.bid + 1) / 2;
        const std::int64_t seconds = quote.time.ns() / 1'000'000'000;
        const std::string price =
            fmt::format(R"({{"price":"{}","conf":"{}","expo":-8,"publish_time":{}}})",
                        whole(quote.price, decimals), whole(half, decimals), seconds);
        out = fmt::format(
            R"({{"type":"price_update","price_feed":{{"id":"{}","price":{},"ema_price":{}}}}})",
            quote.symbol.name, price, price);
    }

    core::Duration ping_every() const override { return core::Duration::from_seconds(30); }
    std::string shutdown_notice(core::Timestamp) const override {
        return error_frame("Connection timeout reached (24h)");
    }

  private:
    static std::string error_frame(std::string_view what) {
        return fmt::format(R"({{"type":"response","status":"error","error":{}}})", json_text(what));
    }
    static void refuse(Client& client, std::string_view what) { client.reply(error_frame(what)); }
};

}  // namespace

std::unique_ptr<Dialect> make_pyth() {
    return std::make_unique<Pyth>();
}

}  // namespace margind::daemon::stand_in
