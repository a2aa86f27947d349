// /metrics: Prometheus text exposition format 0.0.4.
#include <array>
#include <cmath>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "daemon/admin/account_stream_metrics.hpp"
#include "daemon/admin/metrics_writer.hpp"
#include "daemon/admin/pages.hpp"
#include "feeds/feed_tally.hpp"

namespace margind::daemon {
namespace {

double seconds_between(core::Timestamp from, core::Timestamp to) {
    return from.stated() ? (to - from).seconds() : std::nan("");
}

void write_process(MetricsWriter& metrics, const Snapshot& snapshot) {
    metrics.family("margind_build_info", "gauge", "Always 1; what is running is in the labels.");
    metrics.sample({{"version", MARGIND_VERSION},
                    {"compiler", __VERSION__},
                    {"layout", name_of(snapshot.settings.threads.layout)}},
                   1);
    metrics.family("margind_process_start_time_seconds", "gauge",
                   "Start of the process, seconds since 1970 UTC.");
    metrics.sample_scaled({}, snapshot.started.ns(), 9);
    metrics.family("margind_state", "gauge", "1 for the state the daemon is in, 0 for the others.");
    for (const RunState state :
         {RunState::warming, RunState::live, RunState::degraded, RunState::draining}) {
        metrics.sample({{"state", name_of(state)}}, snapshot.state == state ? 1 : 0);
    }
}

void write_engine(MetricsWriter& metrics, const Snapshot& snapshot) {
    const core::EngineStatistics& engine = snapshot.engine.engine;
    metrics.family("margind_engine_report_age_seconds", "gauge",
                   "Time since the engine last reported; it does so every 0.1 s.");
    metrics.sample({}, seconds_between(snapshot.engine.engine_time, snapshot.now));
    metrics.counter("margind_inputs_total", "Inputs applied by the engine.", engine.inputs);
    metrics.counter("margind_evaluations_total", "Accounts evaluated.", engine.evaluations);
    metrics.counter("margind_audits_total", "Accounts the engine audited by itself.",
                    engine.audits);
    metrics.family("margind_audits_failed_total", "counter",
                   "Audits that found an account wrong, by what was; a defect of margind.");
    for (std::size_t i = 0; i < engine.audits_failed.size(); ++i) {
        metrics.sample({{"check", name_of(static_cast<core::AuditCheck>(i))}},
                       engine.audits_failed[i]);
    }
    metrics.gauge("margind_last_input_seq", "Sequence number of the last input applied.",
                  snapshot.engine.last_input_seq);
    metrics.family("margind_inputs_refused_total", "counter",
                   "Inputs the engine refused, by reason; they changed nothing.");
    for (std::size_t i = 1; i < engine.refused.size(); ++i) {
        metrics.sample({{"reason", name_of(static_cast<core::Refusal>(i))}}, engine.refused[i]);
    }
    metrics.family("margind_events_total", "counter", "Events made by the engine, by kind.");
    for (std::size_t i = 0; i < engine.events_by_kind.size(); ++i) {
        metrics.sample({{"kind", name_of(static_cast<core::EventKind>(i))}},
                       engine.events_by_kind[i]);
    }
    metrics.family("margind_accounts", "gauge", "Accounts by margin state.");
    for (std::size_t i = 0; i < engine.accounts_by_state.size(); ++i) {
        metrics.sample({{"state", name_of(static_cast<core::MarginState>(i))}},
                       engine.accounts_by_state[i]);
    }
    metrics.gauge("margind_accounts_held",
                  "Accounts due for liquidation that a distrusted price holds back.",
                  engine.accounts_held);
    metrics.gauge("margind_accounts_unpriced",
                  "Accounts waiting for the first price of something they hold.",
                  engine.accounts_unpriced);
}

void write_bands(MetricsWriter& metrics, const core::BandStatistics& bands) {
    metrics.family("margind_bands_accounts", "gauge",
                   "Accounts by how the engine finds them; none with engine.search: reference.");
    metrics.sample({{"mode", "banded"}}, bands.banded);
    metrics.sample({{"mode", "tracked"}}, bands.tracked);
    metrics.sample({{"mode", "watched"}}, bands.watched);
    metrics.gauge("margind_bands_accounts_uncovered",
                  "Accounts watched for good: under rules that nothing covers, or distrusted.",
                  bands.uncovered);
    metrics.gauge("margind_bands_accounts_distrusted",
                  "Accounts watched because an audit of them failed.", bands.distrusted);
    metrics.counter("margind_bands_fired_total", "Guards reached by a price or a rate.",
                    bands.fired);
    metrics.counter("margind_bands_unwanted_total",
                    "Of those, guards whose account had others by then.", bands.unwanted);
    metrics.counter("margind_bands_guards_set_total", "Guards set.", bands.guards_set);
    metrics.counter("margind_bands_put_off_total", "Repairs put off to a later tick.",
                    bands.put_off);
    metrics.counter("margind_bands_no_memory_total",
                    "Guards and distances that found no room; their accounts are watched.",
                    bands.no_memory);
    metrics.counter("margind_bands_uncertified_total",
                    "Guards refused by their certificate; never expected.", bands.uncertified);
    metrics.counter("margind_bands_anchored_total",
                    "Wheels laid anew because a price had gone far.", bands.anchored);
    metrics.gauge("margind_bands_bytes", "Memory of the band index in use.", bands.bytes);
}

void write_latency(MetricsWriter& metrics, std::string_view name, std::string_view help,
                   const LatencyHistogram& latency) {
    static constexpr std::array<std::pair<std::string_view, double>, 4> kQuantiles{
        {{"0.5", 0.5}, {"0.9", 0.9}, {"0.99", 0.99}, {"0.999", 0.999}}};
    metrics.family(name, "summary", help);
    for (const auto& [label, p] : kQuantiles) {
        if (latency.count() == 0) {
            metrics.sample({{"quantile", label}}, std::nan(""));
        } else {
            metrics.sample_scaled({{"quantile", label}}, latency.percentile(p).ns(), 9);
        }
    }
    metrics.suffixed("_sum", {}, latency.sum_seconds());
    metrics.suffixed("_count", {}, static_cast<double>(latency.count()));
}

void write_latencies(MetricsWriter& metrics, const EngineReport& report) {
    write_latency(metrics, "margind_receive_to_applied_seconds",
                  "From a price in hand until the engine has judged everybody, since start.",
                  report.receive_to_applied);
    write_latency(metrics, "margind_receive_to_event_seconds",
                  "From a price in hand until its event is handed to the gateway, since start.",
                  report.receive_to_event);
    write_latency(metrics, "margind_gap_tick_seconds",
                  "From a price in hand until the engine has judged everybody, of prices for which "
                  "1000 accounts or more were evaluated, since start.",
                  report.gap_tick);
    write_latency(metrics, "margind_engine_repair_seconds",
                  "Time to set guards anew after the events of an input are out, since start.",
                  report.repair);
    write_latency(
        metrics, "margind_shard_merge_delay_seconds",
        "From a shard having judged its accounts until its event of a price left in order, "
        "since start; none with one shard.",
        report.merge_delay);
    metrics.family("margind_latency_max_seconds", "gauge", "Largest since start, by stage.");
    metrics.sample_scaled({{"stage", "receive_to_applied"}},
                          report.receive_to_applied.maximum().ns(), 9);
    metrics.sample_scaled({{"stage", "receive_to_event"}}, report.receive_to_event.maximum().ns(),
                          9);
}

void write_queues(MetricsWriter& metrics, const Snapshot& snapshot) {
    const EngineReport& report = snapshot.engine;
    metrics.family("margind_queue_depth", "gauge", "Entries waiting, approximately.");
    metrics.sample({{"queue", "inputs"}}, report.input_queue_depth);
    metrics.sample({{"queue", "events"}}, report.event_queue_depth);
    metrics.family("margind_queue_capacity", "gauge", "Entries the queue can hold.");
    metrics.sample({{"queue", "inputs"}}, snapshot.settings.queues.inputs);
    metrics.sample({{"queue", "events"}}, snapshot.settings.queues.events);
    metrics.gauge("margind_event_queue_full", "1 while the engine waits for the gateway.",
                  report.event_queue_full ? 1U : 0U);
    metrics.counter("margind_event_queue_full_total",
                    "Times the engine had to wait for the gateway.", report.event_queue_full_total);
    metrics.counter(
        "margind_prices_conflated_total",
        "Prices overtaken by a newer one of the same source before the engine saw them.",
        report.conflated_total);
    metrics.counter("margind_wakeups_total", "Parked threads the engine had to wake.",
                    report.wakeups_total);
}

void write_journal(MetricsWriter& metrics, const JournalReport& journal) {
    metrics.counter("margind_journal_records_total", "Inputs and events written.", journal.records);
    metrics.counter("margind_journal_bytes_total", "Bytes of their payloads.", journal.bytes);
    metrics.counter("margind_journal_commits_total", "Times both streams were synced.",
                    journal.commits);
    metrics.counter("margind_journal_disk_full_total",
                    "Times there was no room on the disk for what had to be written.",
                    journal.full_total);
    metrics.gauge("margind_journal_waiting_bytes", "Bytes that wait for the journal's thread.",
                  journal.ring_bytes);
    metrics.gauge("margind_journal_free_bytes", "Free bytes on the journal's disk.",
                  journal.free_bytes);
    metrics.gauge("margind_journal_disk_low", "1 while less is free than journal.free_low_bytes.",
                  journal.disk_low ? 1U : 0U);
    metrics.gauge("margind_journal_failed", "1 since a write or a sync failed: nothing is told.",
                  journal.failed ? 1U : 0U);
    metrics.gauge("margind_journal_durable_input", "Inputs up to this one are on disk.",
                  journal.durable_input);
    metrics.gauge("margind_journal_durable_event", "Events up to this one are on disk.",
                  journal.durable_event);
    write_latency(metrics, "margind_journal_commit_seconds",
                  "Time to write and sync both streams, since start.", journal.commit);
}

void write_shadow(MetricsWriter& metrics, const ShadowReport& shadow) {
    metrics.gauge("margind_shadow_input", "The shadow has replayed up to this input.",
                  shadow.input_seq);
    metrics.counter("margind_shadow_events_compared_total",
                    "Events the shadow made and found in the journal, byte for byte.",
                    shadow.events_compared);
    metrics.gauge("margind_shadow_diverged",
                  "1 since a replay did not give the events that were told.",
                  shadow.diverged ? 1U : 0U);
    metrics.counter("margind_snapshots_total", "Snapshots written since start.", shadow.snapshots);
    metrics.gauge("margind_snapshot_input", "The newest snapshot stands after this input.",
                  shadow.snapshot_input);
    metrics.counter("margind_journal_upkeep_failures_total",
                    "Snapshots, compressed or removed segments that failed; tried again.",
                    shadow.failures);
    write_latency(metrics, "margind_snapshot_seconds", "Time to write a snapshot, since start.",
                  shadow.snapshot);
}

template <class Value>
void write_per_feed(MetricsWriter& metrics, const Snapshot& snapshot, std::string_view name,
                    std::string_view help, Value feeds::FeedStatistics::* member) {
    metrics.family(name, "counter", help);
    for (std::size_t i = 0; i < snapshot.feeds.size() && i < snapshot.settings.feeds.size(); ++i) {
        const feeds::FeedOptions& options = snapshot.settings.feeds[i];
        metrics.sample({{"feed", options.name}, {"venue", options.venue}},
                       snapshot.feeds[i].*member);
    }
}

void write_feed_states(MetricsWriter& metrics, const Snapshot& snapshot) {
    metrics.family("margind_feed_state", "gauge",
                   "1 for the state the feed is in, 0 for the others.");
    for (std::size_t i = 0; i < snapshot.feeds.size() && i < snapshot.settings.feeds.size(); ++i) {
        for (const core::FeedState state : {core::FeedState::connecting, core::FeedState::live,
                                            core::FeedState::silent, core::FeedState::down}) {
            metrics.sample({{"feed", snapshot.settings.feeds[i].name}, {"state", name_of(state)}},
                           snapshot.feeds[i].state == state ? 1 : 0);
        }
    }
}

void write_feed_reasons(MetricsWriter& metrics, const Snapshot& snapshot) {
    metrics.family("margind_feed_messages_by_reason_total", "counter",
                   "Messages that brought no ticks, by why; reasons that never came are left out.");
    for (std::size_t i = 0; i < snapshot.feeds.size() && i < snapshot.settings.feeds.size(); ++i) {
        for (std::size_t r = 1; r < snapshot.feeds[i].by_reason.size(); ++r) {
            if (snapshot.feeds[i].by_reason[r] == 0) continue;
            metrics.sample({{"feed", snapshot.settings.feeds[i].name},
                            {"reason", feeds::to_string(static_cast<feeds::Reason>(r))}},
                           snapshot.feeds[i].by_reason[r]);
        }
    }
}

void write_feeds(MetricsWriter& metrics, const Snapshot& snapshot) {
    using feeds::FeedStatistics;
    write_per_feed(metrics, snapshot, "margind_feed_messages_total", "Messages received.",
                   &FeedStatistics::messages);
    write_per_feed(metrics, snapshot, "margind_feed_bytes_total", "Bytes of messages received.",
                   &FeedStatistics::bytes);
    write_per_feed(metrics, snapshot, "margind_feed_ticks_total", "Ticks decoded.",
                   &FeedStatistics::ticks);
    write_per_feed(metrics, snapshot, "margind_feed_connects_total",
                   "Connections that reached a confirmed subscription.", &FeedStatistics::connects);
    write_per_feed(metrics, snapshot, "margind_feed_disconnects_total", "Connections lost or left.",
                   &FeedStatistics::disconnects);
    metrics.family("margind_feed_messages_by_verdict_total", "counter",
                   "Messages by what became of them.");
    for (std::size_t i = 0; i < snapshot.feeds.size() && i < snapshot.settings.feeds.size(); ++i) {
        for (std::size_t v = 0; v < snapshot.feeds[i].by_verdict.size(); ++v) {
            metrics.sample({{"feed", snapshot.settings.feeds[i].name},
                            {"verdict", name_of(static_cast<feeds::Verdict>(v))}},
                           snapshot.feeds[i].by_verdict[v]);
        }
    }
    write_feed_reasons(metrics, snapshot);
    write_feed_states(metrics, snapshot);
}

void write_prices(MetricsWriter& metrics, const Snapshot& snapshot, std::string_view name,
                  std::string_view help, core::Price core::InstrumentStatus::* member) {
    metrics.family(name, "gauge", help);
    const auto& instruments = snapshot.settings.risk.instruments;
    for (std::size_t i = 0; i < instruments.size() && i < snapshot.engine.instruments.size(); ++i) {
        const core::Price price = snapshot.engine.instruments[i].*member;
        if (price.raw() == 0) continue;  // no price is not a price of zero
        metrics.sample_scaled({{"instrument", instruments[i].name}}, price.raw(),
                              instruments[i].price_decimals);
    }
}

template <class F>
void for_each_instrument(const Snapshot& snapshot, F write) {
    const auto& instruments = snapshot.settings.risk.instruments;
    for (std::size_t i = 0; i < instruments.size() && i < snapshot.engine.instruments.size(); ++i) {
        write(std::string_view(instruments[i].name), snapshot.engine.instruments[i]);
    }
}

void write_instruments(MetricsWriter& metrics, const Snapshot& snapshot) {
    using core::InstrumentStatus;
    using core::PriceState;
    write_prices(metrics, snapshot, "margind_mark_price", "Mark price, in the quote asset.",
                 &InstrumentStatus::mark);
    write_prices(metrics, snapshot, "margind_index_price", "Index price, in the quote asset.",
                 &InstrumentStatus::index);
    metrics.family("margind_volatility_annual", "gauge",
                   "Realised volatility behind the margin rates, annual, a fraction.");
    for_each_instrument(snapshot, [&](std::string_view name, const InstrumentStatus& status) {
        metrics.sample({{"instrument", name}}, status.sigma_annual);
    });
    metrics.family("margind_margin_rate", "gauge", "Margin rate of the first tier, a fraction.");
    for_each_instrument(snapshot, [&](std::string_view name, const InstrumentStatus& status) {
        metrics.sample_scaled({{"instrument", name}, {"level", "initial"}},
                              status.initial_rate.raw(), core::kScaleDecimals);
        metrics.sample_scaled({{"instrument", name}, {"level", "maintenance"}},
                              status.maintenance_rate.raw(), core::kScaleDecimals);
    });
    metrics.family("margind_price_state", "gauge",
                   "1 for the state the price is in, 0 for the others.");
    for_each_instrument(snapshot, [&](std::string_view name, const InstrumentStatus& status) {
        for (const PriceState state : {PriceState::good, PriceState::suspect, PriceState::frozen}) {
            metrics.sample({{"instrument", name}, {"state", name_of(state)}},
                           status.state == state ? 1 : 0);
        }
    });
    metrics.family("margind_live_sources", "gauge", "Price sources fresh enough to be merged.");
    for_each_instrument(snapshot, [&](std::string_view name, const InstrumentStatus& status) {
        metrics.sample({{"instrument", name}, {"role", "index"}}, status.live_index_sources);
        metrics.sample({{"instrument", name}, {"role", "mark"}}, status.live_mark_sources);
    });
}

// The labels of one source on a sample of the current family.
template <class F>
void for_each_source(const Snapshot& snapshot, F write) {
    const core::RiskParameters& risk = snapshot.settings.risk;
    for (std::size_t i = 0; i < risk.sources.size() && i < snapshot.engine.sources.size(); ++i) {
        const core::Source& source = risk.sources[i];
        const std::initializer_list<MetricLabel> labels = {
            {"instrument", risk.instruments[source.instrument.index()].name},
            {"feed", risk.feeds[source.feed.index()]},
            {"symbol", source.symbol},
            {"channel", name_of(source.channel)},
            {"role", name_of(source.role)},
            {"quote", risk.assets[source.quote.index()].name}};
        write(labels, snapshot.engine.sources[i]);
    }
}

void write_sources(MetricsWriter& metrics, const Snapshot& snapshot) {
    using Labels = std::initializer_list<MetricLabel>;
    metrics.family("margind_source_price_age_seconds", "gauge",
                   "Age of the source's last accepted price; NaN before the first.");
    for_each_source(snapshot, [&](Labels labels, const core::SourceStatus& status) {
        metrics.sample(labels, seconds_between(status.receive_time, snapshot.now));
    });
    metrics.family("margind_source_accepted_total", "counter", "Prices accepted of the source.");
    for_each_source(snapshot, [&](Labels labels, const core::SourceStatus& status) {
        metrics.sample(labels, status.accepted);
    });
    metrics.family("margind_source_refused_total", "counter", "Prices refused of the source.");
    for_each_source(snapshot, [&](Labels labels, const core::SourceStatus& status) {
        metrics.sample(labels, status.refused);
    });
}

void write_gateway(MetricsWriter& metrics, const GatewayStatistics& gateway) {
    metrics.gauge("margind_gateway_subscribers", "Subscribers connected.", gateway.subscribers);
    metrics.counter("margind_gateway_subscribers_total", "Subscribers ever connected.",
                    gateway.subscribers_total);
    metrics.counter("margind_gateway_refused_total", "Subscribers refused: no room for them.",
                    gateway.refused_total);
    metrics.counter("margind_gateway_cut_off_total", "Subscribers cut off: too slow.",
                    gateway.cut_off_total);
    metrics.gauge("margind_gateway_behind", "Subscribers that are read the past.", gateway.behind);
    metrics.counter("margind_gateway_fell_behind_total",
                    "Times a subscriber was so slow that it had to be read the past.",
                    gateway.fell_behind_total);
    metrics.counter("margind_gateway_resumed_total", "Logins that asked for earlier events.",
                    gateway.resumed_total);
    metrics.counter("margind_gateway_events_total", "Events published.", gateway.events_total);
    metrics.counter("margind_gateway_bytes_total", "Bytes handed to subscribers' sockets.",
                    gateway.bytes_total);
}

void write_admin(MetricsWriter& metrics, const AdminStatistics& admin) {
    metrics.gauge("margind_admin_connections", "Connections to this server.", admin.connections);
    metrics.counter("margind_admin_connections_total", "Connections ever accepted.",
                    admin.connections_total);
    metrics.counter("margind_admin_requests_total", "Requests answered.", admin.requests_total);
    metrics.counter("margind_admin_errors_total", "Requests answered with 4xx or 5xx.",
                    admin.errors_total);
    metrics.counter("margind_admin_evicted_total", "Idle connections closed to make room.",
                    admin.evicted_total);
    metrics.counter("margind_admin_refused_total", "Connections refused: no room.",
                    admin.refused_total);
    metrics.counter("margind_admin_timeouts_total",
                    "Connections closed because a request or answer took too long.",
                    admin.timeouts_total);
}

}  // namespace

Page metrics_page(const Snapshot& snapshot) {
    TextBuffer out;
    MetricsWriter metrics(out);
    write_process(metrics, snapshot);
    write_engine(metrics, snapshot);
    write_bands(metrics, snapshot.engine.bands);
    write_latencies(metrics, snapshot.engine);
    write_queues(metrics, snapshot);
    if (snapshot.journal != nullptr) write_journal(metrics, *snapshot.journal);
    if (snapshot.shadow != nullptr) write_shadow(metrics, *snapshot.shadow);
    write_feeds(metrics, snapshot);
    write_instruments(metrics, snapshot);
    write_sources(metrics, snapshot);
    write_gateway(metrics, snapshot.gateway);
    write_account_stream(metrics, snapshot.accounts);
    write_admin(metrics, snapshot.admin);
    return {.body = fmt::to_string(out),
            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace margind::daemon
