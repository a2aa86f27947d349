// One websocket connection to one venue: connect, subscribe, keep alive, read, decode, back off,
// again. Plain or TLS (certificate and host name verified).
//
// Thread: the io_context's; it never blocks. Lifetime: an Asio operation keeps it alive after stop().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/time.hpp"
#include "feeds/tick.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

struct FeedOptions {
    std::string name;   // of this connection, in events and metrics
    std::string venue;  // see venues()
    std::string url;    // ws:// or wss://; empty: the venue's own
    std::string ca_file;  // wss only: trust these certificates instead of the system's
    core::Duration silence_after = core::Duration::from_seconds(10);  // per topic, see FeedReason
    core::Duration connect_timeout = core::Duration::from_seconds(10);
    core::Duration backoff_first = core::Duration::from_ms(250);
    core::Duration backoff_max = core::Duration::from_seconds(30);
};

// Counters of one feed; written by the io thread, read by others (relaxed atomics inside session).
struct FeedStatistics {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t ticks = 0;
    std::uint64_t connects = 0;  // successful subscriptions
    std::uint64_t disconnects = 0;
    std::array<std::uint64_t, 4> by_verdict{};
    std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> by_reason{};
    core::FeedState state = core::FeedState::connecting;
    core::FeedReason reason = core::FeedReason::none;
    std::string last_problem;  // what happened last and what to do, for people; empty when well
};

// Where a session delivers. Called on the io thread.
class FeedSink {
  public:
    virtual ~FeedSink() = default;
    // Ticks of one message, whole. Returns false when they cannot be taken now (a full queue): the
    // session keeps the message and stops reading until resume().
    virtual bool on_ticks(core::FeedId feed, const TickBatch& batch,
                          core::Timestamp receive_time) noexcept = 0;
    virtual void on_state(core::FeedId feed, core::FeedState state, core::FeedReason reason) noexcept = 0;
};

// Reads of the clock, so that tests can replace it.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual core::Timestamp now() noexcept = 0;  // UTC, never decreasing
};

class Session {
  public:
    virtual ~Session() = default;
    virtual void start() = 0;
    virtual void stop() = 0;    // closes politely, at most for a second; then no more callbacks
    virtual void resume() = 0;  // after on_ticks returned false
    virtual FeedStatistics statistics() const = 0;  // any thread
};

// `seed` makes the back-off's jitter repeatable. Throws std::invalid_argument on unusable options.
std::shared_ptr<Session> make_session(boost::asio::io_context& io, core::FeedId feed,
                                      const FeedOptions& options, std::vector<Topic> topics,
                                      FeedSink& sink, Clock& clock, std::uint64_t seed);

}  // namespace margind::feeds
