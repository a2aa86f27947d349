#include "daemon/gateway/gateway.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/assert.hpp"
#include "daemon/gateway/byte_ring.hpp"
#include "daemon/gateway/connection_lines.hpp"
#include "daemon/gateway/subscriber.hpp"
#include "daemon/listen_on.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Connections beyond the limit that may wait at once for their refusal to be read; further ones are
// closed without a word.
constexpr std::size_t kRefusalsMax = 16;
// How long to wait after accept() failed (out of descriptors, say) before trying again.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::chrono::nanoseconds to_chrono(core::Duration duration) {
    return std::chrono::nanoseconds(duration.ns());
}

}  // namespace

class Gateway::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    Implementation(asio::io_context& io, const config::EventListenerSettings& settings,
                   const EventEncoder& encoder, feeds::Clock& clock, std::string session_id,
                   config::Durability durability, EventHistory* history);

    void start();
    void stop();
    std::uint16_t port() const { return port_; }
    void publish(const core::Event& event);
    void fail();
    void drain(core::Duration timeout, std::function<void()> done);
    GatewayStatistics statistics() const;

  private:
    void accept();
    void admit(tcp::socket socket);
    void keep_alive();
    void sweep();
    void close_all();
    void finish_drain();

    asio::io_context& io_;
    const config::EventListenerSettings settings_;
    const EventEncoder& encoder_;
    tcp::acceptor acceptor_;
    const std::uint16_t port_;
    asio::steady_timer accept_timer_;
    asio::steady_timer heartbeat_timer_;
    asio::steady_timer drain_timer_;
    std::shared_ptr<SharedStream> stream_;
    std::vector<std::shared_ptr<Subscriber>> connections_;
    TextBuffer line_;  // reused
    bool stopped_ = false;
    bool draining_ = false;
    bool failed_ = false;
    std::function<void()> drained_;
};

Gateway::Implementation::Implementation(asio::io_context& io,
                                        const config::EventListenerSettings& settings,
                                        const EventEncoder& encoder, feeds::Clock& clock,
                                        std::string session_id, config::Durability durability,
                                        EventHistory* history)
    : io_(io),
      settings_(settings),
      encoder_(encoder),
      acceptor_(listen_on(io, "events", settings.address, settings.port)),
      port_(acceptor_.local_endpoint().port()),
      accept_timer_(io),
      heartbeat_timer_(io),
      drain_timer_(io),
      stream_(std::make_shared<SharedStream>(settings, encoder.line_bytes_max(), clock,
                                             std::move(session_id), durability, history)) {
    line_.reserve(encoder.line_bytes_max());
    connections_.reserve(settings.subscribers_max + kRefusalsMax);
}

void Gateway::Implementation::start() {
    // Connections close in the middle of loops over connections_: remove them afterwards.
    stream_->on_closed = [weak = weak_from_this(), &io = io_] {
        asio::post(io, [weak] {
            if (const auto self = weak.lock()) self->sweep();
        });
    };
    accept();
    keep_alive();
}

void Gateway::Implementation::stop() {
    stopped_ = true;
    stream_->on_closed = nullptr;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    heartbeat_timer_.cancel();
    drain_timer_.cancel();
    close_all();
    connections_.clear();
}

void Gateway::Implementation::accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (self->stopped_ || self->draining_) return;
            if (!error) {
                self->admit(std::move(socket));
                return self->accept();
            }
            self->accept_timer_.expires_after(kAcceptPause);
            self->accept_timer_.async_wait([self](const error_code& cancelled) {
                if (!cancelled) self->accept();
            });
        });
}

void Gateway::Implementation::admit(tcp::socket socket) {
    if (connections_.size() == settings_.subscribers_max + kRefusalsMax) {
        GatewayCounters::add(stream_->counters.refused_total, 1);
        return;  // the socket closes itself
    }
    const bool full =
        stream_->counters.subscribers.load(std::memory_order_relaxed) >= settings_.subscribers_max;
    connections_.push_back(std::make_shared<Subscriber>(std::move(socket), stream_));
    if (failed_ || full) {
        connections_.back()->refuse(failed_ ? GoodbyeReason::journal_failed
                                            : GoodbyeReason::too_many_subscribers);
    } else {
        connections_.back()->start();
    }
}

