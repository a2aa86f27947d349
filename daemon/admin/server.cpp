// The admin server's sockets: HTTP/1.1 over Beast, everything bounded in size, number and time.
#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "daemon/admin/account_desk.hpp"
#include "daemon/admin/admin.hpp"
#include "daemon/admin/pages.hpp"
#include "daemon/admin/target.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
constexpr std::uint64_t kBodyBytesMax =
    1024;  // of a GET: allowed by the protocol, read and ignored

std::chrono::nanoseconds to_chrono(core::Duration d) {
    return std::chrono::nanoseconds(d.ns());
}

// The status of the answer to a request that could not be read; zero: none, just close.
int status_of(const error_code& error) {
    if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
    if (error == http::error::body_limit) return 413;
    if (error == http::error::end_of_stream || error == http::error::partial_message) return 0;
    return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : 0;
}

}  // namespace

class AdminServer::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    Implementation(asio::io_context& io, const config::Settings& settings, feeds::Clock& clock,
                   AdminSources sources, AdminLimits limits);

    void listen();
    void accept();
    void stop();
    std::uint16_t port() const { return port_; }
    asio::any_io_executor executor() { return acceptor_.get_executor(); }

  private:
    class Connection;
    using Answered = std::function<void(const Page&)>;

    void admit(tcp::socket socket);
    bool make_room();
    void leave(const Connection& connection);
    void answer(std::string_view target, Answered answered);
    void answer_account(const Target& target, Answered answered);
    Page page_of(Endpoint endpoint);

    const config::Settings& settings_;
    feeds::Clock& clock_;
    const AdminSources sources_;
    const AdminLimits limits_;
    const core::Timestamp listening_since_;
    tcp::acceptor acceptor_;
    asio::steady_timer accept_pause_;
    asio::steady_timer query_timer_;
    AccountDesk desk_;
    AdminStatistics statistics_;
    std::vector<std::shared_ptr<Connection>> connections_;  // order of arrival
    std::uint16_t port_ = 0;
    bool stopped_ = false;
};

// One client. Reads a request, answers it, reads the next: never both at once.
class AdminServer::Implementation::Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<Implementation> server, tcp::socket socket)
        : server_(std::move(server)), stream_(std::move(socket)) {}

    void read();
    void close();
    bool idle() const { return idle_; }
    core::Timestamp idle_since() const { return idle_since_; }

  private:
    void on_request(const error_code& error);
    void respond(const Page& page);
    void on_responded(const error_code& error, bool keep_alive);
    void failed(const error_code& error);

    const std::shared_ptr<Implementation> server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{kHeaderBytesMax + kBodyBytesMax};
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::optional<http::response_serializer<http::string_body>> serializer_;
    bool idle_ = true;  // waiting for a request, or the rest of one
    core::Timestamp idle_since_;
};

void AdminServer::Implementation::Connection::read() {
    idle_ = true;
    idle_since_ = server_->clock_.now();
    parser_.emplace();
    parser_->header_limit(kHeaderBytesMax);
    parser_->body_limit(kBodyBytesMax);
    // Once for the whole request: sending it byte by byte does not extend it.
    stream_.expires_after(to_chrono(server_->limits_.idle_timeout));
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& error, std::size_t) {
                         self->on_request(error);
                     });
}

void AdminServer::Implementation::Connection::on_request(const error_code& error) {
    if (server_->stopped_) return close();
    idle_ = false;
    if (error) return failed(error);
    const auto& request = parser_->get();
    ++server_->statistics_.requests_total;
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
        return respond(error_page(405, "only GET and HEAD: nothing here can be changed"));
    }
    const std::string_view target(request.target().data(), request.target().size());
    server_->answer(target, [self = shared_from_this()](const Page& page) { self->respond(page); });
}

void AdminServer::Implementation::Connection::failed(const error_code& error) {
    if (error == beast::error::timeout) ++server_->statistics_.timeouts_total;
    const int status = status_of(error);
    if (status == 0) return close();
    respond(error_page(status, fmt::format("request not understood: {}; headers may have {} bytes, "
                                           "a body {}",
                                           error.message(), kHeaderBytesMax, kBodyBytesMax)));
}

void AdminServer::Implementation::Connection::respond(const Page& page) {
    if (page.status >= 400) ++server_->statistics_.errors_total;
    // A request that was not read to its end leaves nothing to go on from.
    const bool keep_alive = parser_->is_done() && parser_->get().keep_alive();
    const bool head = parser_->is_done() && parser_->get().method() == http::verb::head;
    response_ = {};
    response_.version(11);
    response_.result(static_cast<unsigned>(page.status));
    response_.set(http::field::content_type,
                  beast::string_view(page.content_type.data(), page.content_type.size()));
    response_.set(http::field::cache_control, "no-store");
    if (page.status == 405) response_.set(http::field::allow, "GET, HEAD");
    if (page.retry_after_seconds > 0) {
        response_.set(http::field::retry_after, std::to_string(page.retry_after_seconds));
    }
    response_.keep_alive(keep_alive);
    response_.body() = page.body;
    response_.body() += '\n';
    response_.prepare_payload();
    stream_.expires_after(to_chrono(server_->limits_.idle_timeout));
    serializer_.emplace(response_);
    auto done = [self = shared_from_this(), keep_alive](const error_code& error, std::size_t) {
        self->on_responded(error, keep_alive);
    };
    if (head) {
        http::async_write_header(stream_, *serializer_, std::move(done));
    } else {
        http::async_write(stream_, *serializer_, std::move(done));
    }
}

