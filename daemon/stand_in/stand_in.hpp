// A stand-in for one or several venues: real websockets, the venues' own frames, one clock. For
// demos and tests; `margind venue` is its command line.
//
// Thread: the io_context's, which is one thread; nothing happens unless the caller runs it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/stand_in/playback.hpp"
#include "daemon/stand_in/tape.hpp"
#include "daemon/stand_in/venue_server.hpp"
#include "feeds/session.hpp"

namespace margind::daemon::stand_in {

struct ServedVenue {
    std::unique_ptr<Dialect> dialect;
    Tape tape;
    VenueOptions options;
};

struct StandInOptions {
    double speed = 1;  // seconds of the tape per second; 0: as fast as the clients take it
    ExchangeClock clock = ExchangeClock::live;
    std::size_t start_when = 1;  // subscribed clients, over all venues, that start the tapes
    bool once = false;           // when the tapes have ended: close everything, then `ended`
};

class StandIn {
  public:
    // Listens at once. Throws std::runtime_error when a port cannot be had. `ended` is called once,
    // when stop() or the end of the tapes has let the last client go.
    StandIn(boost::asio::io_context& io, feeds::Clock& clock, const StandInOptions& options,
            std::vector<ServedVenue> venues, std::function<void()> ended);

    // By position in the constructor's list.
    VenueServer& venue(std::size_t i) { return *servers_[i]; }
    std::size_t size() const { return servers_.size(); }

    void play();  // now, however many have subscribed
    bool playing() const { return playback_.started(); }
    bool finished() const;
    // A line of faults.hpp's grammar; what is wrong with it, empty when it is understood.
    std::string command(std::string_view line);
    // Close frames to all; `ended` follows within about a second.
    void stop();

  private:
    void on_changed();

    feeds::Clock& clock_;
    const StandInOptions options_;
    Playback playback_;
    std::vector<std::unique_ptr<VenueServer>> servers_;
    std::function<void()> ended_;
    bool stopping_ = false;
};

// Writes what the venues would send, in the line format of recordings: one connection per venue,
// named after it, subscribed to each symbol's book (and mark price); `t` is when the message is due
// if play begins at the first moment of the tapes. The same tapes give the same bytes.
// Returns the number of messages.
std::uint64_t write_capture(const StandInOptions& options, const std::vector<ServedVenue>& venues,
                            std::ostream& out);

}  // namespace margind::daemon::stand_in
