// Requests on Binance's websockets, the same for spot and futures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "feeds/venue.hpp"

namespace margind::feeds::binance {

// Streams that one connection may carry.
inline constexpr std::size_t kStreamsMax = 1024;

// "btcusdt" + suffix; stream names are in lower case, symbols in messages in upper case.
std::string stream_name(std::string_view symbol, std::string_view suffix);

// SUBSCRIBE requests for `streams`, repeats left out: as few as a sensible frame size allows, for
// only a handful of messages a second may be sent.
std::vector<std::string> subscribe_frames(const std::vector<std::string>& streams,
                                          std::uint64_t first_request_id);

// Unusable symbols, and more topics than a connection carries: what is wrong, or empty.
std::string check_topics(const std::vector<Topic>& topics);

}  // namespace margind::feeds::binance