void Gateway::Implementation::fail() {
    if (std::exchange(failed_, true)) return;
    for (const auto& connection : connections_) connection->finish(GoodbyeReason::journal_failed);
}

void Gateway::Implementation::publish(const core::Event& event) {
    MARGIND_ASSERT(!draining_ && !failed_);
    line_.clear();
    encoder_.append_line(line_, event, stream_->clock.now());
    stream_->append(event.event_seq, {line_.data(), line_.size()});
    if (event.kind == core::EventKind::daemon_state) {
        stream_->daemon_state = event.daemon_state.to;
    }
    GatewayCounters::add(stream_->counters.events_total, 1);
    for (const auto& connection : connections_) {
        if (!connection->receiving()) {
            connection->look_again();
        } else if (connection->behind() > settings_.subscriber_buffer_bytes) {
            connection->fall_behind();
        } else {
            connection->flush();
        }
    }
}

// Looks four times per interval, so that a heartbeat is late by a quarter at most.
void Gateway::Implementation::keep_alive() {
    heartbeat_timer_.expires_after(to_chrono(std::min({settings_.heartbeat, settings_.stalled_after,
                                                       settings_.catch_up_for})) /
                                   4);
    heartbeat_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error || self->stopped_ || self->draining_) return;
        const core::Timestamp now = self->stream_->clock.now();
        for (const auto& connection : self->connections_) {
            connection->keep_alive(now);
        }
        self->keep_alive();
    });
}

void Gateway::Implementation::sweep() {
    if (stopped_) return;
    std::erase_if(connections_, [](const auto& connection) { return connection->closed(); });
    if (draining_ && connections_.empty()) finish_drain();
}

void Gateway::Implementation::drain(core::Duration timeout, std::function<void()> done) {
    MARGIND_ASSERT(!draining_);
    draining_ = true;
    drained_ = std::move(done);
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    heartbeat_timer_.cancel();
    for (const auto& connection : connections_) connection->finish(GoodbyeReason::draining);
    drain_timer_.expires_after(to_chrono(timeout));
    drain_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error || self->stopped_) return;
        self->close_all();
        self->finish_drain();
    });
    stream_->on_closed();  // there may be nobody
}

void Gateway::Implementation::finish_drain() {
    drain_timer_.cancel();
    if (const auto done = std::exchange(drained_, nullptr)) done();
}

void Gateway::Implementation::close_all() {
    for (const auto& connection : connections_) connection->close();
}

GatewayStatistics Gateway::Implementation::statistics() const {
    const GatewayCounters& counters = stream_->counters;
    return {.subscribers = counters.subscribers.load(std::memory_order_relaxed),
            .subscribers_total = counters.subscribers_total.load(std::memory_order_relaxed),
            .refused_total = counters.refused_total.load(std::memory_order_relaxed),
            .cut_off_total = counters.cut_off_total.load(std::memory_order_relaxed),
            .events_total = counters.events_total.load(std::memory_order_relaxed),
            .bytes_total = counters.bytes_total.load(std::memory_order_relaxed),
            .behind = counters.behind.load(std::memory_order_relaxed),
            .resumed_total = counters.resumed_total.load(std::memory_order_relaxed),
            .fell_behind_total = counters.fell_behind_total.load(std::memory_order_relaxed)};
}

Gateway::Gateway(asio::io_context& io, const config::EventListenerSettings& settings,
                 const EventEncoder& encoder, feeds::Clock& clock, std::string session_id,
                 config::Durability durability, EventHistory* history)
    : implementation_(std::make_shared<Implementation>(
          io, settings, encoder, clock, std::move(session_id), durability, history)) {
    implementation_->start();
}

Gateway::~Gateway() {
    implementation_->stop();
}

std::uint16_t Gateway::port() const {
    return implementation_->port();
}

void Gateway::publish(const core::Event& event) {
    implementation_->publish(event);
}

void Gateway::fail() {
    implementation_->fail();
}

void Gateway::drain(core::Duration timeout, std::function<void()> done) {
    implementation_->drain(timeout, std::move(done));
}

GatewayStatistics Gateway::statistics() const {
    return implementation_->statistics();
}

}  // namespace margind::daemon
