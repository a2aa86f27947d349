// What the live view shows: gathered from the event stream and the admin pages, with bounded
// memory.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/view/json.hpp"
#include "daemon/view/stream_check.hpp"

namespace margind::daemon {

struct InstrumentView {
    std::string name;
    std::string mark;  // decimals as the daemon writes them; empty: none yet
    std::string index;
    std::string state;
    std::string binding;  // of the maintenance rate
    std::string initial_rate;
    std::string maintenance_rate;
    double sigma_annual = 0;
    std::uint32_t sources = 0;
    std::uint32_t sources_in_merge = 0;
};

struct FeedView {
    std::string name;
    std::string venue;
    std::string state;
    std::string reason;
    std::string last_problem;
    std::uint64_t messages = 0;
    std::uint64_t ticks = 0;
    std::uint64_t rejected = 0;
    std::uint64_t connects = 0;
    std::uint64_t disconnects = 0;
    double ticks_per_second = 0;  // since the status before
};

struct WorstAccountView {
    std::string name;
    std::string state;
    std::string health_factor;
    std::string equity;
    std::string maintenance_margin;
    std::string shortfall;
    bool held = false;
};

struct LatencyView {
    std::uint64_t count = 0;
    double p50_us = 0;
    double p90_us = 0;
    double p99_us = 0;
    double p99_9_us = 0;
    double max_us = 0;
};

// How often an instrument's rates moved by a step, and between which values.
struct ThresholdSteps {
    std::uint64_t initial = 0;
    std::uint64_t maintenance = 0;
    double maintenance_lowest = 0;
    double maintenance_highest = 0;
};

using Tally = std::vector<std::pair<std::string, std::uint64_t>>;

class ViewModel {
  public:
    // One line of the event stream. False: it is not JSON, or not our stream.
    bool take_line(std::string_view line);
    // Bodies of GET /status and GET /accounts. What cannot be parsed changes nothing.
    void take_status(const std::string& body);
    void take_accounts(const std::string& body);

    // From the stream.
    const StreamCheck& stream() const { return stream_; }
    const Tally& events_by_kind() const { return events_by_kind_; }
    const std::map<std::string, ThresholdSteps>& threshold_steps() const { return steps_; }
    // Lines of the newest events but clock and threshold_changed, oldest first.
    const std::deque<std::string>& latest() const { return latest_; }
    std::uint64_t latest_total() const { return latest_total_; }  // ever added to latest()
    std::int64_t first_engine_time() const { return first_engine_time_; }
    std::int64_t engine_time() const { return engine_time_; }

    // From the admin pages; empty until the first answer.
    std::string state;
    std::string admin_problem;  // why the admin server's pages are missing; empty when they are not
    std::int64_t uptime_ns = 0;
    std::uint64_t inputs = 0;
    std::uint64_t evaluations = 0;
    std::uint64_t refused = 0;
    std::uint64_t conflated = 0;
    std::uint64_t accounts_known = 0;
    std::uint64_t accounts_held = 0;
    std::uint64_t accounts_unpriced = 0;
    Tally accounts_by_state;  // also from clock events
    Tally refused_by_reason;
    std::vector<InstrumentView> instruments;
    std::vector<FeedView> feeds;
    std::vector<WorstAccountView> worst;
    LatencyView receive_to_applied;
    LatencyView receive_to_event;

  private:
    static constexpr std::size_t kLatestMax = 100;

    void take_event(Json event, std::string_view line);
    void take_threshold(Json event);
    void take_engine(Json status);
    void take_instruments(Json status);
    void take_feeds(Json status);

    simdjson::dom::parser parser_;
    StreamCheck stream_;
    Tally events_by_kind_;
    std::map<std::string, ThresholdSteps> steps_;
    std::deque<std::string> latest_;
    std::uint64_t latest_total_ = 0;
    std::int64_t first_engine_time_ = 0;
    std::int64_t engine_time_ = 0;
    std::int64_t status_time_ = 0;
};

}  // namespace margind::daemon
