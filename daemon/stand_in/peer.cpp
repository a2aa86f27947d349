#include "daemon/stand_in/peer.hpp"

#include <deque>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

namespace margind::daemon::stand_in {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kRequestBytesMax = 1024 * 1024;
constexpr auto kHandshakeWithin = std::chrono::seconds(10);
constexpr auto kCloseWithin = std::chrono::seconds(1);

using TlsStream = asio::ssl::stream<tcp::socket>;

template <class Stream>
class PeerOn final : public Peer, public std::enable_shared_from_this<PeerOn<Stream>> {
    static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  public:
    template <class... StreamArguments>
    explicit PeerOn(StreamArguments&&... arguments)
        : stream_(std::forward<StreamArguments>(arguments)...), timer_(stream_.get_executor()) {}

    // Requires: once, before anything else.
    void start(Owner& owner) {
        owner_ = &owner;
        error_code ignored;
        socket().set_option(tcp::no_delay(true), ignored);
        arm_timer(kHandshakeWithin);
        if constexpr (kTls) {
            stream_.next_layer().async_handshake(
                asio::ssl::stream_base::server,
                [self = this->shared_from_this()](error_code error) {
                    error ? self->end() : self->read_upgrade();
                });
        } else {
            read_upgrade();
        }
    }

    std::string_view target() const override { return target_; }
    std::size_t queued_bytes() const override { return queued_bytes_; }

    void send(std::shared_ptr<const std::string> text) override {
        if (!open_ || closing_) return;
        queued_bytes_ += text->size();
        outgoing_.push_back(std::move(text));
        if (outgoing_.size() == 1) write_next();
    }

    void ping() override {
        if (!open_ || closing_ || pinging_) return;
        pinging_ = true;
        stream_.async_ping(
            {}, [self = this->shared_from_this()](error_code) { self->pinging_ = false; });
    }

    void close(std::string_view reason) override {
        if (!open_) return drop();
        if (closing_) return;
        closing_ = true;
        reason_ = websocket::close_reason(websocket::close_code::going_away,
                                          beast::string_view(reason.data(), reason.size()));
        if (outgoing_.empty()) send_close();
    }

    void drop() override {
        error_code ignored;
        // Zero linger: the client sees a reset, as when a machine in between dies.
        socket().set_option(asio::socket_base::linger(true, 0), ignored);
        socket().close(ignored);
        timer_.cancel();
    }

    void forget() override { owner_ = nullptr; }

  private:
    tcp::socket& socket() { return beast::get_lowest_layer(stream_); }

    void arm_timer(std::chrono::seconds within) {
        timer_.expires_after(within);
        timer_.async_wait([self = this->shared_from_this()](error_code cancelled) {
            if (!cancelled) self->drop();
        });
    }

    void end() {
        open_ = false;
        timer_.cancel();
        error_code ignored;
        socket().close(ignored);
        Owner* owner = std::exchange(owner_, nullptr);
        if (owner != nullptr) owner->on_gone(*this);
    }

    void read_upgrade() {
        auto request = std::make_shared<http::request<http::string_body>>();
        http::async_read(stream_.next_layer(), buffer_, *request,
                         [self = this->shared_from_this(), request](error_code error, std::size_t) {
                             error ? self->end() : self->accept(*request);
                         });
    }

    void accept(const http::request<http::string_body>& request) {
        target_ = std::string(request.target());
        buffer_.clear();
        stream_.read_message_max(kRequestBytesMax);
        stream_.control_callback([this](websocket::frame_type kind, beast::string_view) {
            if (kind == websocket::frame_type::pong && owner_ != nullptr) owner_->on_pong(*this);
        });
        stream_.async_accept(request, [self = this->shared_from_this()](error_code error) {
            if (error) return self->end();
            self->timer_.cancel();
            self->open_ = true;
            self->stream_.text(true);
            if (self->owner_ != nullptr) self->owner_->on_open(*self);
            self->read_next();
        });
    }

    void read_next() {
        stream_.async_read(buffer_, [self = this->shared_from_this()](error_code error,
                                                                      std::size_t) {
            if (error) return self->on_read_failed();
            const auto data = self->buffer_.data();
            if (self->owner_ != nullptr) {
                self->owner_->on_text(*self, {static_cast<const char*>(data.data()), data.size()});
            }
            self->buffer_.consume(self->buffer_.size());
            self->read_next();
        });
    }

    void on_read_failed() {
        if (!close_sent_) end();  // else the close operation ends it
    }

