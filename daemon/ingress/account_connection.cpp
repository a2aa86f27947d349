#include "daemon/ingress/account_connection.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kLineBytesMax = AccountLines::kLineBytesMax;
// Answers that the peer has not taken; beyond it no line of its is read.
constexpr std::size_t kUnsentBytesMax = 256 * 1024;
// Lines taken at once; then events and others have their turn. About 100 us.
constexpr int kLinesPerTurn = 32;
// To send the first line of a source, and to take answers.
constexpr core::Duration kFirstLineWithin = core::Duration::from_seconds(60);
constexpr core::Duration kTakenWithin = core::Duration::from_seconds(30);
constexpr std::chrono::seconds kFarewellLimit{1};

// So that a peer whose machine is gone is noticed within a minute.
void keep_alive(asio::ip::tcp::socket& socket) {
    using asio::detail::socket_option::integer;
    error_code ignored;  // a socket that refuses options fails at its first send
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    socket.set_option(integer<IPPROTO_TCP, TCP_KEEPIDLE>(30), ignored);
    socket.set_option(integer<IPPROTO_TCP, TCP_KEEPINTVL>(10), ignored);
    socket.set_option(integer<IPPROTO_TCP, TCP_KEEPCNT>(3), ignored);
}

}  // namespace

AccountConnection::AccountConnection(asio::ip::tcp::socket socket, ConnectionNumber number,
                                     ConnectionOwner& owner, feeds::Clock& clock)
    : number_(number),
      owner_(owner),
      clock_(clock),
      socket_(std::move(socket)),
      farewell_timer_(socket_.get_executor()),
      connected_at_(clock.now()),
      sent_at_(connected_at_),
      inbound_(2 * kLineBytesMax) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    keep_alive(socket_);
}

void AccountConnection::start() {
    admitted_ = true;
    flush();
    read();
}

void AccountConnection::refuse(LeaveReason reason) {
    leave(reason);
}

void AccountConnection::read() {
    if (reading_ || peer_done_ || closed()) return;
    // One that leaves is read on, so that what it still sends does not reset the connection.
    if (stage_ == Stage::talking && (waits_ || stopped_)) return;
    if (stage_ != Stage::talking) begin_ = end_ = 0;
    make_room();
    reading_ = true;
    socket_.async_read_some(
        asio::buffer(inbound_.data() + end_, inbound_.size() - end_),
        [self = shared_from_this()](const error_code& error, std::size_t bytes) {
            self->reading_ = false;
            if (self->closed()) return;
            if (error == asio::error::eof) {
                self->peer_done_ = true;
                if (self->stage_ == Stage::lingering) return self->close();
                return self->leave_when_done();
            }
            if (error) return self->close();
            self->on_read(bytes);
        });
}

void AccountConnection::make_room() {
    if (begin_ == 0) return;
    std::memmove(inbound_.data(), inbound_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
}

void AccountConnection::on_read(std::size_t bytes) {
    end_ += bytes;
    if (stage_ == Stage::talking) return take_lines();
    read();
}

void AccountConnection::take_lines() {
    for (int lines = 0; stage_ == Stage::talking && !stopped_; ++lines) {
        const std::string_view rest(inbound_.data() + begin_, end_ - begin_);
        const std::size_t length = rest.find('\n');
        if (std::min(length, rest.size()) > kLineBytesMax) {
            return leave(LeaveReason::line_too_long);
        }
        if (length == std::string_view::npos) break;
        if (lines == kLinesPerTurn) {
            asio::post(socket_.get_executor(), [self = shared_from_this()] { self->take_lines(); });
            return flush();
        }
        if (unsent() > kUnsentBytesMax || !take_line(rest.substr(0, length))) {
            waits_ = stage_ == Stage::talking;
            break;
        }
        begin_ += length + 1;
    }
    flush();
    leave_when_done();
    read();
}

// False when it has to wait, or the connection leaves.
bool AccountConnection::take_line(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return true;
    switch (owner_.take(*this, line)) {
        case UpdateDesk::Taken::yes:
            has_source_ = true;
            ++unanswered_;
            return true;
        case UpdateDesk::Taken::answered:
            return true;
        case UpdateDesk::Taken::wait:
            return false;
        case UpdateDesk::Taken::leave:
            leave(LeaveReason::taken_over);
            return false;
    }
    return false;
}

void AccountConnection::resume() {
    if (!waits()) return;
    waits_ = false;
    take_lines();
}

// The peer has closed its side, as `nc -N` does: it gets the answers that are under way.
void AccountConnection::leave_when_done() {
    if (!peer_done_ || waits_ || stage_ != Stage::talking) return;
    const bool more = std::find(inbound_.begin() + static_cast<std::ptrdiff_t>(begin_),
                                inbound_.begin() + static_cast<std::ptrdiff_t>(end_),
                                '\n') != inbound_.begin() + static_cast<std::ptrdiff_t>(end_);
    if (!more && unanswered_ == 0 && unsent() == 0) close();
}

// A peer that never reads everything would keep all that it ever read.
void AccountConnection::forget_sent() {
    constexpr std::size_t kWorthMoving = 64 * 1024;
    if (sent_ < kWorthMoving) return;
    std::memmove(outbound_.data(), outbound_.data() + sent_, unsent());
    outbound_.resize(unsent());
    sent_ = 0;
}

void AccountConnection::flush() {
    if (waiting_writable_ || closed() || stage_ == Stage::lingering) return;
    while (unsent() > 0) {
        error_code error;
        const std::size_t bytes =
            socket_.send(asio::buffer(outbound_.data() + sent_, unsent()), 0, error);
        if (error == asio::error::interrupted) continue;
        if (error == asio::error::would_block) {
            forget_sent();
            return wait_writable();
        }
        if (error) return close();
        sent_ += bytes;
        sent_at_ = clock_.now();
    }
    outbound_.clear();
    sent_ = 0;
    if (stage_ == Stage::leaving) return linger();
    leave_when_done();
}

void AccountConnection::wait_writable() {
    waiting_writable_ = true;
    socket_.async_wait(asio::socket_base::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                           self->waiting_writable_ = false;
                           if (self->closed()) return;
                           if (error) return self->close();
                           self->flush();
                       });
}

void AccountConnection::leave(LeaveReason reason) {
    if (stage_ != Stage::talking) return;
    stage_ = Stage::leaving;
    append_leave(outbound_, reason);
    flush();
    if (!closed()) read();
}

void AccountConnection::linger() {
    stage_ = Stage::lingering;
    error_code ignored;  // the peer may be gone already, which is what we wait for
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    if (peer_done_) return close();
    limit_farewell();
}

void AccountConnection::limit_farewell() {
    if (farewell_limited_) return;
    farewell_limited_ = true;
    farewell_timer_.expires_after(kFarewellLimit);
    farewell_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) self->close();
    });
}

void AccountConnection::check(core::Timestamp now) {
    if (stage_ == Stage::talking && !has_source_ && now - connected_at_ >= kFirstLineWithin) {
        return leave(LeaveReason::no_source);
    }
    if (unsent() > 0 && now - sent_at_ >= kTakenWithin) close();
    if (unsent() == 0) sent_at_ = now;
}

void AccountConnection::close() {
    if (closed()) return;
    stage_ = Stage::closed;
    error_code ignored;  // nothing is left to be done about it
    socket_.close(ignored);
    farewell_timer_.cancel();
    owner_.closed(*this);
}

}  // namespace margind::daemon
