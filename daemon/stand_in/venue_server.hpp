// One venue of a stand-in: its listener, its clients and its tape.
//
// Thread: the io_context's, which is one thread. Destroy it only when the io_context does not run,
// or on its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/time.hpp"
#include "daemon/stand_in/dialect.hpp"
#include "daemon/stand_in/faults.hpp"
#include "daemon/stand_in/peer.hpp"
#include "daemon/stand_in/playback.hpp"
#include "daemon/stand_in/tape.hpp"
#include "feeds/session.hpp"

namespace margind::daemon::stand_in {

struct VenueOptions {
    ListenOptions listen;
    int spread_bp = 2;                                        // see price_path.hpp
    core::Duration ping_every;                                // zero: as the venue does
    core::Duration second = core::Duration::from_seconds(1);  // of heartbeats; tests shorten it
};

struct VenueStatistics {
    std::uint64_t connections = 0;  // websocket handshakes done
    std::uint64_t requests = 0;     // texts received from clients
    std::uint64_t messages = 0;     // said to at least one client
    std::uint64_t unheard = 0;      // withheld by a silence, or nobody was subscribed
    std::uint64_t slow_cut = 0;     // clients cut off because they read too slowly
    std::size_t clients = 0;        // now
    std::size_t subscribers = 0;    // clients with at least one stream of the tape, now
};

class VenueServer {
  public:
    virtual ~VenueServer() = default;
    virtual std::string_view venue() const = 0;
    virtual std::uint16_t port() const = 0;
    virtual const Tape& tape() const = 0;
    virtual VenueStatistics statistics() const = 0;

    virtual void play() = 0;            // from the start of the tape; Playback has started
    virtual bool finished() const = 0;  // everything of the tape is said
    virtual void apply(const Fault& fault) = 0;
    // Closes every connection with a close frame and accepts no more; `idle` then becomes true.
    virtual void close(std::string_view reason) = 0;
    virtual bool idle() const = 0;  // no client left
};

// `changed` is called when subscribers come or go, when the tape is finished and when the last
// client has left. Throws std::runtime_error when the port cannot be had.
std::unique_ptr<VenueServer> make_venue_server(boost::asio::io_context& io, feeds::Clock& clock,
                                               const Playback& playback,
                                               std::unique_ptr<Dialect> dialect, Tape tape,
                                               const VenueOptions& options,
                                               std::function<void()> changed);

}  // namespace margind::daemon::stand_in
