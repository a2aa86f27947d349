// Events that were told before, for subscribers that resume or fall behind: read from the journal
// and written as lines anew, on a thread of its own, so that a disk that has to be waited for stops
// nobody else.
//
// Fair: whoever reads gets one block, then everybody else has a turn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/journal/file_layer.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class EventHistory {
  public:
    static constexpr std::size_t kBlockBytes = 64 * 1024;  // a block ends with the line beyond it

    // Whole lines, of events that follow one another.
    struct Block {
        TextBuffer lines;
        std::uint64_t next_event_seq = 0;  // behind them
        // Retention has removed the event that was wanted, or the configuration that knows its
        // names: the oldest that can be had. Zero: it is there.
        std::uint64_t gone_before = 0;
        std::string problem;  // the journal cannot be read: what and where
    };
    // One subscriber's place in the past; only the history's thread looks into it.
    class Place;

    // The daemon's own run, whose configuration need not be looked for.
    struct Run {
        const EventEncoder& encoder;
        std::uint64_t first_input = 1;
    };

    // `io` runs the callbacks. What is referred to outlives the history.
    EventHistory(boost::asio::io_context& io, FileLayer& files, std::string folder,
                 const Durability& durability, feeds::Clock& clock, Run current);
    ~EventHistory();  // nothing is called any more
    EventHistory(const EventHistory&) = delete;
    EventHistory& operator=(const EventHistory&) = delete;

    std::shared_ptr<Place> begin(std::uint64_t next_event_seq) const;
    // Nobody wants what was asked for there any more.
    void abandon(Place& place) const;
    // io thread: calls `done` later, on the io thread, with what comes next; an empty block: what
    // is on disk is read. One at a time for a place.
    void read(std::shared_ptr<Place> place, std::function<void(Block)> done);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
