#include "daemon/gateway/subscriber.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>

#include "core/assert.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Inbound: so many lines are answered, none longer than the read buffer; then the peer is cut off.
constexpr std::uint32_t kLinesMax = 16;
constexpr std::size_t kLineBytesMax = 1024;
// What a peer that is being cut off may still send while it has not read why.
constexpr std::size_t kDiscardBytesMax = 64 * 1024;
// {"type":"<word>","event_seq":
constexpr std::size_t kMemberAtMost = 48;
// A peer that catches up gets this much at once; then others have their turn.
constexpr std::size_t kFlushBytesMax = 256 * 1024;
constexpr std::chrono::seconds kFarewellLimit{1};
// Of events; where they are shorter the ring holds more than can be found in it.
constexpr std::size_t kLineBytesUsual = 256;

bool done(const TextBuffer& lines, std::size_t sent) {
    return sent == lines.size();
}

void append(TextBuffer& out, const TextBuffer& lines, std::size_t from = 0) {
    out.append(lines.data() + from, lines.data() + lines.size());
}

// The number of the event whose line, or whose line's beginning, this is; zero: it is of no event.
std::uint64_t event_seq_of(std::string_view line) {
    constexpr std::string_view kMember = "\"event_seq\":";
    const std::size_t at = line.find(kMember);
    std::uint64_t event_seq = 0;
    if (at == std::string_view::npos || at > kMemberAtMost) return 0;
    std::from_chars(line.data() + at + kMember.size(), line.data() + line.size(), event_seq);
    return event_seq;
}

}  // namespace

SharedStream::SharedStream(const config::EventListenerSettings& the_settings,
                           std::size_t line_bytes_max, feeds::Clock& the_clock,
                           std::string session_id, config::Durability promised,
                           EventHistory* the_history)
    : settings(the_settings),
      session(std::move(session_id)),
      durability(promised),
      ring(the_settings.subscriber_buffer_bytes + 3 * line_bytes_max),
      history(the_history),
      clock(the_clock),
      offsets_(ring.capacity() / kLineBytesUsual) {}

void SharedStream::append(std::uint64_t event_seq, std::string_view line) {
    MARGIND_ASSERT(newest_event_seq == 0 || event_seq == newest_event_seq + 1);
    if (newest_event_seq == 0) oldest_event_seq_ = event_seq;
    newest_event_seq = event_seq;
    offsets_[event_seq % offsets_.size()] = ring.end();
    ring.append(line);
    if (newest_event_seq - oldest_event_seq_ >= offsets_.size()) {
        oldest_event_seq_ = newest_event_seq - offsets_.size() + 1;
    }
}

std::optional<std::uint64_t> SharedStream::offset_of(std::uint64_t event_seq) const {
    if (event_seq == newest_event_seq + 1) return ring.end();
    if (event_seq < oldest_event_seq_ || event_seq > newest_event_seq) return std::nullopt;
    const std::uint64_t offset = offsets_[event_seq % offsets_.size()];
    if (ring.end() - offset > settings.subscriber_buffer_bytes) return std::nullopt;
    return offset;
}

Subscriber::Subscriber(asio::ip::tcp::socket socket, std::shared_ptr<SharedStream> stream)
    : socket_(std::move(socket)),
      farewell_timer_(socket_.get_executor()),
      stream_(std::move(stream)),
      cursor_(stream_->ring.end()),
      last_sent_(stream_->clock.now()) {
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
    for (std::size_t budget = kFlushBytesMax; budget > 0;) {
        const std::string_view piece = next_piece().substr(0, budget);
        if (piece.empty()) {
            if (stage_ != Stage::behind || reads_past_ || !join_or_read_on()) break;
            continue;
        }
        error_code error;
        const std::size_t bytes = socket_.send(asio::buffer(piece.data(), piece.size()), 0, error);
        if (error == asio::error::interrupted) continue;
        if (error == asio::error::would_block) return wait_writable();
        if (error) return close();
        sent(bytes);
        budget -= bytes;
    }
    // The budget may have ended with a block.
    if (stage_ == Stage::behind && !reads_past_ && next_piece().empty()) join_or_read_on();
    if (!next_piece().empty()) return wait_writable();
    if (stage_ == Stage::leaving) linger();
}

