// What the cold thread does besides serving HTTP: ten times a second it takes the engine's report,
// decides what state the daemon is in, collects answers to account queries and logs what changed.
// Hot threads only count; what their counters mean is said here.
//
// Thread: the cold thread's io_context, except draining().
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "config/settings.hpp"
#include "core/time.hpp"
#include "daemon/journal/durability.hpp"
#include "daemon/published.hpp"
#include "daemon/report.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/query_desk.hpp"
#include "feeds/session.hpp"

namespace boost::asio {
class io_context;
}

namespace margind::daemon {

// What the state of the daemon follows from.
struct StateSigns {
    bool draining = false;
    core::DaemonState engine = core::DaemonState::warming;
    bool event_queue_full = false;
    core::DaemonReason trouble = core::DaemonReason::none;  // that accounts are told about
    bool journal_failed = false;                            // nothing is published any more
    bool input_refused_recently = false;
    bool feed_not_live = false;  // a feed that is off for want of a key does not count
};
RunState run_state(const StateSigns& signs);

struct ColdParts {
    const config::Settings& settings;
    feeds::Clock& clock;
    Published<EngineReport>& reports;
    QueryDesks& queries;
    const FeedInputs& feed_inputs;
    const std::vector<std::shared_ptr<feeds::Session>>& sessions;
    std::function<void()> wake_engine = {};  // there is a question
    const Durability* journal = nullptr;     // null: there is none
    // The engine has to be told: `trouble` began, or (none) is over.
    std::function<void(core::DaemonReason trouble)> tell_trouble = {};
};

class ColdCycle {
  public:
    ColdCycle(boost::asio::io_context& io, ColdParts parts);
    ~ColdCycle();

    void start();
    void stop();
    void draining() { draining_.store(true, std::memory_order_relaxed); }  // any thread

    const EngineReport& report() const { return *report_; }
    RunState state() const { return state_; }
    std::vector<feeds::FeedStatistics> feed_statistics() const;
    // See AdminSources::ask.
    bool ask(const AccountQuery& query, std::function<void(const AccountQuery*)> done);

  private:
    static constexpr core::Duration kRecently = core::Duration::from_seconds(5);

    void tick();
    void schedule();
    void collect_answer();
    void watch_feeds();
    void watch_refusals();
    void watch_audits();
    void watch_normalising();
    void watch_trouble();
    void decide_state();

    class Timer;
    std::unique_ptr<Timer> timer_;
    const ColdParts parts_;
    std::atomic<bool> draining_{false};
    // Cold thread's.
    const EngineReport* report_;
    RunState state_ = RunState::warming;
    std::function<void(const AccountQuery*)> waiting_;  // for the query in flight
    core::Timestamp asked_at_;
    std::vector<feeds::FeedStatistics> feeds_;  // as last logged
    bool feed_not_live_ = true;
    std::uint64_t inputs_refused_ = 0;
    core::Timestamp inputs_refused_at_;
    core::DaemonReason trouble_ = core::DaemonReason::none;  // as told
    core::Timestamp trouble_at_;                             // last seen
    std::array<std::uint64_t, static_cast<std::size_t>(core::Refusal::count_)> refusals_told_{};
    std::array<std::uint64_t, static_cast<std::size_t>(core::AuditCheck::count_)> audits_told_{};
    std::array<std::uint64_t, 2> normalise_told_{};  // too precise, too large
};

}  // namespace margind::daemon
