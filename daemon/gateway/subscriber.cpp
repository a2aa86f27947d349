#include "daemon/gateway/subscriber.hpp"

#include <charconv>
#include <chrono>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Inbound: so many lines are answered, none longer than the read buffer; then the peer is cut off.
constexpr std::uint32_t kLinesMax = 16;
constexpr std::size_t kLineBytesMax = 1024;
// What a peer that is being cut off may still send while it has not read why.
constexpr std::size_t kDiscardBytesMax = 64 * 1024;
// A peer that catches up gets this much at once; then others have their turn.
constexpr std::size_t kFlushBytesMax = 256 * 1024;
constexpr std::chrono::seconds kFarewellLimit{1};

}  // namespace

Subscriber::Subscriber(asio::ip::tcp::socket socket, std::shared_ptr<SharedStream> stream)
    : socket_(std::move(socket)),
      farewell_timer_(socket_.get_executor()),
      stream_(std::move(stream)),
      cursor_(stream_->ring.end()) {
    error_code ignored;  // a socket that refuses options fails at its first send
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Subscriber::start() {
    counted_ = true;
    GatewayCounters::add(stream_->counters.subscribers, 1);
    GatewayCounters::add(stream_->counters.subscribers_total, 1);
    control_at_ = cursor_;
    append_hello(control_, {.session = stream_->session,
                            .next_event_seq = stream_->newest_event_seq + 1,
                            .durability = stream_->durability,
                            .state = stream_->daemon_state});
    flush();
    read();
}

void Subscriber::refuse(GoodbyeReason reason) {
    GatewayCounters::add(stream_->counters.refused_total, 1);
    cut_off(reason);
    read();
}

void Subscriber::flush() {
    if (waiting_ || closed()) return;
    for (std::size_t budget = kFlushBytesMax;;) {
        const std::string_view piece = next_piece().substr(0, budget);
        if (piece.empty()) break;
        error_code error;
        const std::size_t bytes = socket_.send(asio::buffer(piece.data(), piece.size()), 0, error);
        if (error == asio::error::interrupted) continue;
        if (error == asio::error::would_block) return wait_writable();
        if (error) return close();
        sent(bytes);
        budget -= bytes;
    }
    if (!next_piece().empty()) return wait_writable();
    if (stage_ == Stage::leaving) linger();
}

// What goes next: the connection's own lines at their place, the stream, the goodbye.
std::string_view Subscriber::next_piece() const {
    if (stage_ == Stage::lingering) return {};
    const std::uint64_t end = stage_ == Stage::receiving ? stream_->ring.end() : end_;
    if (control_.size() > 0) {
        if (cursor_ < control_at_) return stream_->ring.piece(cursor_, control_at_);
        return std::string_view(control_.data(), control_.size()).substr(control_sent_);
    }
    if (cursor_ < end) return stream_->ring.piece(cursor_, end);
    return std::string_view(farewell_.data(), farewell_.size()).substr(farewell_sent_);
}

void Subscriber::sent(std::size_t bytes) {
    GatewayCounters::add(stream_->counters.bytes_total, bytes);
    last_sent_ = stream_->clock.now();
    const std::uint64_t end = stage_ == Stage::receiving ? stream_->ring.end() : end_;
    if (control_.size() > 0 && cursor_ == control_at_) {
        control_sent_ += bytes;
        if (control_sent_ < control_.size()) return;
        control_.clear();
        control_sent_ = 0;
    } else if (cursor_ < end) {
        cursor_ += bytes;
    } else {
        farewell_sent_ += bytes;
    }
}

void Subscriber::wait_writable() {
    waiting_ = true;
    socket_.async_wait(asio::socket_base::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                           self->waiting_ = false;
                           if (error) return self->close();
                           self->flush();
                       });
}

void Subscriber::keep_alive(core::Timestamp now, core::Duration interval) {
    if (stage_ != Stage::receiving || waiting_ || behind() > 0 || control_.size() > 0) return;
    if (now - last_sent_ < interval) return;
    control_at_ = cursor_;
    append_heartbeat(control_, stream_->newest_event_seq + 1, now);
    flush();
}

