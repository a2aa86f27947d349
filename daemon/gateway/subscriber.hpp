// One connection to the event stream: what it still has to be sent, and how it ends.
//
// Thread: the io_context's. Lifetime: Asio operations keep it alive until close() has run.
// Only gateway.cpp and subscriber.cpp include this.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "config/settings.hpp"
#include "core/time.hpp"
#include "daemon/gateway/byte_ring.hpp"
#include "daemon/gateway/connection_lines.hpp"
#include "daemon/gateway/event_history.hpp"
#include "daemon/gateway/login_line.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// Written by the io thread, read by any: relaxed, each number stands for itself.
struct GatewayCounters {
    // One writer: no read-modify-write needed.
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
        counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> subscribers{0};
    std::atomic<std::uint64_t> subscribers_total{0};
    std::atomic<std::uint64_t> refused_total{0};
    std::atomic<std::uint64_t> cut_off_total{0};
    std::atomic<std::uint64_t> events_total{0};
    std::atomic<std::uint64_t> bytes_total{0};
    std::atomic<std::uint64_t> behind{0};  // read the past
    std::atomic<std::uint64_t> resumed_total{0};
    std::atomic<std::uint64_t> fell_behind_total{0};
};

// What all connections read and the gateway writes.
class SharedStream {
  public:
    // `line_bytes_max`: of an event. `history` null: what has left the ring cannot be had again.
    SharedStream(const config::EventListenerSettings& the_settings, std::size_t line_bytes_max,
                 feeds::Clock& the_clock, std::string session_id, config::Durability promised,
                 EventHistory* the_history);

    void append(std::uint64_t event_seq, std::string_view line);
    // Where the event begins, or the next one will; nothing: it may be overwritten any moment.
    std::optional<std::uint64_t> offset_of(std::uint64_t event_seq) const;

    const config::EventListenerSettings settings;
    const std::string session;
    const config::Durability durability;
    core::DaemonState daemon_state = core::DaemonState::warming;  // as told last

    // Event lines, whole, in order: what the slowest tolerated subscriber has not got, the line it
    // is in the middle of, and the line that puts it over the limit.
    ByteRing ring;
    std::uint64_t newest_event_seq = 0;
    EventHistory* const history;
    feeds::Clock& clock;  // not read once every subscriber is closed
    std::function<void()> on_closed;
    GatewayCounters counters;

  private:
    std::vector<std::uint64_t> offsets_;  // of the newest events, by number
    std::uint64_t oldest_event_seq_ = 0;  // that is in `offsets_`
};

class Subscriber : public std::enable_shared_from_this<Subscriber> {
  public:
    Subscriber(boost::asio::ip::tcp::socket socket, std::shared_ptr<SharedStream> stream);

    // Greets and lets the events flow that are published from now on, until the peer asks for
    // earlier ones.
    void start();
    // Says why not, and ends.
    void refuse(GoodbyeReason reason);

    // Sends what waits, as much as the socket takes; the rest follows when it takes more.
    void flush();
    // Unsent bytes of the stream.
    std::uint64_t behind() const { return stream_->ring.end() - cursor_; }
    bool receiving() const { return stage_ == Stage::receiving; }
    // It is further behind than the ring reaches: from now on the past is read for it, until it has
    // caught up; where there is no past it is cut off.
    void fall_behind();
    // Behind, with nothing under way: what is wanted may be there now.
    void look_again() {
        if (stage_ == Stage::behind && !reads_past_) flush();
    }
    // Sends a heartbeat when nothing was sent for a while and nothing waits; cuts off whoever takes
    // nothing, or does not catch up.
    void keep_alive(core::Timestamp now);

    // Everything that waits is still sent, then the goodbye.
    void finish(GoodbyeReason reason);
    // The line in progress is completed, the goodbye follows, the rest is dropped. Gives the peer
    // one second to read it.
    void cut_off(GoodbyeReason reason);
    // Now. Idempotent.
    void close();
    bool closed() const { return stage_ == Stage::closed; }

  private:
    enum class Stage : std::uint8_t {
        receiving,  // gets events
        behind,     // gets events out of the past, a block at a time
        leaving,    // gets what is left, then a goodbye
        lingering,  // everything was sent: waiting for the peer to close
        closed,
    };

    bool talking() const { return stage_ == Stage::receiving || stage_ == Stage::behind; }
    std::string_view next_piece() const;
    void sent(std::size_t bytes);
    std::uint64_t leave_stream();
    void stay_behind(std::uint64_t next_event_seq);
    void leave_past();
    void leave_place();
    void clear_front();
    bool join_or_read_on();
    void take(const std::shared_ptr<EventHistory::Place>& place, const EventHistory::Block& block);
    void answer_login();
    TextBuffer& own_lines();
    void wait_writable();
    void linger();
    void limit_farewell();
    std::uint64_t complete_line(TextBuffer& out) const;
    std::uint64_t complete_front_line();
    std::uint64_t event_seq_at(std::uint64_t offset) const;
    void read();
    void on_bytes(std::size_t bytes);
    void on_line();
    void log_in(const Login& login);

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer farewell_timer_;
    std::shared_ptr<SharedStream> stream_;
    Stage stage_ = Stage::receiving;
    bool counted_ = false;           // among the subscribers
    bool waiting_ = false;           // for the socket to take more
    bool farewell_limited_ = false;  // the time to read it is running
    bool peer_done_ = false;         // the peer closed its side; it may still be reading

    // Goes before everything else, whole lines but for the first: the rest of one that was being
    // sent, lines of this connection, a block of the past.
    TextBuffer front_;
    std::size_t front_sent_ = 0;
    bool front_continues_ = false;  // its first line was begun before
    std::uint64_t cursor_ = 0;      // next byte of the stream to send
    std::uint64_t end_ = 0;         // leaving: where the stream ends for this one
    // Lines of this connection, to be sent when the cursor is at `control_at_`, a line's beginning.
    // Bounded by kLinesMax answers, one hello, one heartbeat and what a login is answered.
    TextBuffer control_;
    std::size_t control_sent_ = 0;
    std::uint64_t control_at_ = 0;
    TextBuffer farewell_;  // after everything else
    std::size_t farewell_sent_ = 0;
    core::Timestamp last_sent_;

    // behind:
    std::shared_ptr<EventHistory::Place> place_;  // null: not asked for yet
    std::uint64_t next_event_seq_ = 0;            // behind what is in front_
    bool reads_past_ = false;                     // a block was asked for
    bool answers_login_ = false;                  // when the first event is there
    bool fell_behind_ = false;                    // and did not ask for the past
    core::Timestamp behind_since_;

    std::array<char, 1024> inbound_;
    std::string line_;  // that is coming in
    std::uint32_t inbound_lines_ = 0;
    std::size_t discarded_bytes_ = 0;
    bool logged_in_ = false;
};

}  // namespace margind::daemon
