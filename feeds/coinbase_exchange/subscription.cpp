#include "feeds/coinbase_exchange/subscription.hpp"

#include "feeds/coinbase_exchange/decode.hpp"
#include "feeds/json_text.hpp"

namespace margind::feeds::coinbase_exchange {
namespace {

std::string channel(std::string_view name, const std::vector<std::string>& products) {
    return R"({"name":")" + std::string(name) + R"(","product_ids":)" + json_list(products) + "}";
}

class CoinbaseExchange final : public Venue {
  public:
    std::string_view name() const override { return "coinbase_exchange"; }
    std::string_view default_url() const override { return "wss://ws-feed.exchange.coinbase.com"; }
    bool supports(core::Channel wanted) const override {
        return wanted == core::Channel::book_top || wanted == core::Channel::trade;
    }

    // The heartbeat channel brings a message a second, so a short silence means a dead peer. The
    // first request must arrive within 5 s. No life time is documented; a day is enough.
    ConnectionRules rules() const override {
        return {
            .lifetime_max = core::Duration::from_seconds(24 * 3600),
            .ping_every = {},
            .peer_timeout = core::Duration::from_seconds(15),
            .acknowledge_timeout = core::Duration::from_seconds(10),
            .messages_per_second_max = 8,
        };
    }

    // One request for everything: the acknowledgement lists all channels and has no id.
    std::vector<std::string> subscribe(const std::vector<Topic>& topics,
                                       std::uint64_t) const override {
        if (topics.empty()) return {};
        std::vector<std::string> all, tickers, matches;
        for (const Topic& topic : topics) {
            add_once(all, topic.symbol);
            add_once(topic.channel == core::Channel::trade ? matches : tickers, topic.symbol);
        }
        std::string frame = R"({"type":"subscribe","channels":[)" + channel("heartbeat", all);
        if (!tickers.empty()) frame += "," + channel("ticker", tickers);
        if (!matches.empty()) frame += "," + channel("matches", matches);
        return {frame + "]}"};
    }

    std::unique_ptr<Decoder> make_decoder() const override {
        return coinbase_exchange::make_decoder();
    }
};

}  // namespace

const Venue& venue() {
    static const CoinbaseExchange kInstance;
    return kInstance;
}

}  // namespace margind::feeds::coinbase_exchange
