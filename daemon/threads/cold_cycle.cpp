#include "daemon/threads/cold_cycle.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {
namespace {

constexpr core::Duration kTick = core::Duration::from_ms(100);
constexpr core::Duration kTickWhileAsked = core::Duration::from_ms(2);
constexpr core::Duration kQueryTimeout = core::Duration::from_seconds(2);

std::string_view name_of_state(RunState state) {
    switch (state) {
        case RunState::warming:
            return "warming: waiting for the first trusted price of every instrument";
        case RunState::live:
            return "live";
        case RunState::degraded:
            return "degraded: see the reasons of /health";
        case RunState::draining:
            return "draining";
    }
    return "";
}

// Whether a growing tally is worth a line again: at 1, 10, 100 ...
bool reached_next_power(std::uint64_t told, std::uint64_t now) {
    if (now == 0 || now == told) return false;
    std::uint64_t power = 1;
    while (power <= now / 10) power *= 10;
    return told < power;
}

}  // namespace

RunState run_state(const StateSigns& signs) {
    if (signs.draining) return RunState::draining;
    if (signs.journal_failed) return RunState::degraded;
    if (signs.engine == core::DaemonState::warming) return RunState::warming;
    if (signs.trouble != core::DaemonReason::none) return RunState::degraded;
    if (signs.event_queue_full || signs.input_refused_recently || signs.feed_not_live) {
        return RunState::degraded;
    }
    return RunState::live;
}

class ColdCycle::Timer {
  public:
    explicit Timer(boost::asio::io_context& io) : timer_(io) {}

    template <class F>
    void after(core::Duration delay, F run) {
        timer_.expires_after(std::chrono::nanoseconds(delay.ns()));
        timer_.async_wait([run](const boost::system::error_code& error) {
            if (!error) run();
        });
    }
    void cancel() { timer_.cancel(); }

  private:
    boost::asio::steady_timer timer_;
};

ColdCycle::ColdCycle(boost::asio::io_context& io, ColdParts parts)
    : timer_(std::make_unique<Timer>(io)),
      parts_(std::move(parts)),
      report_(&parts_.reports.read()),
      feeds_(parts_.sessions.size()) {}

ColdCycle::~ColdCycle() = default;

void ColdCycle::start() {
    tick();
}
void ColdCycle::stop() {
    timer_->cancel();
}

void ColdCycle::tick() {
    report_ = &parts_.reports.read();
    collect_answer();
    watch_feeds();
    watch_refusals();
    watch_audits();
    watch_normalising();
    watch_trouble();
    decide_state();
    schedule();
}

void ColdCycle::schedule() {
    timer_->after(waiting_ ? kTickWhileAsked : kTick, [this]() { tick(); });
}

bool ColdCycle::ask(const AccountQuery& query, std::function<void(const AccountQuery*)> done) {
    if (waiting_ || !parts_.queries.ask(query)) return false;
    waiting_ = std::move(done);
    asked_at_ = parts_.clock.now();
    parts_.wake_engine();
    schedule();
    return true;
}

void ColdCycle::collect_answer() {
    const AccountQuery* answer = parts_.queries.collect();
    const bool late = waiting_ && parts_.clock.now() - asked_at_ > kQueryTimeout;
    if (!waiting_ || (answer == nullptr && !late)) return;
    // Moved out first: the callee may ask again.
    const auto done = std::exchange(waiting_, nullptr);
    done(answer);
}

std::vector<feeds::FeedStatistics> ColdCycle::feed_statistics() const {
    std::vector<feeds::FeedStatistics> all;
    all.reserve(parts_.sessions.size());
    for (const auto& session : parts_.sessions) all.push_back(session->statistics());
    return all;
}

