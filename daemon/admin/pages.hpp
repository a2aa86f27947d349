// What the admin server says, as pure functions of a snapshot: no sockets, no clock, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "core/time.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/ingress/account_listener.hpp"
#include "daemon/report.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

// Of the admin server itself, so that a flood of questions shows where they are asked.
struct AdminStatistics {
    std::uint64_t connections = 0;  // open now
    std::uint64_t connections_total = 0;
    std::uint64_t evicted_total = 0;   // closed while idle, to let a new one in
    std::uint64_t refused_total = 0;   // no room, and none could be made
    std::uint64_t timeouts_total = 0;  // request not complete, or answer not taken, in time
    std::uint64_t requests_total = 0;
    std::uint64_t errors_total = 0;  // answered with 4xx or 5xx
};

// Everything a page is made of, as of one moment. Borrows; lives for one answer.
struct Snapshot {
    const config::Settings& settings;
    const EngineReport& engine;
    const std::vector<feeds::FeedStatistics>& feeds;  // same order as settings.feeds
    GatewayStatistics gateway;
    AccountStreamStatistics accounts;
    AdminStatistics admin;
    const JournalReport* journal = nullptr;  // null: there is none
    const ShadowReport* shadow = nullptr;
    RunState state = RunState::warming;
    core::Timestamp started;          // the process
    core::Timestamp listening_since;  // this server
    core::Timestamp now;
};

// The engine's report is refreshed every 100 ms; older than this, its thread is stuck or starved.
inline constexpr core::Duration kReportAgeMax = core::Duration::from_seconds(5);

struct Page {
    int status = 200;
    std::string body;
    std::string_view content_type = "application/json";
    int retry_after_seconds = 0;  // zero: no such header
};

Page index_page();
// Prometheus text format 0.0.4. Units in the names, seconds for times, counters end in _total.
Page metrics_page(const Snapshot& snapshot);
// 200 while the engine reports, else 503 and why.
Page liveness_page(const Snapshot& snapshot);
// 200 when every instrument is priced, every feed is live and the state says live; else 503 and
// why.
Page readiness_page(const Snapshot& snapshot);
Page status_page(const Snapshot& snapshot);
// Requires: `query` was answered.
Page accounts_page(const AccountQuery& query, core::Timestamp now);
Page account_page(const AccountQuery& query, const core::RiskParameters& parameters,
                  core::Timestamp now);
// {"error": message}
Page error_page(int status, std::string_view message);

std::string_view name_of(RunState state);
std::string_view name_of(config::Layout layout);
std::string_view name_of(config::Idle idle);
std::string_view name_of(feeds::Verdict verdict);
std::string_view name_of(core::Role role);

}  // namespace margind::daemon
