#include "daemon/view/model.hpp"

#include <algorithm>
#include <cstdlib>

namespace margind::daemon {
namespace {

std::string string_of(const simdjson::simdjson_result<Json>& value) {
    return std::string(text_of(value));
}

void count(Tally& tally, std::string_view key) {
    const auto found = std::find_if(tally.begin(), tally.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    if (found != tally.end()) {
        ++found->second;
    } else {
        tally.emplace_back(key, 1);
    }
}

Tally tally_of(const simdjson::simdjson_result<Json>& object) {
    Tally tally;
    for_each_member(object, [&](std::string_view key, const auto& value) {
        tally.emplace_back(key, count_of(value));
    });
    return tally;
}

LatencyView latency_of(const simdjson::simdjson_result<Json>& latency) {
    return {.count = count_of(latency["count"]),
            .p50_us = number_of(latency["p50_us"]),
            .p90_us = number_of(latency["p90_us"]),
            .p99_us = number_of(latency["p99_us"]),
            .p99_9_us = number_of(latency["p99_9_us"]),
            .max_us = number_of(latency["max_us"])};
}

}  // namespace

bool ViewModel::take_line(std::string_view line) {
    Json json;
    if (parser_.parse(line.data(), line.size()).get(json) != simdjson::SUCCESS) return false;
    switch (stream_.take(json)) {
        case StreamCheck::Line::unexpected:
            return false;
        case StreamCheck::Line::event:
        case StreamCheck::Line::event_after_gap:
            take_event(json, line);
            break;
        case StreamCheck::Line::hello:
        case StreamCheck::Line::goodbye:
        case StreamCheck::Line::passed_over:
        case StreamCheck::Line::other:
            break;
    }
    return true;
}

void ViewModel::take_event(Json event, std::string_view line) {
    const std::string_view type = text_of(event["type"]);
    engine_time_ = integer_of(event["engine_time"]);
    if (first_engine_time_ == 0) first_engine_time_ = engine_time_;
    count(events_by_kind_, type);
    if (type == "clock") {
        accounts_by_state = tally_of(event["accounts"]);
    } else if (type == "threshold_changed") {
        take_threshold(event);
    } else {
        latest_.emplace_back(line);
        ++latest_total_;
        if (latest_.size() > kLatestMax) latest_.pop_front();
    }
}

void ViewModel::take_threshold(Json event) {
    ThresholdSteps& steps = steps_[string_of(event["instrument"])];
    if (text_of(event["level"]) == "initial") {
        ++steps.initial;
        return;
    }
    const double from = std::strtod(string_of(event["from"]).c_str(), nullptr);
    const double to = std::strtod(string_of(event["to"]).c_str(), nullptr);
    if (steps.maintenance++ == 0) {
        steps.maintenance_lowest = std::min(from, to);
        steps.maintenance_highest = std::max(from, to);
    }
    steps.maintenance_lowest = std::min(steps.maintenance_lowest, to);
    steps.maintenance_highest = std::max(steps.maintenance_highest, to);
}

void ViewModel::take_status(const std::string& body) {
    Json status;
    if (parser_.parse(body).get(status) != simdjson::SUCCESS) return;
    state = string_of(status["state"]);
    uptime_ns = static_cast<std::int64_t>(number_of(status["uptime_seconds"]) * 1e9);
    take_engine(status);
    take_instruments(status);
    take_feeds(status);
    receive_to_applied = latency_of(status["latency"]["receive_to_applied"]);
    receive_to_event = latency_of(status["latency"]["receive_to_event"]);
    status_time_ = integer_of(status["now_time"]);
}

void ViewModel::take_engine(Json status) {
    inputs = count_of(status["engine"]["inputs"]);
    evaluations = count_of(status["engine"]["evaluations"]);
    refused = count_of(status["engine"]["refused"]);
    refused_by_reason = tally_of(status["engine"]["refused_by_reason"]);
    conflated = count_of(status["queues"]["conflated_total"]);
    accounts_known = count_of(status["accounts"]["known"]);
    accounts_held = count_of(status["accounts"]["held"]);
    accounts_unpriced = count_of(status["accounts"]["unpriced"]);
    accounts_by_state = tally_of(status["accounts"]["by_state"]);
}

void ViewModel::take_instruments(Json status) {
    instruments.clear();
    for_each(status["instruments"], [this](Json json) {
        InstrumentView view{.name = string_of(json["name"]),
                            .mark = string_of(json["mark"]),
                            .index = string_of(json["index"]),
                            .state = string_of(json["state"]),
                            .binding = string_of(json["binding_maintenance"]),
                            .initial_rate = string_of(json["initial_rate"]),
                            .maintenance_rate = string_of(json["maintenance_rate"]),
                            .sigma_annual = number_of(json["sigma_annual"])};
        for_each(json["sources"], [&view](Json source) {
            ++view.sources;
            if (flag_of(source["in_merge"])) ++view.sources_in_merge;
        });
        instruments.push_back(std::move(view));
    });
}

void ViewModel::take_feeds(Json status) {
    const double seconds =
        status_time_ == 0
            ? 0
            : static_cast<double>(integer_of(status["now_time"]) - status_time_) * 1e-9;
    const std::vector<FeedView> before = std::exchange(feeds, {});
    for_each(status["feeds"], [&](Json json) {
        FeedView view{.name = string_of(json["name"]),
                      .venue = string_of(json["venue"]),
                      .state = string_of(json["state"]),
                      .reason = string_of(json["reason"]),
                      .last_problem = string_of(json["last_problem"]),
                      .messages = count_of(json["messages"]),
                      .ticks = count_of(json["ticks"]),
                      .rejected = count_of(json["rejected"]),
                      .connects = count_of(json["connects"]),
                      .disconnects = count_of(json["disconnects"])};
        for (const FeedView& old : before) {
            if (old.name != view.name || seconds <= 0 || view.ticks < old.ticks) continue;
            view.ticks_per_second = static_cast<double>(view.ticks - old.ticks) / seconds;
        }
        feeds.push_back(std::move(view));
    });
}

void ViewModel::take_accounts(const std::string& body) {
    Json answer;
    if (parser_.parse(body).get(answer) != simdjson::SUCCESS) return;
    worst.clear();
    for_each(answer["accounts"], [this](Json json) {
        std::string name = string_of(json["account"]);
        if (const std::string_view sub = text_of(json["sub_account"]); !sub.empty()) {
            name += "/" + std::string(sub);
        }
        worst.push_back({.name = std::move(name),
                         .state = string_of(json["state"]),
                         .health_factor = string_of(json["health_factor"]),
                         .equity = string_of(json["equity"]),
                         .maintenance_margin = string_of(json["maintenance_margin"]),
                         .shortfall = string_of(json["shortfall"]),
                         .held = flag_of(json["held"])});
    });
}

}  // namespace margind::daemon
