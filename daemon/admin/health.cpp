// "Is it alive" and "may I trust it", for supervisors and people.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "daemon/admin/json_writer.hpp"
#include "daemon/admin/pages.hpp"

namespace margind::daemon {
namespace {

Page judged(std::string_view member, std::string_view state,
            const std::vector<std::string>& reasons) {
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.flag(member, reasons.empty());
    json.text("state", state);
    json.open_array("reasons");
    for (const std::string& reason : reasons) json.text({}, reason);
    json.close_array();
    json.close_object();
    return {.status = reasons.empty() ? 200 : 503, .body = fmt::to_string(out)};
}

// Empty while the engine's thread reports. Before its first report, its age counts from when the
// server began to listen: loading many accounts may take longer than kReportAgeMax.
std::string silence_of_engine(const Snapshot& snapshot) {
    const bool reported = snapshot.engine.engine_time.stated();
    const core::Timestamp last = reported ? snapshot.engine.engine_time : snapshot.listening_since;
    const core::Duration age = snapshot.now - last;
    if (age <= kReportAgeMax) return {};
    return fmt::format("the engine {} for {} s: its thread is stuck, or starved of its core",
                       reported ? "has not reported" : "has never reported",
                       age.ns() / 1'000'000'000);
}

void add_feeds(const Snapshot& snapshot, std::vector<std::string>& reasons) {
    for (std::size_t i = 0; i < snapshot.feeds.size() && i < snapshot.settings.feeds.size(); ++i) {
        const feeds::FeedStatistics& feed = snapshot.feeds[i];
        if (feed.state == core::FeedState::live || off_without_key(feed)) continue;
        std::string reason = fmt::format("feed {} is {} ({})", snapshot.settings.feeds[i].name,
                                         name_of(feed.state), name_of(feed.reason));
        if (!feed.last_problem.empty()) reason += ": " + feed.last_problem;
        reasons.push_back(std::move(reason));
    }
}

void add_journal(const Snapshot& snapshot, std::vector<std::string>& reasons) {
    if (snapshot.journal == nullptr) return;
    if (snapshot.journal->failed) {
        reasons.emplace_back(
            "the journal could not be written: nothing is published any more; "
            "restart when its disk is well");
    } else if (snapshot.journal->disk_low) {
        reasons.push_back(
            fmt::format("{} bytes are free on the journal's disk", snapshot.journal->free_bytes));
    }
    if (snapshot.shadow != nullptr && snapshot.shadow->diverged) {
        reasons.emplace_back(
            "a replay of the journal did not give the events that were told: keep "
            "the journal and report it");
    }
}

void add_instruments(const Snapshot& snapshot, std::vector<std::string>& reasons) {
    const auto& instruments = snapshot.settings.risk.instruments;
    for (std::size_t i = 0; i < instruments.size(); ++i) {
        const bool known = i < snapshot.engine.instruments.size();
        if (!known || snapshot.engine.instruments[i].mark.raw() == 0) {
            reasons.push_back(fmt::format("instrument {} has no price yet", instruments[i].name));
        } else if (snapshot.engine.instruments[i].state != core::PriceState::good) {
            reasons.push_back(fmt::format("the price of {} is {} ({})", instruments[i].name,
                                          name_of(snapshot.engine.instruments[i].state),
                                          name_of(snapshot.engine.instruments[i].reason)));
        }
    }
}

}  // namespace

Page liveness_page(const Snapshot& snapshot) {
    std::vector<std::string> reasons;
    if (std::string why = silence_of_engine(snapshot); !why.empty()) reasons.push_back(why);
    return judged("alive", name_of(snapshot.state), reasons);
}

Page readiness_page(const Snapshot& snapshot) {
    std::vector<std::string> reasons;
    if (std::string why = silence_of_engine(snapshot); !why.empty()) reasons.push_back(why);
    add_feeds(snapshot, reasons);
    add_instruments(snapshot, reasons);
    add_journal(snapshot, reasons);
    if (snapshot.engine.event_queue_full) {
        reasons.push_back("the event queue is full: the gateway does not keep up");
    }
    if (snapshot.state != RunState::live) {
        reasons.push_back(fmt::format("the daemon is {}", name_of(snapshot.state)));
    }
    return judged("ready", name_of(snapshot.state), reasons);
}

}  // namespace margind::daemon
