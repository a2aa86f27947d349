#include "feeds/websocket.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "feeds/handler_memory.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

class TlsContext {
  public:
    asio::ssl::context context{asio::ssl::context::tls_client};
};

std::shared_ptr<TlsContext> make_tls_context(const std::string& ca_file) {
    auto tls = std::make_shared<TlsContext>();
    asio::ssl::context& context = tls->context;
    context.set_verify_mode(asio::ssl::verify_peer);
    error_code error;
    if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) != 1) {
        throw std::invalid_argument("this OpenSSL cannot be limited to TLS 1.2 and newer");
    }
    if (ca_file.empty()) {
        context.set_default_verify_paths(error);
        if (error) throw std::invalid_argument("the system's certificates: " + error.message());
    } else {
        context.load_verify_file(ca_file, error);
        if (error) {
            throw std::invalid_argument("ca_file " + ca_file + ": " + error.message() +
                                        "; name a readable file of PEM certificates");
        }
    }
    return tls;
}

namespace {

using Executor = asio::io_context::executor_type;
// With the io_context's own executor: the type-erased default would allocate now and then.
using Socket = asio::basic_stream_socket<tcp, Executor>;
using TlsStream = asio::ssl::stream<Socket>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Resolver = asio::ip::basic_resolver<tcp, Executor>;

constexpr auto kCloseWithin = std::chrono::seconds(1);
constexpr std::size_t kBufferBytesFirst = 64 * 1024;
constexpr std::size_t kOutgoingMax = 4096;  // messages; a venue's subscriptions are a handful

std::string http_refusal(unsigned status) {
    std::string what = "the venue answered the websocket request with HTTP ";
    what += std::to_string(status);
    if (status == 401 || status == 403) return what + "; check the key and what it allows";
    if (status == 404) return what + "; check the path of the url";
    if (status == 429) return what + ": too many connections or requests; the back-off slows down";
    if (status >= 300 && status < 400) return what + ": it moved; use the new address";
    return what;
}

template <class Stream>
class BasicWebsocket final : public Websocket,
                             public std::enable_shared_from_this<BasicWebsocket<Stream>> {
    static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;
    enum class Phase : std::uint8_t { idle, opening, open, closing, ended };

  public:
    template <class... StreamArguments>
    BasicWebsocket(asio::io_context& io, WebsocketOptions options, Handler& handler,
                   StreamArguments&&... arguments)
        : options_(std::move(options)),
          handler_(&handler),
          resolver_(io.get_executor()),
          close_timer_(io.get_executor()),
          stream_(std::forward<StreamArguments>(arguments)...) {
        buffer_.reserve(kBufferBytesFirst);
    }

    void open() override {
        phase_ = Phase::opening;
        error_code not_numeric;
        const auto address = asio::ip::make_address(options_.url.host, not_numeric);
        if (!not_numeric) {
            endpoints_ = {tcp::endpoint(address, options_.url.port)};
            return connect();
        }
        resolver_.async_resolve(options_.url.host, std::to_string(options_.url.port),
                                [self = this->shared_from_this()](
                                    error_code error, const tcp::resolver::results_type& results) {
                                    self->on_resolved(error, results);
                                });
    }

    void read_next() override {
        if (phase_ != Phase::open) return;
        buffer_.consume(buffer_.size());
        stream_.async_read(buffer_, handled([](auto& self, error_code error, std::size_t) {
                               self.on_read(error);
                           }));
    }

    void send(std::string text) override {
        if (phase_ != Phase::open || outgoing_.size() >= kOutgoingMax) return;
        outgoing_.push_back(std::move(text));
        if (outgoing_.size() == 1) write_next();
    }

    void ping() override {
        if (phase_ != Phase::open || pinging_) return;
        pinging_ = true;
        // A failed ping shows in the read, which is always pending or about to be.
        stream_.async_ping({}, handled([](auto& self, error_code) { self.pinging_ = false; }));
    }

    void close() override {
        if (phase_ == Phase::closing || phase_ == Phase::ended) return;
        const Phase before = std::exchange(phase_, Phase::closing);
        if (before != Phase::open) {
            shut();
            asio::post(stream_.get_executor(),
                       [self = this->shared_from_this()] { self->end(End::closed_by_us, {}); });
            return;
        }
        close_timer_.expires_after(kCloseWithin);
        close_timer_.async_wait([self = this->shared_from_this()](error_code error) {
            if (!error) self->shut();
        });
        stream_.async_close(websocket::close_code::normal, handled([](auto& self, error_code) {
                                self.end(End::closed_by_us, {});
                            }));
    }

    void dismiss() override {
        handler_ = nullptr;
        close();
    }

  private:
    // A completion handler that keeps this alive and takes its memory from `memory_`.
    template <class F>
    auto handled(F f) {
        return asio::bind_allocator(
            HandlerAllocator<char>(memory_),
            [self = this->shared_from_this(), f](auto... arguments) { f(*self, arguments...); });
    }

    Socket& socket() { return beast::get_lowest_layer(stream_); }

    void shut() {
        error_code ignored;
        resolver_.cancel();
        socket().close(ignored);
    }

    void end(End end, const std::string& what) {
        if (phase_ == Phase::ended) return;
        phase_ = Phase::ended;
        close_timer_.cancel();
        shut();
        Handler* handler = std::exchange(handler_, nullptr);
        if (handler != nullptr) handler->on_end(end, what);
    }

    // Of a step of opening. True: go on.
    bool went_well(error_code error, const char* step) {
        if (phase_ != Phase::opening) return false;  // closed meanwhile
        if (!error) return true;
        end(End::connect_failed, std::string(step) + ": " + error.message());
        return false;
    }

    void on_resolved(error_code error, const tcp::resolver::results_type& results) {
        if (!went_well(error, ("looking up " + options_.url.host).c_str())) return;
        for (const auto& result : results) endpoints_.push_back(result.endpoint());
        if (endpoints_.empty()) return end(End::connect_failed, "no address for the host");
        // Another address first each time: one that swallows packets costs one attempt, not all.
        const auto shift = static_cast<std::ptrdiff_t>(options_.attempt % endpoints_.size());
        std::rotate(endpoints_.begin(), endpoints_.begin() + shift, endpoints_.end());
        connect();
    }

    void connect() {
        asio::async_connect(
            socket(), endpoints_,
            [self = this->shared_from_this()](error_code error, const tcp::endpoint&) {
                self->on_connected(error);
            });
    }

    void on_connected(error_code error) {
        const std::string where = "connecting to " + options_.url.host_header();
        if (!went_well(error, where.c_str())) return;
        error_code ignored;
        socket().set_option(tcp::no_delay(true), ignored);
        if constexpr (kTls) {
            if (!prepare_tls()) return end(End::connect_failed, "TLS cannot be set up");
            stream_.next_layer().async_handshake(
                asio::ssl::stream_base::client,
                [self = this->shared_from_this()](error_code tls_error) {
                    self->on_tls_handshake(tls_error);
                });
        } else {
            request_upgrade();
        }
    }

    // The name for the server (SNI), and the name that its certificate must carry.
    bool prepare_tls() {
        if constexpr (kTls) {
            SSL* ssl = stream_.next_layer().native_handle();
            X509_VERIFY_PARAM* verify = SSL_get0_param(ssl);
            const std::string& host = options_.url.host;
            error_code not_numeric;
            asio::ip::make_address(host, not_numeric);
            if (!not_numeric) return X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1;
            X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            // SSL_set_tlsext_host_name() as a macro holds a C cast.
            return X509_VERIFY_PARAM_set1_host(verify, host.c_str(), host.size()) == 1 &&
                   SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                            const_cast<char*>(host.c_str())) == 1;
        }
        return true;
    }

