// One websocket connection to one venue: connect, subscribe, keep alive, read, decode, back off,
// again. Plain or TLS (certificate and host name verified).
//
// Thread: the io_context's; it never blocks. Lifetime: an Asio operation keeps it alive after
// stop().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/time.hpp"
#include "feeds/tick.hpp"
#include "feeds/venue.hpp"

namespace boost::asio {
class io_context;
}

namespace margind::feeds {

struct FeedOptions {
    std::string name;     // of this connection, in events and metrics
    std::string venue;    // see venues()
    std::string url;      // ws:// or wss://; empty: the venue's own
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
    std::string
        last_reject;  // a refused or unknown message and why; told at the 1st, 10th, 100th...
};

// Where a session delivers. Called on the io thread.
class FeedSink {
  public:
    virtual ~FeedSink() = default;
    // Ticks of one message, whole. Returns false when they cannot be taken now (a full queue): the
    // session keeps the message and stops reading until resume().
    virtual bool on_ticks(core::FeedId feed, const TickBatch& batch,
                          core::Timestamp receive_time) noexcept = 0;
    virtual void on_state(core::FeedId feed, core::FeedState state,
                          core::FeedReason reason) noexcept = 0;
};

// Reads of the clock, so that tests can replace it.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual core::Timestamp now() noexcept = 0;  // UTC, never decreasing
};

// All calls may come from any thread; they take effect on the io thread, never inside the call.
class Session {
  public:
    virtual ~Session() = default;
    virtual void start() = 0;
    // Closes politely, at most for a second. The last callback of all is on_state(down, stopped);
    // stopped() is true from then on, and sink and clock may go.
    virtual void stop() = 0;
    virtual bool stopped() const = 0;
    virtual void resume() = 0;  // after on_ticks returned false: the kept message is offered again
    virtual FeedStatistics statistics() const = 0;
};

// `seed` makes the back-off's jitter repeatable. Throws std::invalid_argument on unusable options.
// The io_context outlives the session, and runs on one thread.
std::shared_ptr<Session> make_session(boost::asio::io_context& io, core::FeedId feed,
                                      const FeedOptions& options, std::vector<Topic> topics,
                                      FeedSink& sink, Clock& clock, std::uint64_t seed);
// The same with a venue that is not in venues(). `venue` outlives the session.
std::shared_ptr<Session> make_session(boost::asio::io_context& io, core::FeedId feed,
                                      const FeedOptions& options, std::vector<Topic> topics,
                                      FeedSink& sink, Clock& clock, std::uint64_t seed,
                                      const Venue& venue);

}  // namespace margind::feeds