void ColdCycle::watch_feeds() {
    const std::vector<feeds::FeedStatistics> now = feed_statistics();
    feed_not_live_ = false;
    for (std::size_t i = 0; i < now.size(); ++i) {
        const std::string& name = parts_.settings.feeds[i].name;
        feeds::FeedStatistics& told = feeds_[i];
        if (now[i].state != told.state || now[i].reason != told.reason) {
            spdlog::info("feed {}: {} ({})", name, name_of(now[i].state), name_of(now[i].reason));
        }
        if (!now[i].last_problem.empty() && now[i].last_problem != told.last_problem) {
            spdlog::warn("feed {}: {}", name, now[i].last_problem);
        }
        if (!now[i].last_reject.empty() && now[i].last_reject != told.last_reject) {
            spdlog::warn("feed {}: {}", name, now[i].last_reject);
        }
        told = now[i];
        if (now[i].state != core::FeedState::live && !off_without_key(now[i]))
            feed_not_live_ = true;
    }
}

void ColdCycle::watch_refusals() {
    for (std::size_t i = 1; i < refusals_told_.size(); ++i) {
        const std::uint64_t count = report_->engine.refused[i];
        if (!reached_next_power(refusals_told_[i], count)) continue;
        spdlog::warn("the engine refused {} inputs so far: {}", count,
                     name_of(static_cast<core::Refusal>(i)));
        refusals_told_[i] = count;
    }
}

void ColdCycle::watch_audits() {
    for (std::size_t i = 0; i < audits_told_.size(); ++i) {
        const std::uint64_t count = report_->engine.audits_failed[i];
        if (!reached_next_power(audits_told_[i], count)) continue;
        spdlog::error(
            "{} audits failed so far ({}): margind had these accounts wrong, and judges them by "
            "every tick from now on; keep the inputs and report it (event audit_failed)",
            count, name_of(static_cast<core::AuditCheck>(i)));
        audits_told_[i] = count;
    }
}

void ColdCycle::watch_normalising() {
    const NormaliseTally& tally = parts_.feed_inputs.tally();
    const auto& risk = parts_.settings.risk;
    const std::uint32_t last = tally.last_source.load(std::memory_order_relaxed);
    const std::string symbol =
        last < risk.sources.size() ? risk.sources[last].symbol : std::string("none");
    const auto tell = [&](std::size_t which, const std::atomic<std::uint64_t>& counter,
                          const char* what) {
        const std::uint64_t count = counter.load(std::memory_order_relaxed);
        if (!reached_next_power(normalise_told_[which], count)) return;
        spdlog::warn("{} prices so far {}; last seen on {}", count, what, symbol);
        normalise_told_[which] = count;
    };
    tell(0, tally.too_precise,
         "were refused for more digits than price_decimals; raise it for the instrument");
    tell(1, tally.too_large,
         "were refused as too large for 64 bits at price_decimals; lower it for the instrument");
}

// Told at once, and over when it has not been seen for a while: a queue that fills again and again
// is one trouble.
void ColdCycle::watch_trouble() {
    const bool disk_low = parts_.journal != nullptr && parts_.journal->disk_low();
    const core::DaemonReason seen = disk_low ? core::DaemonReason::disk_low
                                    : report_->event_queue_full
                                        ? core::DaemonReason::event_queue_full
                                        : core::DaemonReason::none;
    const core::Timestamp now = parts_.clock.now();
    if (seen != core::DaemonReason::none) trouble_at_ = now;
    const bool began = seen != core::DaemonReason::none && seen != trouble_;
    const bool ended = trouble_ != core::DaemonReason::none && now - trouble_at_ >= kRecently;
    if (!began && !ended) return;
    trouble_ = seen;
    if (parts_.tell_trouble) parts_.tell_trouble(seen);
}

void ColdCycle::decide_state() {
    const core::Timestamp now = parts_.clock.now();
    const std::uint64_t refused = parts_.feed_inputs.refused_total();
    if (refused != inputs_refused_) inputs_refused_at_ = now;
    inputs_refused_ = refused;
    const RunState next =
        run_state({.draining = draining_.load(std::memory_order_relaxed),
                   .engine = report_->daemon_state,
                   .event_queue_full = report_->event_queue_full,
                   .trouble = trouble_,
                   .journal_failed = parts_.journal != nullptr && parts_.journal->failed(),
                   .input_refused_recently =
                       inputs_refused_at_.stated() && now - inputs_refused_at_ < kRecently,
                   .feed_not_live = feed_not_live_});
    if (next == state_) return;
    state_ = next;
    spdlog::info("state: {}", name_of_state(state_));
}

}  // namespace margind::daemon
