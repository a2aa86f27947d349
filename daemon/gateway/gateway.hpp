// The event stream as newline-delimited JSON over TCP: hello, every event in order, heartbeats.
// Whoever was away or is slow is read the past from the journal, until it has caught up or is cut
// off with a reason; it never slows the engine or anybody else.
//
// Thread: the io_context's, except statistics().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "config/settings.hpp"
#include "core/event.hpp"
#include "daemon/gateway/event_history.hpp"
#include "daemon/gateway/event_json.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

struct GatewayStatistics {
    std::uint64_t subscribers = 0;
    std::uint64_t subscribers_total = 0;
    std::uint64_t refused_total = 0;  // over subscribers_max
    std::uint64_t cut_off_total = 0;  // too slow
    std::uint64_t events_total = 0;   // published
    std::uint64_t bytes_total = 0;    // handed to sockets
    std::uint64_t behind = 0;         // subscribers that are read the past
    std::uint64_t resumed_total = 0;  // logins that asked for earlier events
    std::uint64_t fell_behind_total = 0;
};

class Gateway {
  public:
    // `history` null: who falls behind is cut off, and nobody resumes from further back than
    // subscriber_buffer_bytes. It outlives the gateway. Binds and listens; throws std::system_error
    // naming address and port when it cannot.
    Gateway(boost::asio::io_context& io, const config::EventListenerSettings& settings,
            const EventEncoder& encoder, feeds::Clock& clock, std::string session_id,
            config::Durability durability = config::Durability::none,
            EventHistory* history = nullptr);
    ~Gateway();

    std::uint16_t port() const;
    // Encodes once and queues for every subscriber; tries to send at once.
    void publish(const core::Event& event);
    // The journal has failed: subscribers get what was published, and why there is no more; new
    // ones are refused. Nothing may be published any more. Idempotent.
    void fail();
    // No more events: flush what is queued, say goodbye, close; calls `done` once when all are gone
    // or `timeout` has passed.
    void drain(core::Duration timeout, std::function<void()> done);
    GatewayStatistics statistics() const;  // any thread

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