void Subscriber::finish(GoodbyeReason reason) {
    if (stage_ != Stage::receiving) return;
    stage_ = Stage::leaving;
    end_ = stream_->ring.end();
    append_goodbye(farewell_, reason, stream_->newest_event_seq);
    flush();
}

void Subscriber::cut_off(GoodbyeReason reason) {
    if (stage_ != Stage::receiving) return;
    if (reason == GoodbyeReason::slow_consumer)
        GatewayCounters::add(stream_->counters.cut_off_total, 1);
    if (control_sent_ == 0) control_.clear();
    const std::uint64_t resumes_at = complete_line();
    stage_ = Stage::leaving;
    end_ = cursor_;
    append_goodbye(farewell_, reason, last_event_seq_before(resumes_at));
    limit_farewell();
    flush();
}

// Copies what is missing of the line in progress to the farewell. Returns where the next begins.
std::uint64_t Subscriber::complete_line() {
    const ByteRing& ring = stream_->ring;
    std::uint64_t at = cursor_;
    if (at == 0) return at;
    while (at < ring.end() && ring.at(at - 1) != '\n') farewell_.push_back(ring.at(at++));
    return at;
}

// The event_seq before that of the line at `offset`, which is read from the line itself.
std::uint64_t Subscriber::last_event_seq_before(std::uint64_t offset) const {
    constexpr std::string_view kMember = "\"event_seq\":";
    constexpr std::size_t kPrefixMax = 96;  // {"type":"<word>","event_seq":<20 digits>
    const ByteRing& ring = stream_->ring;
    std::array<char, kPrefixMax> text;
    std::size_t size = 0;
    while (size < kPrefixMax && offset + size < ring.end()) {
        text[size] = ring.at(offset + size);
        ++size;
    }
    const std::string_view line(text.data(), size);
    const std::size_t at = line.find(kMember);
    if (at == std::string_view::npos) return stream_->newest_event_seq;  // nothing was dropped
    std::uint64_t event_seq = 0;
    std::from_chars(line.data() + at + kMember.size(), line.data() + size, event_seq);
    return event_seq - 1;
}

// Everything is sent. Closing with bytes of the peer unread would reset the connection and could
// take the goodbye with it, so the peer closes first, or the time is up.
void Subscriber::linger() {
    stage_ = Stage::lingering;
    error_code ignored;  // the peer may be gone already, which is what we wait for
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    if (peer_done_) return close();
    limit_farewell();
}

void Subscriber::limit_farewell() {
    if (farewell_limited_) return;
    farewell_limited_ = true;
    farewell_timer_.expires_after(kFarewellLimit);
    farewell_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) self->close();
    });
}

void Subscriber::close() {
    if (closed()) return;
    stage_ = Stage::closed;
    if (counted_) GatewayCounters::add(stream_->counters.subscribers, ~std::uint64_t{0});
    error_code ignored;  // nothing is left to be done about it
    socket_.close(ignored);
    farewell_timer_.cancel();
    if (stream_->on_closed) stream_->on_closed();
}

void Subscriber::read() {
    if (closed() || peer_done_ || discarded_bytes_ > kDiscardBytesMax) return;
    socket_.async_read_some(
        asio::buffer(inbound_),
        [self = shared_from_this()](const error_code& error, std::size_t bytes) {
            if (error == asio::error::eof) {
                // It may have closed only its own side, as `nc -N` does: it goes on receiving.
                self->peer_done_ = true;
                if (self->stage_ == Stage::lingering) self->close();
                return;
            }
            if (error) return self->close();
            self->on_bytes(bytes);
            self->read();
        });
}

void Subscriber::on_bytes(std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        if (stage_ != Stage::receiving) {
            discarded_bytes_ += bytes - i;
            return;
        }
        if (inbound_[i] == '\n') {
            answer_line();
        } else if (++inbound_line_bytes_ > kLineBytesMax) {
            cut_off(GoodbyeReason::protocol_error);
        }
    }
}

void Subscriber::answer_line() {
    inbound_line_bytes_ = 0;
    if (++inbound_lines_ > kLinesMax) return cut_off(GoodbyeReason::protocol_error);
    if (control_.size() == 0) control_at_ = stream_->ring.end();
    append_error(control_, inbound_lines_, kLinesMax);
    flush();
}

}  // namespace margind::daemon