    void write_next() {
        stream_.async_write(asio::buffer(*outgoing_.front()),
                            [self = this->shared_from_this()](error_code error, std::size_t) {
                                self->on_written(error);
                            });
    }

    void on_written(error_code error) {
        if (error) {
            // The read fails as well and ends it; what is queued will never leave.
            outgoing_.clear();
            queued_bytes_ = 0;
            return drop();
        }
        queued_bytes_ -= outgoing_.front()->size();
        outgoing_.pop_front();
        if (!outgoing_.empty()) {
            write_next();
        } else if (closing_) {
            send_close();
        }
        if (owner_ != nullptr) owner_->on_sent(*this);
    }

    void send_close() {
        close_sent_ = true;
        arm_timer(kCloseWithin);
        stream_.async_close(reason_,
                            [self = this->shared_from_this()](error_code) { self->end(); });
    }

    websocket::stream<Stream> stream_;
    asio::steady_timer timer_;
    Owner* owner_ = nullptr;
    beast::flat_buffer buffer_;
    std::string target_;
    std::deque<std::shared_ptr<const std::string>> outgoing_;
    std::size_t queued_bytes_ = 0;
    websocket::close_reason reason_;
    bool open_ = false;
    bool pinging_ = false;
    bool closing_ = false;
    bool close_sent_ = false;
};

class TcpListener final : public Listener {
  public:
    TcpListener(asio::io_context& io, const ListenOptions& options, Owner& owner)
        : state_(std::make_shared<State>(io, owner)) {
        if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
            throw std::runtime_error("TLS needs both a certificate and a key");
        }
        if (!options.tls_certificate_file.empty()) load_tls(options);
        open(options);
        accept(state_);
    }
    ~TcpListener() override { close(); }

    std::uint16_t port() const override { return state_->acceptor.local_endpoint().port(); }
    void close() override {
        error_code ignored;
        state_->owner = nullptr;
        state_->acceptor.close(ignored);
    }

  private:
    // Shared with the pending accept.
    struct State {
        State(asio::io_context& io_context, Owner& listener_owner)
            : acceptor(io_context), pause(io_context), owner(&listener_owner) {}
        tcp::acceptor acceptor;
        asio::steady_timer pause;
        std::unique_ptr<asio::ssl::context> tls;
        Owner* owner;
    };

    void load_tls(const ListenOptions& options) {
        state_->tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
        error_code error;
        state_->tls->use_certificate_chain_file(options.tls_certificate_file, error);
        if (error) throw std::runtime_error(options.tls_certificate_file + ": " + error.message());
        state_->tls->use_private_key_file(options.tls_key_file, asio::ssl::context::pem, error);
        if (error) throw std::runtime_error(options.tls_key_file + ": " + error.message());
    }

    void open(const ListenOptions& options) {
        error_code error;
        const auto address = asio::ip::make_address(options.address, error);
        if (error) {
            throw std::runtime_error("\"" + options.address + "\" is not an IPv4 or IPv6 address");
        }
        const tcp::endpoint endpoint(address, options.port);
        tcp::acceptor& acceptor = state_->acceptor;
        acceptor.open(endpoint.protocol(), error);
        if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        if (error) {
            throw std::runtime_error("cannot listen on " + options.address + ":" +
                                     std::to_string(options.port) + ": " + error.message());
        }
    }

    static void accept(const std::shared_ptr<State>& state) {
        state->acceptor.async_accept([state](error_code error, tcp::socket socket) {
            if (state->owner == nullptr || error == asio::error::operation_aborted) return;
            // Out of descriptors, most likely: that takes a while to pass.
            if (error) return accept_later(state);
            state->tls ? adopt<TlsStream>(*state->owner, std::move(socket), *state->tls)
                       : adopt<tcp::socket>(*state->owner, std::move(socket));
            accept(state);
        });
    }

    static void accept_later(const std::shared_ptr<State>& state) {
        state->pause.expires_after(std::chrono::milliseconds(100));
        state->pause.async_wait([state](error_code) {
            if (state->owner != nullptr) accept(state);
        });
    }

    template <class Stream, class... StreamArguments>
    static void adopt(Owner& owner, StreamArguments&&... arguments) {
        auto peer = std::make_shared<PeerOn<Stream>>(std::forward<StreamArguments>(arguments)...);
        Peer::Owner& peer_owner = owner.on_accept(peer);
        peer->start(peer_owner);
    }

    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Listener> listen(asio::io_context& io, const ListenOptions& options,
                                 Listener::Owner& owner) {
    return std::make_unique<TcpListener>(io, options, owner);
}

}  // namespace margind::daemon::stand_in
