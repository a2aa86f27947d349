// What a session is made of, checked: between make_session.cpp and session.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "feeds/session.hpp"
#include "feeds/url.hpp"
#include "feeds/websocket.hpp"

namespace margind::feeds {

struct SessionParts {
    core::FeedId feed;
    FeedOptions options;
    std::vector<Topic> topics;  // at least one
    const Venue& venue;
    Url url;
    std::shared_ptr<TlsContext> tls;  // when the url says wss
    FeedSink& sink;
    Clock& clock;
    std::uint64_t seed = 0;
};

std::shared_ptr<Session> make_session(boost::asio::io_context& io, SessionParts parts);

}  // namespace margind::feeds
