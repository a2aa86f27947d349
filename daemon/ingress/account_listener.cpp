#include "daemon/ingress/account_listener.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/assert.hpp"
#include "daemon/ingress/account_connection.hpp"
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
// How often connections are looked at that are silent, or do not read.
constexpr std::chrono::seconds kCheckEvery{1};

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

}  // namespace

class AccountListener::Implementation : public std::enable_shared_from_this<Implementation>,
                                        private ConnectionOwner,
                                        private AnswerOutlet {
  public:
    Implementation(asio::io_context& io, const config::AccountListenerSettings& settings,
                   const UpdateLinks& links, feeds::Clock& clock, std::string session_id,
                   std::span<const std::uint64_t> taken);

    void start();
    void stop();
    std::uint16_t port() const { return port_; }
    int work();
    bool watching() const;
    bool has_work() const { return desk_.has_work(); }
    void stop_reading();
    void drain(core::Duration timeout, std::function<void()> done);
    AccountStreamStatistics statistics() const;

  private:
    using Connection = std::shared_ptr<AccountConnection>;

    UpdateDesk::Taken take(AccountConnection& connection, std::string_view line) override;
    void closed(AccountConnection& connection) override;
    TextBuffer* answers_of(ConnectionNumber number) override;
    void answered(ConnectionNumber number) override;
    void taken_over(ConnectionNumber number) override;

    AccountConnection* find(ConnectionNumber number) const;
    void accept();
    void admit(tcp::socket socket);
    void check();
    void sweep();
    void leave_all(LeaveReason reason);
    void finish_drain();

    asio::io_context& io_;
    const config::AccountListenerSettings settings_;
    feeds::Clock& clock_;
    const Durability& durability_;
    const std::string session_id_;
    UpdateDesk desk_;
    tcp::acceptor acceptor_;
    const std::uint16_t port_;
    asio::steady_timer accept_timer_;
    asio::steady_timer check_timer_;
    asio::steady_timer drain_timer_;
    std::vector<Connection> connections_;  // by their numbers
    ConnectionNumber last_number_ = 0;
    std::size_t admitted_ = 0;  // of those that are open: not refused
    bool stopped_ = false;
    bool reading_ = true;
    bool failure_told_ = false;
    std::function<void()> drained_;
    // Written by the io thread, read by any.
    std::atomic<std::uint64_t> open_{0};
    std::atomic<std::uint64_t> total_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> taken_over_{0};
};

AccountListener::Implementation::Implementation(asio::io_context& io,
                                                const config::AccountListenerSettings& settings,
                                                const UpdateLinks& links, feeds::Clock& clock,
                                                std::string session_id,
                                                std::span<const std::uint64_t> taken)
    : io_(io),
      settings_(settings),
      clock_(clock),
      durability_(links.durability),
      session_id_(std::move(session_id)),
      desk_(settings, links, *this),
      acceptor_(listen_on(io, "accounts.listen", settings.address, settings.port)),
      port_(acceptor_.local_endpoint().port()),
      accept_timer_(io),
      check_timer_(io),
      drain_timer_(io) {
    MARGIND_ASSERT(taken.empty() || taken.size() == settings.sources.size());
    for (std::size_t i = 0; i < taken.size(); ++i) desk_.go_on_after(i, taken[i]);
    connections_.reserve(settings.connections_max + kRefusalsMax);
}

void AccountListener::Implementation::start() {
    accept();
    check();
}

void AccountListener::Implementation::stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    check_timer_.cancel();
    drain_timer_.cancel();
    for (const Connection& connection : connections_) connection->close();
    connections_.clear();
}

void AccountListener::Implementation::accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
            if (self->stopped_ || !self->reading_) return;
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

void AccountListener::Implementation::admit(tcp::socket socket) {
    const bool full = admitted_ >= settings_.connections_max;
    if (full) add(refused_, 1);
    if (connections_.size() == settings_.connections_max + kRefusalsMax) return;  // closes itself
    ConnectionOwner& owner = *this;
    auto connection =
        std::make_shared<AccountConnection>(std::move(socket), ++last_number_, owner, clock_);
    connections_.push_back(connection);
    if (full) return connection->refuse(LeaveReason::too_many_connections);
    ++admitted_;
    open_.store(admitted_, std::memory_order_relaxed);
    add(total_, 1);
    desk_.append_hello(connection->outbound(), session_id_);
    connection->start();
    if (durability_.failed()) connection->leave(LeaveReason::journal_failed);
}

AccountConnection* AccountListener::Implementation::find(ConnectionNumber number) const {
    const auto at = std::lower_bound(connections_.begin(), connections_.end(), number,
                                     [](const Connection& connection, ConnectionNumber wanted) {
                                         return connection->number() < wanted;
                                     });
    const bool found = at != connections_.end() && (*at)->number() == number;
    return found && !(*at)->closed() ? at->get() : nullptr;
}

