#include "feeds/coinbase_advanced/subscription.hpp"

#include "feeds/coinbase_advanced/decode.hpp"
#include "feeds/json_text.hpp"

namespace margind::feeds::coinbase_advanced {
namespace {

std::string request(std::string_view channel, const std::vector<std::string>& products) {
    return R"({"type":"subscribe","product_ids":)" + json_list(products) + R"(,"channel":")" +
           std::string(channel) + R"("})";
}

class CoinbaseAdvanced final : public Venue {
  public:
    std::string_view name() const override { return "coinbase_advanced"; }
    std::string_view default_url() const override { return "wss://advanced-trade-ws.coinbase.com"; }
    bool supports(core::Channel channel) const override {
        return channel == core::Channel::book_top || channel == core::Channel::trade;
    }

    // The heartbeats channel brings a message a second and keeps quiet channels open. The first
    // request must arrive within 5 s. No life time is documented; a day is enough.
    ConnectionRules rules() const override {
        return {
            .lifetime_max = core::Duration::from_seconds(24 * 3600),
            .ping_every = {},
            .peer_timeout = core::Duration::from_seconds(15),
            .acknowledge_timeout = core::Duration::from_seconds(10),
            .messages_per_second_max = 8,
        };
    }

    // One request per channel, each acknowledged by a message without an id.
    std::vector<std::string> subscribe(const std::vector<Topic>& topics,
                                       std::uint64_t) const override {
        if (topics.empty()) return {};
        std::vector<std::string> all, tickers, trades;
        for (const Topic& topic : topics) {
            add_once(all, topic.symbol);
            add_once(topic.channel == core::Channel::trade ? trades : tickers, topic.symbol);
        }
        std::vector<std::string> frames{request("heartbeats", all)};
        if (!tickers.empty()) frames.push_back(request("ticker", tickers));
        if (!trades.empty()) frames.push_back(request("market_trades", trades));
        return frames;
    }

    std::unique_ptr<Decoder> make_decoder() const override {
        return coinbase_advanced::make_decoder();
    }
};

}  // namespace

const Venue& venue() {
    static const CoinbaseAdvanced kInstance;
    return kInstance;
}

}  // namespace margind::feeds::coinbase_advanced
