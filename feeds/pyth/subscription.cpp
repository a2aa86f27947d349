#include "feeds/pyth/subscription.hpp"

#include <algorithm>

#include "feeds/json_text.hpp"
#include "feeds/pyth/decode.hpp"

namespace margind::feeds::pyth {
namespace {

bool is_feed_id(std::string_view text) {
    constexpr std::size_t kDigits = 64;
    return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

class Pyth final : public Venue {
  public:
    std::string_view name() const override { return "pyth"; }
    std::string_view default_url() const override { return "wss://hermes.pyth.network/ws"; }
    bool supports(core::Channel channel) const override { return channel == core::Channel::oracle; }

    ConnectionRules rules() const override {
        return {
            .lifetime_max = core::Duration::from_seconds(24 * 3600),
            .ping_every = {},  // theirs come every 30 s
            .peer_timeout = core::Duration::from_seconds(75),
            .acknowledge_timeout = core::Duration::from_seconds(10),
            .messages_per_second_max = 5,
        };
    }

    // One request; the venue refuses it whole when it does not know one of the ids, which is what
    // we want to hear about. Messages may be 1 MiB long: some 15,000 ids.
    std::vector<std::string> subscribe(const std::vector<Topic>& topics,
                                       std::uint64_t) const override {
        if (topics.empty()) return {};
        std::vector<std::string> ids;
        for (const Topic& topic : topics) add_once(ids, topic.symbol);
        return {R"({"type":"subscribe","ids":)" + json_list(ids) +
                R"(,"verbose":false,"binary":false})"};
    }

    std::string check(const std::vector<Topic>& topics, std::string_view) const override {
        for (const Topic& topic : topics) {
            if (is_feed_id(topic.symbol)) continue;
            return "symbol " + topic.symbol +
                   " is not a Pyth price feed id: 64 hexadecimal digits in lower case, without 0x";
        }
        return {};
    }

    std::unique_ptr<Decoder> make_decoder() const override { return pyth::make_decoder(); }
    std::string_view key_variable() const override { return "PYTH_API_KEY"; }
    std::string_view key_header() const override { return "Authorization"; }
    std::string_view key_prefix() const override { return "Bearer "; }
};

}  // namespace

const Venue& venue() {
    static const Pyth kInstance;
    return kInstance;
}

}  // namespace margind::feeds::pyth
