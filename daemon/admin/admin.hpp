// HTTP on loopback for people and monitors: /metrics, /livez, /readyz, /status, /accounts.
//
// Thread: the cold thread runs its io_context; everything it shows is a copy, see
// daemon/report.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "config/settings.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/ingress/account_listener.hpp"
#include "daemon/report.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// Where the admin server gets what it shows. All are called on the cold thread.
struct AdminSources {
    std::function<const EngineReport&()> engine;
    std::function<GatewayStatistics()> gateway;
    std::function<AccountStreamStatistics()> accounts;          // may be null: nobody listens
    std::function<std::vector<feeds::FeedStatistics>()> feeds;  // same order as settings.feeds
    std::function<RunState()> state;
    // Null where there is no journal.
    std::function<const JournalReport*()> journal;
    std::function<const ShadowReport*()> shadow;
    // Starts a query; `done` is called on the cold thread with the answer, or with null when the
    // engine did not answer in time. False: one is in flight already.
    std::function<bool(AccountQuery query, std::function<void(const AccountQuery*)> done)> ask;
    core::Timestamp started;
};

// What one caller, or all together, may take.
struct AdminLimits {
    std::size_t connections_max = 32;  // one more and the longest idle is closed for it
    core::Duration idle_timeout = core::Duration::from_seconds(10);  // per request, and per answer
    core::Duration query_timeout = core::Duration::from_seconds(2);  // for the engine's answer
};

class AdminServer {
  public:
    // Binds and listens; throws std::system_error naming address and port when it cannot.
    // `settings` and `clock` must outlive the last handler that `io` runs.
    AdminServer(boost::asio::io_context& io, const config::Settings& settings, feeds::Clock& clock,
                AdminSources sources, AdminLimits limits = {});
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;
    std::uint16_t port() const;
    // Any thread: closes the listener and every connection, soon.
    void stop();

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
