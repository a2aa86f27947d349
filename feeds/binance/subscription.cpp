#include "feeds/binance/subscription.hpp"

#include <algorithm>
#include <cstddef>

#include "feeds/json_text.hpp"

namespace margind::feeds::binance {

std::string stream_name(std::string_view symbol, std::string_view suffix) {
    std::string name(symbol);
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return name += suffix;
}

std::vector<std::string> subscribe_frames(const std::vector<std::string>& streams,
                                          std::uint64_t first_request_id) {
    constexpr std::size_t kStreamsPerFrame = 200;
    std::vector<std::string> unique;
    for (const std::string& stream : streams) add_once(unique, stream);
    std::vector<std::string> frames;
    for (std::size_t first = 0; first < unique.size(); first += kStreamsPerFrame) {
        const auto end = std::min(first + kStreamsPerFrame, unique.size());
        const std::vector<std::string> part(unique.begin() + static_cast<std::ptrdiff_t>(first),
                                            unique.begin() + static_cast<std::ptrdiff_t>(end));
        const std::string id = std::to_string(first_request_id + frames.size());
        frames.push_back(R"({"method":"SUBSCRIBE","params":)" + json_list(part) + R"(,"id":)" + id +
                         "}");
    }
    return frames;
}

std::string check_topics(const std::vector<Topic>& topics) {
    if (topics.size() > kStreamsMax) {
        return std::to_string(topics.size()) + " topics, but a Binance connection carries " +
               std::to_string(kStreamsMax) + ": spread them over several feeds";
    }
    for (const Topic& topic : topics) {
        const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
        if (std::any_of(topic.symbol.begin(), topic.symbol.end(), lower)) {
            return "symbol " + topic.symbol +
                   " is not in upper case as Binance's messages write it: no message would match";
        }
    }
    return {};
}

}  // namespace margind::feeds::binance