// What goes next: what was put in front, the connection's own lines at their place, the stream, the
// goodbye.
std::string_view Subscriber::next_piece() const {
    if (stage_ == Stage::lingering) return {};
    if (!done(front_, front_sent_)) {
        return std::string_view(front_.data(), front_.size()).substr(front_sent_);
    }
    if (stage_ == Stage::behind) return {};
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
    if (!done(front_, front_sent_)) {
        front_sent_ += bytes;
        return;
    }
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

void Subscriber::fall_behind() {
    if (stage_ != Stage::receiving) return;
    if (stream_->history == nullptr) return cut_off(GoodbyeReason::slow_consumer);
    GatewayCounters::add(stream_->counters.fell_behind_total, 1);
    fell_behind_ = true;
    stay_behind(event_seq_at(leave_stream()));
    flush();
}

// What was begun goes to the front, with lines of the connection that are due. Returns where the
// stream would have gone on.
std::uint64_t Subscriber::leave_stream() {
    std::uint64_t at = cursor_;
    const bool joined_just_now = !done(front_, front_sent_);
    if (!joined_just_now) {
        clear_front();
        if (control_.size() > 0 && control_at_ == cursor_) {
            front_continues_ = control_sent_ > 0;
            append(front_, control_, control_sent_);
        } else {
            at = complete_line(front_);
            front_continues_ = front_.size() > 0;
        }
    }
    control_.clear();
    control_sent_ = 0;
    return at;
}

void Subscriber::clear_front() {
    front_.clear();
    front_sent_ = 0;
    front_continues_ = false;
}

void Subscriber::stay_behind(std::uint64_t next_event_seq) {
    if (stage_ != Stage::behind) GatewayCounters::add(stream_->counters.behind, 1);
    leave_place();
    stage_ = Stage::behind;
    next_event_seq_ = next_event_seq;
    behind_since_ = stream_->clock.now();
}

void Subscriber::leave_past() {
    if (stage_ == Stage::behind) GatewayCounters::add(stream_->counters.behind, ~std::uint64_t{0});
    leave_place();
}

// What was asked for there is not waited for.
void Subscriber::leave_place() {
    if (place_ != nullptr) stream_->history->abandon(*place_);
    place_.reset();
    reads_past_ = false;
}

// Everything that was read of the past is sent: the stream goes on from here, or more is asked for.
// False: it takes time.
bool Subscriber::join_or_read_on() {
    clear_front();
    if (const auto offset = stream_->offset_of(next_event_seq_)) {
        leave_past();
        stage_ = Stage::receiving;
        fell_behind_ = false;
        answer_login();
        cursor_ = *offset;
        control_at_ = stream_->ring.end();
        append_caught_up(control_, stream_->newest_event_seq + 1);
        return true;
    }
    if (stream_->history == nullptr) {
        cut_off(GoodbyeReason::not_retained);
        return false;
    }
    if (place_ == nullptr) place_ = stream_->history->begin(next_event_seq_);
    reads_past_ = true;
    stream_->history->read(place_,
                           [weak = weak_from_this(), place = place_](EventHistory::Block block) {
                               if (const auto self = weak.lock()) self->take(place, block);
                           });
    return false;
}

void Subscriber::take(const std::shared_ptr<EventHistory::Place>& place,
                      const EventHistory::Block& block) {
    if (place != place_) return;  // of a place it has left
    reads_past_ = false;
    if (!block.problem.empty()) {
        spdlog::error("events: a subscriber cannot be told of the past: {}", block.problem);
        return cut_off(GoodbyeReason::history_unreadable);
    }
    if (block.gone_before > 0) return cut_off(GoodbyeReason::not_retained);
    // Nothing: the journal is about to write what is wanted; look_again() asks again.
    if (block.lines.size() == 0) return;
    answer_login();
    append(front_, block.lines);
    next_event_seq_ = block.next_event_seq;
    flush();
}

void Subscriber::answer_login() {
    if (!std::exchange(answers_login_, false)) return;
    append_login_accepted(front_, stream_->session, next_event_seq_);
}

void Subscriber::wait_writable() {
    if (waiting_ || closed()) return;
    waiting_ = true;
    socket_.async_wait(asio::socket_base::wait_write,
                       [self = shared_from_this()](const error_code& error) {
                           self->waiting_ = false;
                           if (error) return self->close();
                           self->flush();
                       });
}

void Subscriber::keep_alive(core::Timestamp now) {
    if (!talking()) return;
    const config::EventListenerSettings& settings = stream_->settings;
    const bool stalled = !next_piece().empty() && now - last_sent_ > settings.stalled_after;
    const bool late = fell_behind_ && now - behind_since_ > settings.catch_up_for;
    if (stalled || late) return cut_off(GoodbyeReason::slow_consumer);
    look_again();
    if (!talking() || waiting_ || !next_piece().empty()) return;
    if (now - last_sent_ < settings.heartbeat) return;
    if (stage_ == Stage::behind) {
        clear_front();
        append_heartbeat(front_, next_event_seq_, now);
    } else {
        control_at_ = cursor_;
        append_heartbeat(control_, stream_->newest_event_seq + 1, now);
    }
    flush();
}

void Subscriber::finish(GoodbyeReason reason) {
    if (!talking()) return;
    const bool was_behind = stage_ == Stage::behind;
    leave_past();
    stage_ = Stage::leaving;
    end_ = was_behind ? cursor_ : stream_->ring.end();
    append_goodbye(farewell_, reason, was_behind ? next_event_seq_ - 1 : stream_->newest_event_seq);
    flush();
}

void Subscriber::cut_off(GoodbyeReason reason) {
    if (!talking()) return;
    if (reason == GoodbyeReason::slow_consumer)
        GatewayCounters::add(stream_->counters.cut_off_total, 1);
    const bool was_behind = stage_ == Stage::behind;
    const std::uint64_t next = was_behind ? complete_front_line() : event_seq_at(leave_stream());
    leave_past();
    stage_ = Stage::leaving;
    end_ = cursor_;
    append_goodbye(farewell_, reason, next - 1);
    limit_farewell();
    flush();
}

// Copies what is missing of the line in progress. Returns where the next begins.
std::uint64_t Subscriber::complete_line(TextBuffer& out) const {
    const ByteRing& ring = stream_->ring;
    std::uint64_t at = cursor_;
    if (at == 0) return at;
    while (at < ring.end() && ring.at(at - 1) != '\n') out.push_back(ring.at(at++));
    return at;
}

// Drops what is in front behind the line in progress. Returns the number of the first event that is
// not sent.
std::uint64_t Subscriber::complete_front_line() {
    const std::string_view text(front_.data(), front_.size());
    const bool between = front_sent_ == 0 ? !front_continues_ : text[front_sent_ - 1] == '\n';
    std::size_t end = front_sent_;
    if (!between) end = std::min(text.find('\n', front_sent_), text.size() - 1) + 1;
    std::uint64_t next = 0;
    for (std::size_t at = end; at < text.size() && next == 0;) {
        const std::size_t line_end = std::min(text.find('\n', at), text.size() - 1) + 1;
        next = event_seq_of(text.substr(at, line_end - at));
        at = line_end;
    }
    front_.resize(end);
    // What was told before a login does not count.
    return next > 0 && !answers_login_ ? next : next_event_seq_;
}

// Of the line at `offset`, which is read from the line itself; the next one's at the end.
std::uint64_t Subscriber::event_seq_at(std::uint64_t offset) const {
    const ByteRing& ring = stream_->ring;
    std::array<char, kMemberAtMost + 36> text;  // and the number
    std::size_t size = 0;
    while (size < text.size() && offset + size < ring.end()) {
        text[size] = ring.at(offset + size);
        ++size;
    }
    const std::uint64_t event_seq = event_seq_of({text.data(), size});
    return event_seq > 0 ? event_seq : stream_->newest_event_seq + 1;
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
    leave_past();
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
        if (!talking()) {
            discarded_bytes_ += bytes - i;
            return;
        }
        if (inbound_[i] == '\n') {
            on_line();
            line_.clear();
        } else if (line_.size() == kLineBytesMax) {
            cut_off(GoodbyeReason::protocol_error);
        } else {
            line_.push_back(inbound_[i]);
        }
    }
}