    void on_tls_handshake(error_code error) {
        if constexpr (kTls) {
            const long verified = SSL_get_verify_result(stream_.next_layer().native_handle());
            if (error && verified != X509_V_OK && phase_ == Phase::opening) {
                return end(End::connect_failed,
                           std::string("the certificate of ") + options_.url.host +
                               " is not accepted: " + X509_verify_cert_error_string(verified));
            }
        }
        if (went_well(error, "TLS handshake")) request_upgrade();
    }

    void request_upgrade() {
        stream_.read_message_max(options_.message_bytes_max);
        stream_.set_option(websocket::stream_base::decorator(
            [name = options_.header_name,
             value = options_.header_value](websocket::request_type& request) {
                request.set(beast::http::field::user_agent, "margind");
                if (!name.empty()) request.set(name, value);
            }));
        stream_.control_callback([this](websocket::frame_type kind, beast::string_view) {
            if (kind != websocket::frame_type::close && handler_ != nullptr) {
                handler_->on_control_frame();
            }
        });
        stream_.async_handshake(
            response_, options_.url.host_header(), options_.url.target,
            [self = this->shared_from_this()](error_code error) { self->on_upgraded(error); });
    }

    void on_upgraded(error_code error) {
        if (error == websocket::error::upgrade_declined && phase_ == Phase::opening) {
            return end(End::connect_failed, http_refusal(response_.result_int()));
        }
        if (!went_well(error, "websocket handshake")) return;
        phase_ = Phase::open;
        stream_.text(true);
        handler_->on_open();
    }

