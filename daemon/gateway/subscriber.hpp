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
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/time.hpp"
#include "daemon/gateway/byte_ring.hpp"
#include "daemon/gateway/connection_lines.hpp"
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
};

// What all connections read and the gateway writes.
struct SharedStream {
    SharedStream(std::size_t ring_bytes, feeds::Clock& the_clock, std::string session_id,
                 config::Durability what_is_promised)
        : session(std::move(session_id)),
          durability(what_is_promised),
          ring(ring_bytes),
          clock(the_clock) {}

    const std::string session;
    const config::Durability durability;
    core::DaemonState daemon_state = core::DaemonState::warming;  // as told last

    ByteRing ring;  // event lines, whole, in order
    std::uint64_t newest_event_seq = 0;
    feeds::Clock& clock;  // not read once every subscriber is closed
    std::function<void()> on_closed;
    GatewayCounters counters;
};

class Subscriber : public std::enable_shared_from_this<Subscriber> {
  public:
    Subscriber(boost::asio::ip::tcp::socket socket, std::shared_ptr<SharedStream> stream);

    // Greets and lets the events flow that are published from now on.
    void start();
    // Says why not, and ends.
    void refuse(GoodbyeReason reason);

    // Sends what waits, as much as the socket takes; the rest follows when it takes more.
    void flush();
    // Unsent bytes of the stream.
    std::uint64_t behind() const { return stream_->ring.end() - cursor_; }
    bool receiving() const { return stage_ == Stage::receiving; }
    // Sends a heartbeat when nothing was sent for `interval` and nothing waits.
    void keep_alive(core::Timestamp now, core::Duration interval);

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
        leaving,    // gets what is left, then a goodbye
        lingering,  // everything was sent: waiting for the peer to close
        closed,
    };

    std::string_view next_piece() const;
    void sent(std::size_t bytes);
    void wait_writable();
    void linger();
    void limit_farewell();
    std::uint64_t complete_line();
    std::uint64_t last_event_seq_before(std::uint64_t offset) const;
    void read();
    void on_bytes(std::size_t bytes);
    void answer_line();

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer farewell_timer_;
    std::shared_ptr<SharedStream> stream_;
    Stage stage_ = Stage::receiving;
    bool counted_ = false;           // among the subscribers
    bool waiting_ = false;           // for the socket to take more
    bool farewell_limited_ = false;  // the time to read it is running
    bool peer_done_ = false;         // the peer closed its side; it may still be reading

    std::uint64_t cursor_ = 0;  // next byte of the stream to send
    std::uint64_t end_ = 0;     // leaving: where the stream ends for this one
    // Lines of this connection, to be sent when the cursor is at `control_at_`, a line's beginning.
    // Bounded by kLinesMax answers, one hello and one heartbeat.
    TextBuffer control_;
    std::size_t control_sent_ = 0;
    std::uint64_t control_at_ = 0;
    TextBuffer farewell_;  // after everything else
    std::size_t farewell_sent_ = 0;
    core::Timestamp last_sent_;

    std::array<char, 1024> inbound_;
    std::size_t inbound_line_bytes_ = 0;
    std::uint32_t inbound_lines_ = 0;
    std::size_t discarded_bytes_ = 0;
};

}  // namespace margind::daemon