void AdminServer::Implementation::Connection::on_responded(const error_code& error,
                                                           bool keep_alive) {
    if (error == beast::error::timeout) ++server_->statistics_.timeouts_total;
    if (error || !keep_alive || server_->stopped_) return close();
    read();
}

void AdminServer::Implementation::Connection::close() {
    const auto self = shared_from_this();  // the server may hold the last other reference
    error_code ignored;                    // the peer may be gone already
    // Its FIN goes ahead of the reset that unread bytes would cause, so the answer arrives whole.
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
    server_->leave(*this);
}

AdminServer::Implementation::Implementation(asio::io_context& io, const config::Settings& settings,
                                            feeds::Clock& clock, AdminSources sources,
                                            AdminLimits limits)
    : settings_(settings),
      clock_(clock),
      sources_(std::move(sources)),
      limits_(limits),
      listening_since_(clock.now()),
      acceptor_(io),
      accept_pause_(io),
      query_timer_(io),
      desk_(settings.risk, clock, sources_.ask) {}

void AdminServer::Implementation::listen() {
    const config::AdminSettings& admin = settings_.admin;
    error_code error;
    const asio::ip::address address = asio::ip::make_address(admin.address, error);
    const tcp::endpoint endpoint(address, admin.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) {
        throw std::system_error(std::error_code(error), fmt::format("admin: cannot listen on {}:{}",
                                                                    admin.address, admin.port));
    }
    port_ = acceptor_.local_endpoint().port();
}

void AdminServer::Implementation::accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (self->stopped_) return;
            if (!error) {
                self->admit(std::move(socket));
                return self->accept();
            }
            // Out of file descriptors, most likely: trying again at once would spin.
            self->accept_pause_.expires_after(std::chrono::milliseconds(100));
            self->accept_pause_.async_wait([self](const error_code& cancelled) {
                if (!cancelled && !self->stopped_) self->accept();
            });
        });
}

void AdminServer::Implementation::admit(tcp::socket socket) {
    if (connections_.size() >= limits_.connections_max && !make_room()) {
        ++statistics_.refused_total;
        return;  // closes it
    }
    ++statistics_.connections_total;
    connections_.push_back(std::make_shared<Connection>(shared_from_this(), std::move(socket)));
    connections_.back()->read();
}

// A monitor must get in even when somebody keeps idle connections open.
bool AdminServer::Implementation::make_room() {
    std::shared_ptr<Connection> longest_idle;
    for (const std::shared_ptr<Connection>& connection : connections_) {
        if (!connection->idle()) continue;
        if (!longest_idle || connection->idle_since() < longest_idle->idle_since()) {
            longest_idle = connection;
        }
    }
    if (!longest_idle) return false;
    ++statistics_.evicted_total;
    longest_idle->close();
    return true;
}

void AdminServer::Implementation::leave(const Connection& connection) {
    std::erase_if(connections_, [&](const auto& other) { return other.get() == &connection; });
}

void AdminServer::Implementation::answer(std::string_view text, Answered answered) {
    const Target target = parse_target(text);
    if (target.error_status != 0) return answered(error_page(target.error_status, target.error));
    if (target.endpoint == Endpoint::worst_accounts || target.endpoint == Endpoint::one_account) {
        return answer_account(target, std::move(answered));
    }
    answered(page_of(target.endpoint));
}

void AdminServer::Implementation::answer_account(const Target& target, Answered answered) {
    if (!desk_.request(target, std::move(answered))) return;
    query_timer_.expires_after(to_chrono(limits_.query_timeout));
    query_timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled) self->desk_.give_up();
    });
}

Page AdminServer::Implementation::page_of(Endpoint endpoint) {
    if (endpoint == Endpoint::index) return index_page();
    const std::vector<feeds::FeedStatistics> feeds = sources_.feeds();
    statistics_.connections = connections_.size();
    const Snapshot snapshot{
        .settings = settings_,
        .engine = sources_.engine(),
        .feeds = feeds,
        .gateway = sources_.gateway(),
        .accounts = sources_.accounts ? sources_.accounts() : AccountStreamStatistics{},
        .admin = statistics_,
        .journal = sources_.journal ? sources_.journal() : nullptr,
        .shadow = sources_.shadow ? sources_.shadow() : nullptr,
        .state = sources_.state(),
        .started = sources_.started,
        .listening_since = listening_since_,
        .now = clock_.now()};
    switch (endpoint) {
        case Endpoint::metrics:
            return metrics_page(snapshot);
        case Endpoint::livez:
            return liveness_page(snapshot);
        case Endpoint::readyz:
            return readiness_page(snapshot);
        case Endpoint::status:
            return status_page(snapshot);
        case Endpoint::index:
        case Endpoint::worst_accounts:
        case Endpoint::one_account:
            break;
    }
    return error_page(404, "no such page");
}

void AdminServer::Implementation::stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    query_timer_.cancel();
    desk_.give_up();
    while (!connections_.empty()) connections_.back()->close();
}

AdminServer::AdminServer(asio::io_context& io, const config::Settings& settings,
                         feeds::Clock& clock, AdminSources sources, AdminLimits limits)
    : implementation_(
          std::make_shared<Implementation>(io, settings, clock, std::move(sources), limits)) {
    implementation_->listen();
    asio::post(io, [implementation = implementation_] { implementation->accept(); });
}

AdminServer::~AdminServer() {
    stop();
}

std::uint16_t AdminServer::port() const {
    return implementation_->port();
}

void AdminServer::stop() {
    asio::post(implementation_->executor(),
               [implementation = implementation_] { implementation->stop(); });
}

}  // namespace margind::daemon