    void on_read(error_code error) {
        if (phase_ != Phase::open) return;  // a close is under way and ends it
        if (error) return on_read_error(error);
        // Readable zeros after the message, as the decoders want them. Grows the buffer at most
        // once for each message larger than any before.
        const auto padding = buffer_.prepare(Decoder::kPadding);
        std::memset(padding.data(), 0, Decoder::kPadding);
        const auto message = buffer_.data();
        handler_->on_message({static_cast<const char*>(message.data()), message.size()});
    }

    void on_read_error(error_code error) {
        if (error == websocket::error::closed) {
            const websocket::close_reason& reason = stream_.reason();
            std::string what = "the venue closed the connection";
            if (reason.code != websocket::close_code::none) {
                what += " with code " + std::to_string(static_cast<unsigned>(reason.code));
            }
            if (!reason.reason.empty()) what += ": " + std::string(reason.reason.c_str());
            return end(End::closed_by_peer, what);
        }
        if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
            return end(End::closed_by_peer, "the venue ended the connection without a close frame");
        }
        if (error == websocket::error::message_too_big ||
            error == websocket::error::buffer_overflow) {
            return end(End::network_error, "the venue sent a message of more than " +
                                               std::to_string(options_.message_bytes_max) +
                                               " bytes");
        }
        end(End::network_error, "reading: " + error.message());
    }

    void write_next() {
        stream_.async_write(
            asio::buffer(outgoing_.front()),
            handled([](auto& self, error_code error, std::size_t) { self.on_written(error); }));
    }

    void on_written(error_code error) {
        if (phase_ != Phase::open) return;
        if (error) return end(End::network_error, "writing: " + error.message());
        outgoing_.pop_front();
        if (!outgoing_.empty()) write_next();
    }

    HandlerMemory memory_;  // first: the operations of what follows live in it
    const WebsocketOptions options_;
    Handler* handler_;
    Resolver resolver_;
    Timer close_timer_;
    std::vector<tcp::endpoint> endpoints_;
    websocket::stream<Stream> stream_;
    websocket::response_type response_;
    beast::flat_buffer buffer_;
    std::deque<std::string> outgoing_;
    Phase phase_ = Phase::idle;
    bool pinging_ = false;
};

}  // namespace

std::shared_ptr<Websocket> make_websocket(asio::io_context& io, WebsocketOptions options,
                                          Websocket::Handler& handler) {
    if (options.url.encryption == Encryption::tls) {
        asio::ssl::context& context = options.tls->context;
        return std::make_shared<BasicWebsocket<TlsStream>>(io, std::move(options), handler,
                                                           io.get_executor(), context);
    }
    return std::make_shared<BasicWebsocket<Socket>>(io, std::move(options), handler,
                                                    io.get_executor());
}

}  // namespace margind::feeds
