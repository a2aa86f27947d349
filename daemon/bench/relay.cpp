#include "daemon/bench/relay.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "daemon/bench/population.hpp"
#include "daemon/clock.hpp"
#include "feeds/venue.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
// As in the daemon's own session: the type-erased default executor costs a little.
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;

// Nanoseconds since 1970 have 19 digits until the year 2286.
constexpr std::size_t kTimeDigits = 19;
const std::string kTimeMember = "\"exchange_time\":";

class Relay {
  public:
    Relay(const RelayOptions& options, const feeds::Venue& venue)
        : feed_(io_.get_executor()),
          bot_(io_.get_executor()),
          decoder_(venue.make_decoder()),
          batch_(std::make_unique<feeds::TickBatch>()),
          symbol_(options.symbol),
          line_(answer(options.line_bytes)),
          time_(line_.find(kTimeMember) + kTimeMember.size()) {
        buffer_.reserve(64 * 1024);
    }

    void run(const RelayOptions& options, const feeds::Venue& venue,
             const std::function<void(std::uint16_t)>& listening) {
        asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor(
            io_.get_executor(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        listening(acceptor.local_endpoint().port());
        connect(options, venue);
        acceptor.accept(bot_);
        bot_.set_option(tcp::no_delay(true));
        asio::write(bot_, asio::buffer(std::string("{\"type\":\"hello\"}\n")));
        read();
        while (!ended_) io_.poll();
    }

  private:
    // Looks to the bot like the event of the daemon that answers a tick; the time is filled in.
    static std::string answer(std::size_t bytes) {
        const std::string head =
            "{\"type\":\"relay\",\"account\":\"" + sentinel_name(0) + "\"," + kTimeMember;
        const std::string tail = std::string(kTimeDigits, '0') + ",\"pad\":\"";
        const std::string end = "\"}\n";
        const std::size_t fixed = head.size() + tail.size() + end.size();
        return head + tail + std::string(bytes > fixed ? bytes - fixed : 0, 'x') + end;
    }

    void connect(const RelayOptions& options, const feeds::Venue& venue) {
        feed_.next_layer().connect({asio::ip::address_v4::loopback(), options.feed_port});
        feed_.next_layer().set_option(tcp::no_delay(true));
        feed_.handshake("127.0.0.1", "/ws");
        std::vector<feeds::Topic> topics;
        topics.reserve(options.topics);
        for (std::size_t i = 0; i < options.topics; ++i) {
            topics.push_back(
                {.symbol = "T" + std::to_string(i), .channel = core::Channel::book_top});
        }
        for (const std::string& frame : venue.subscribe(topics, 1))
            feed_.write(asio::buffer(frame));
    }

    void read() {
        feed_.async_read(buffer_, [this](const error_code& error, std::size_t) {
            if (error || !on_message()) {
                ended_ = true;
                return;
            }
            buffer_.consume(buffer_.size());
            read();
        });
    }

    bool on_message() {
        const std::string_view message(static_cast<const char*>(buffer_.data().data()),
                                       buffer_.size());
        const feeds::DecodeResult result = decoder_->decode(message, clock_.now(), *batch_);
        if (result.verdict == feeds::Verdict::control) return true;  // an acknowledgement
        if (result.verdict != feeds::Verdict::decoded) return false;
        if ((*batch_)[0].symbol != symbol_) return true;  // the daemon has nothing to say either
        const std::int64_t time_ns = (*batch_)[0].exchange_time.ns();
        std::to_chars(line_.data() + time_, line_.data() + time_ + kTimeDigits, time_ns);
        const ssize_t sent = ::send(bot_.native_handle(), line_.data(), line_.size(), MSG_NOSIGNAL);
        return sent == static_cast<ssize_t>(line_.size());
    }

    asio::io_context io_{1};
    websocket::stream<Socket> feed_;
    Socket bot_;
    beast::flat_buffer buffer_;
    SystemClock clock_;
    const std::unique_ptr<feeds::Decoder> decoder_;
    const std::unique_ptr<feeds::TickBatch> batch_;
    const std::string symbol_;
    std::string line_;
    const std::size_t time_;  // where in the line
    bool ended_ = false;
};

}  // namespace

void run_relay(const RelayOptions& options, const std::function<void(std::uint16_t)>& listening) {
    const feeds::Venue* venue = feeds::find_venue(kBenchVenue);
    if (venue == nullptr) throw std::runtime_error("the benchmark's venue is unknown");
    Relay(options, *venue).run(options, *venue, listening);
}

}  // namespace margind::daemon
