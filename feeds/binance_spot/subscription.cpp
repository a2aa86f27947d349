#include "feeds/binance_spot/subscription.hpp"

#include "feeds/binance/subscription.hpp"
#include "feeds/binance_spot/decode.hpp"

namespace margind::feeds::binance_spot {
namespace {

class BinanceSpot final : public Venue {
  public:
    std::string_view name() const override { return "binance_spot"; }
    std::string_view default_url() const override { return "wss://stream.binance.com:9443/stream"; }
    bool supports(core::Channel channel) const override {
        return channel == core::Channel::book_top || channel == core::Channel::trade;
    }

    ConnectionRules rules() const override {
        return {
            .lifetime_max = core::Duration::from_seconds(24 * 3600),
            .ping_every = {},  // theirs come every 20 s, and ours would count as messages
            .peer_timeout = core::Duration::from_seconds(65),
            .acknowledge_timeout = core::Duration::from_seconds(10),
            .messages_per_second_max = 5,
        };
    }

    std::vector<std::string> subscribe(const std::vector<Topic>& topics,
                                       std::uint64_t first_request_id) const override {
        std::vector<std::string> streams;
        streams.reserve(topics.size());
        for (const Topic& topic : topics) {
            const bool trade = topic.channel == core::Channel::trade;
            streams.push_back(binance::stream_name(topic.symbol, trade ? "@trade" : "@bookTicker"));
        }
        return binance::subscribe_frames(streams, first_request_id);
    }

    std::string check(const std::vector<Topic>& topics, std::string_view) const override {
        return binance::check_topics(topics);
    }

    std::unique_ptr<Decoder> make_decoder() const override { return binance_spot::make_decoder(); }
};

}  // namespace

const Venue& venue() {
    static const BinanceSpot kInstance;
    return kInstance;
}

}  // namespace margind::feeds::binance_spot
