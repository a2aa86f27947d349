// /status: everything a person or a live view wants to know, as one JSON document.
#include <array>
#include <utility>

#include <fmt/format.h>

#include "daemon/admin/json_writer.hpp"
#include "daemon/admin/pages.hpp"
#include "feeds/feed_tally.hpp"

namespace margind::daemon {
namespace {

void append_threads(JsonWriter& json, const config::ThreadSettings& threads) {
    json.open_object("threads");
    json.text("layout", name_of(threads.layout));
    json.text("engine_idle", name_of(threads.engine_idle));
    json.text("io_idle", name_of(threads.io_idle));
    json.number("engine_cpu", threads.engine_cpu);
    json.number("io_cpu", threads.io_cpu);
    json.number("cold_cpu", threads.cold_cpu);
    json.flag("lock_memory", threads.lock_memory);
    json.close_object();
}

void append_engine(JsonWriter& json, const EngineReport& report) {
    const core::EngineStatistics& engine = report.engine;
    json.open_object("engine");
    json.number("inputs", engine.inputs);
    json.number("events", engine.events);
    json.number("evaluations", engine.evaluations);
    json.number("last_input_seq", report.last_input_seq);
    json.number("engine_time", report.engine_time.ns());
    json.number("refused", engine.refused_total);
    json.open_object("refused_by_reason");  // only what happened: most never do
    for (std::size_t i = 1; i < engine.refused.size(); ++i) {
        if (engine.refused[i] == 0) continue;
        json.number(name_of(static_cast<core::Refusal>(i)), engine.refused[i]);
    }
    json.close_object();
    json.open_object("events_by_kind");
    for (std::size_t i = 0; i < engine.events_by_kind.size(); ++i) {
        json.number(name_of(static_cast<core::EventKind>(i)), engine.events_by_kind[i]);
    }
    json.close_object();
    json.close_object();
}

void append_accounts(JsonWriter& json, const core::EngineStatistics& engine) {
    json.open_object("accounts");
    json.number("known", engine.accounts);
    json.number("held", engine.accounts_held);
    json.number("unpriced", engine.accounts_unpriced);
    json.open_object("by_state");
    for (std::size_t i = 0; i < engine.accounts_by_state.size(); ++i) {
        json.number(name_of(static_cast<core::MarginState>(i)), engine.accounts_by_state[i]);
    }
    json.close_object();
    json.close_object();
}

void append_age(JsonWriter& json, core::Timestamp then, core::Timestamp now) {
    if (!then.stated()) return json.null("age_ms");
    json.number("age_ms", (now - then).ns() / 1'000'000);
}

void append_source(JsonWriter& json, const Snapshot& snapshot, std::size_t index) {
    const core::Source& source = snapshot.settings.risk.sources[index];
    const core::SourceStatus status = index < snapshot.engine.sources.size()
                                          ? snapshot.engine.sources[index]
                                          : core::SourceStatus{};
    const core::Instrument& instrument =
        snapshot.settings.risk.instruments[source.instrument.index()];
    json.open_object();
    json.text("feed", snapshot.settings.risk.feeds[source.feed.index()]);
    json.text("symbol", source.symbol);
    json.text("channel", name_of(source.channel));
    json.text("role", name_of(source.role));
    json.price("price", status.price, instrument.price_decimals);
    append_age(json, status.receive_time, snapshot.now);
    json.number("accepted", status.accepted);
    json.number("refused", status.refused);
    json.flag("in_merge", status.in_merge);
    json.close_object();
}

void append_instrument(JsonWriter& json, const Snapshot& snapshot, std::size_t index) {
    const core::Instrument& instrument = snapshot.settings.risk.instruments[index];
    const core::InstrumentStatus status = index < snapshot.engine.instruments.size()
                                              ? snapshot.engine.instruments[index]
                                              : core::InstrumentStatus{};
    json.open_object();
    json.text("name", instrument.name);
    json.price("mark", status.mark, instrument.price_decimals);
    json.price("index", status.index, instrument.price_decimals);
    json.text("state", name_of(status.state));
    json.text("reason", name_of(status.reason));
    json.number("live_index_sources", status.live_index_sources);
    json.number("live_mark_sources", status.live_mark_sources);
    json.number("sigma_annual", status.sigma_annual);
    json.rate("initial_rate", status.initial_rate);
    json.rate("maintenance_rate", status.maintenance_rate);
    json.text("binding_initial", name_of(status.binding_initial));
    json.text("binding_maintenance", name_of(status.binding_maintenance));
    json.open_array("sources");
    for (std::size_t i = 0; i < snapshot.settings.risk.sources.size(); ++i) {
        if (snapshot.settings.risk.sources[i].instrument.index() == index) {
            append_source(json, snapshot, i);
        }
    }
    json.close_array();
    json.close_object();
}

void append_feed(JsonWriter& json, const feeds::FeedOptions& options,
                 const feeds::FeedStatistics& feed) {
    using feeds::Verdict;
    const auto verdict = [&](Verdict v) { return feed.by_verdict[static_cast<std::size_t>(v)]; };
    json.open_object();
    json.text("name", options.name);
    json.text("venue", options.venue);
    json.text("state", name_of(feed.state));
    json.text("reason", name_of(feed.reason));
    json.number("messages", feed.messages);
    json.number("bytes", feed.bytes);
    json.number("ticks", feed.ticks);
    json.number("connects", feed.connects);
    json.number("disconnects", feed.disconnects);
    json.number("decoded", verdict(Verdict::decoded));
    json.number("control", verdict(Verdict::control));
    json.number("ignored", verdict(Verdict::ignored));
    json.number("rejected", verdict(Verdict::rejected));
    json.open_object("by_reason");  // why messages brought no ticks; only what happened
    for (std::size_t i = 1; i < feed.by_reason.size(); ++i) {
        if (feed.by_reason[i] == 0) continue;
        json.number(feeds::to_string(static_cast<feeds::Reason>(i)), feed.by_reason[i]);
    }
    json.close_object();
    json.text("last_problem", feed.last_problem);
    json.text("last_reject", feed.last_reject);
    json.close_object();
}

void append_queues(JsonWriter& json, const Snapshot& snapshot) {
    const EngineReport& report = snapshot.engine;
    json.open_object("queues");
    json.number("input_depth", report.input_queue_depth);
    json.number("input_capacity", snapshot.settings.queues.inputs);
    json.number("event_depth", report.event_queue_depth);
    json.number("event_capacity", snapshot.settings.queues.events);
    json.flag("event_queue_full", report.event_queue_full);
    json.number("event_queue_full_total", report.event_queue_full_total);
    json.number("conflated_total", report.conflated_total);
    json.number("wakeups_total", report.wakeups_total);
    json.close_object();
}

void append_latency(JsonWriter& json, std::string_view key, const LatencyHistogram& latency) {
    static constexpr std::array<std::pair<std::string_view, double>, 4> kPercentiles{
        {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p99_9_us", 0.999}}};
    json.open_object(key);
    json.number("count", latency.count());
    for (const auto& [name, p] : kPercentiles) {
        if (latency.count() == 0) {
            json.null(name);
        } else {
            json.scaled_number(name, latency.percentile(p).ns(), 3);
        }
    }
    json.scaled_number("max_us", latency.maximum().ns(), 3);
    json.close_object();
}

void append_gateway(JsonWriter& json, const GatewayStatistics& gateway) {
    json.open_object("gateway");
    json.number("subscribers", gateway.subscribers);
    json.number("subscribers_total", gateway.subscribers_total);
    json.number("refused_total", gateway.refused_total);
    json.number("cut_off_total", gateway.cut_off_total);
    json.number("behind", gateway.behind);
    json.number("fell_behind_total", gateway.fell_behind_total);
    json.number("resumed_total", gateway.resumed_total);
    json.number("events_total", gateway.events_total);
    json.number("bytes_total", gateway.bytes_total);
    json.close_object();
}

void append_admin(JsonWriter& json, const AdminStatistics& admin) {
    json.open_object("admin");
    json.number("connections", admin.connections);
    json.number("connections_total", admin.connections_total);
    json.number("requests_total", admin.requests_total);
    json.number("errors_total", admin.errors_total);
    json.number("evicted_total", admin.evicted_total);
    json.number("refused_total", admin.refused_total);
    json.number("timeouts_total", admin.timeouts_total);
    json.close_object();
}

}  // namespace

Page status_page(const Snapshot& snapshot) {
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("version", MARGIND_VERSION);
    json.text("state", name_of(snapshot.state));
    json.number("now_time", snapshot.now.ns());
    json.number("started_time", snapshot.started.ns());
    json.scaled_number("uptime_seconds", (snapshot.now - snapshot.started).ns() / 1'000'000, 3);
    append_threads(json, snapshot.settings.threads);
    append_engine(json, snapshot.engine);
    append_accounts(json, snapshot.engine.engine);
    json.open_array("instruments");
    for (std::size_t i = 0; i < snapshot.settings.risk.instruments.size(); ++i) {
        append_instrument(json, snapshot, i);
    }
    json.close_array();
    json.open_array("feeds");
    for (std::size_t i = 0; i < snapshot.feeds.size() && i < snapshot.settings.feeds.size(); ++i) {
        append_feed(json, snapshot.settings.feeds[i], snapshot.feeds[i]);
    }
    json.close_array();
    append_queues(json, snapshot);
    json.open_object("latency");
    append_latency(json, "receive_to_applied", snapshot.engine.receive_to_applied);
    append_latency(json, "receive_to_event", snapshot.engine.receive_to_event);
    append_latency(json, "gap_tick", snapshot.engine.gap_tick);
    append_latency(json, "engine_repair", snapshot.engine.repair);
    append_latency(json, "shard_merge_delay", snapshot.engine.merge_delay);
    json.close_object();
    append_gateway(json, snapshot.gateway);
    append_admin(json, snapshot.admin);
    json.close_object();
    return {.body = fmt::to_string(out)};
}

}  // namespace margind::daemon
