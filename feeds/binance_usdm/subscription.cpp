#include "feeds/binance_usdm/subscription.hpp"

#include "feeds/binance/subscription.hpp"
#include "feeds/binance_usdm/decode.hpp"

namespace margind::feeds::binance_usdm {
namespace {

constexpr std::string_view kHost = "fstream.binance.com";
constexpr std::string_view kMarketUrl = "wss://fstream.binance.com/market/stream";
constexpr std::string_view kPublicUrl = "wss://fstream.binance.com/public/stream";

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

bool on_public_path(const Topic& topic) {
    return topic.channel == core::Channel::book_top;
}

std::string_view stream_suffix(core::Channel channel) {
    switch (channel) {
        case core::Channel::book_top:
            return "@bookTicker";
        case core::Channel::trade:
            return "@aggTrade";
        case core::Channel::mark:
        case core::Channel::index:
        case core::Channel::oracle:
            break;
    }
    return "@markPrice@1s";  // mark and index come in one message
}

class BinanceUsdm final : public Venue {
  public:
    std::string_view name() const override { return "binance_usdm"; }
    std::string_view default_url() const override { return kMarketUrl; }
    bool supports(core::Channel channel) const override { return channel != core::Channel::oracle; }

    ConnectionRules rules() const override {
        return {
            .lifetime_max = core::Duration::from_seconds(24 * 3600),
            // Theirs come every 3 min, too rarely to notice a dead peer.
            .ping_every = core::Duration::from_seconds(30),
            .peer_timeout = core::Duration::from_seconds(65),
            .acknowledge_timeout = core::Duration::from_seconds(10),
            .messages_per_second_max = 10,
        };
    }

    std::vector<std::string> subscribe(const std::vector<Topic>& topics,
                                       std::uint64_t first_request_id) const override {
        std::vector<std::string> streams;
        streams.reserve(topics.size());
        for (const Topic& topic : topics) {
            streams.push_back(binance::stream_name(topic.symbol, stream_suffix(topic.channel)));
        }
        return binance::subscribe_frames(streams, first_request_id);
    }

    // Only the venue's own host is judged; a stand-in may serve everything anywhere.
    std::string check(const std::vector<Topic>& topics, std::string_view url) const override {
        if (std::string problem = binance::check_topics(topics); !problem.empty()) return problem;
        const std::string_view used = url.empty() ? kMarketUrl : url;
        if (!contains(used, kHost)) return {};
        for (const Topic& topic : topics) {
            const bool is_public = on_public_path(topic);
            if (contains(used, is_public ? "/public/" : "/market/")) continue;
            return topic.symbol + (is_public ? ": book_top" : ": trade, mark and index") +
                   " is served on " + std::string(is_public ? kPublicUrl : kMarketUrl) +
                   " only, and this feed connects to " + std::string(used) +
                   ": give it a feed of its own with that url";
        }
        return {};
    }

    std::unique_ptr<Decoder> make_decoder() const override { return binance_usdm::make_decoder(); }
};

}  // namespace

const Venue& venue() {
    static const BinanceUsdm kInstance;
    return kInstance;
}

}  // namespace margind::feeds::binance_usdm