void Subscriber::on_line() {
    Login login;
    std::string problem = parse_login(line_, login);
    if (problem.empty() && logged_in_) problem = "you are logged in";
    if (problem.empty()) return log_in(login);
    if (++inbound_lines_ > kLinesMax) return cut_off(GoodbyeReason::protocol_error);
    append_error(own_lines(), inbound_lines_, kLinesMax, problem);
    flush();
}

// Where a line of the connection goes that is to be sent now, and not in the middle of another.
TextBuffer& Subscriber::own_lines() {
    if (stage_ == Stage::behind) return front_;
    if (control_.size() == 0) control_at_ = stream_->ring.end();
    return control_;
}

void Subscriber::log_in(const Login& login) {
    logged_in_ = true;
    const std::uint64_t newest = stream_->newest_event_seq;
    if (!login.session.empty() && login.session != stream_->session) {
        return cut_off(GoodbyeReason::session_unknown);
    }
    const std::uint64_t next = login.next_event_seq.value_or(newest + 1);
    if (next > newest + 1) {
        spdlog::error(
            "events: a subscriber asks for event {}, the next one is {}: it was told of events "
            "that this journal does not have",
            next, newest + 1);
        return cut_off(GoodbyeReason::sequence_ahead);
    }
    if (login.next_event_seq) GatewayCounters::add(stream_->counters.resumed_total, 1);
    // What is told already of the present is told again in its turn.
    if (stage_ == Stage::receiving) leave_stream();
    answers_login_ = true;
    fell_behind_ = false;
    stay_behind(next);
    flush();
}

}  // namespace margind::daemon