UpdateDesk::Taken AccountListener::Implementation::take(AccountConnection& connection,
                                                        std::string_view line) {
    return desk_.take(connection.number(), line, clock_.now());
}

TextBuffer* AccountListener::Implementation::answers_of(ConnectionNumber number) {
    AccountConnection* const connection = find(number);
    return connection != nullptr && connection->talking() ? &connection->outbound() : nullptr;
}

void AccountListener::Implementation::answered(ConnectionNumber number) {
    if (AccountConnection* const connection = find(number)) connection->answered();
}

void AccountListener::Implementation::taken_over(ConnectionNumber number) {
    add(taken_over_, 1);
    if (AccountConnection* const connection = find(number)) {
        connection->leave(LeaveReason::taken_over);
    }
}

// Connections close in the middle of loops over connections_: remove them afterwards.
void AccountListener::Implementation::closed(AccountConnection& connection) {
    desk_.gone(connection.number());
    if (connection.admitted()) open_.store(--admitted_, std::memory_order_relaxed);
    asio::post(io_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->sweep();
    });
}

void AccountListener::Implementation::sweep() {
    if (stopped_) return;
    std::erase_if(connections_, [](const Connection& connection) { return connection->closed(); });
    if (drained_ && connections_.empty()) finish_drain();
}

int AccountListener::Implementation::work() {
    if (durability_.failed() && !failure_told_) {
        failure_told_ = true;
        leave_all(LeaveReason::journal_failed);
    }
    const int work = desk_.work();
    for (const Connection& connection : connections_) {
        connection->flush();
        connection->resume();
    }
    if (drained_ && desk_.unanswered() == 0) leave_all(LeaveReason::draining);
    return work;
}

bool AccountListener::Implementation::watching() const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const Connection& connection) { return connection->waits(); });
}

void AccountListener::Implementation::check() {
    check_timer_.expires_after(kCheckEvery);
    check_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error || self->stopped_) return;
        const core::Timestamp now = self->clock_.now();
        for (const Connection& connection : self->connections_) connection->check(now);
        self->check();
    });
}

void AccountListener::Implementation::leave_all(LeaveReason reason) {
    for (const Connection& connection : connections_) connection->leave(reason);
}

void AccountListener::Implementation::stop_reading() {
    reading_ = false;
    error_code ignored;
    acceptor_.close(ignored);
    accept_timer_.cancel();
    for (const Connection& connection : connections_) connection->stop_reading();
}

void AccountListener::Implementation::drain(core::Duration timeout, std::function<void()> done) {
    MARGIND_ASSERT(!reading_ && !drained_);
    drained_ = std::move(done);
    drain_timer_.expires_after(std::chrono::nanoseconds(timeout.ns()));
    drain_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error || self->stopped_) return;
        for (const Connection& connection : self->connections_) connection->close();
        self->finish_drain();
    });
    asio::post(io_, [self = shared_from_this()] { self->sweep(); });  // there may be nobody
}

void AccountListener::Implementation::finish_drain() {
    drain_timer_.cancel();
    if (const auto done = std::exchange(drained_, nullptr)) done();
}

AccountStreamStatistics AccountListener::Implementation::statistics() const {
    return {.connections = open_.load(std::memory_order_relaxed),
            .connections_total = total_.load(std::memory_order_relaxed),
            .connections_refused_total = refused_.load(std::memory_order_relaxed),
            .taken_over_total = taken_over_.load(std::memory_order_relaxed),
            .unnumbered_total = desk_.unnumbered_total(),
            .sources = desk_.statistics()};
}

AccountListener::AccountListener(asio::io_context& io,
                                 const config::AccountListenerSettings& settings,
                                 const UpdateLinks& links, feeds::Clock& clock,
                                 std::string session_id, std::span<const std::uint64_t> taken)
    : implementation_(std::make_shared<Implementation>(io, settings, links, clock,
                                                       std::move(session_id), taken)) {
    implementation_->start();
}

AccountListener::~AccountListener() {
    implementation_->stop();
}

std::uint16_t AccountListener::port() const {
    return implementation_->port();
}
int AccountListener::work() {
    return implementation_->work();
}
bool AccountListener::watching() const {
    return implementation_->watching();
}
bool AccountListener::has_work() const {
    return implementation_->has_work();
}
void AccountListener::stop_reading() {
    implementation_->stop_reading();
}
void AccountListener::drain(core::Duration timeout, std::function<void()> done) {
    implementation_->drain(timeout, std::move(done));
}
AccountStreamStatistics AccountListener::statistics() const {
    return implementation_->statistics();
}

}  // namespace margind::daemon
