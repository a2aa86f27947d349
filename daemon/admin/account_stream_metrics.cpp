#include "daemon/admin/account_stream_metrics.hpp"

namespace margind::daemon {
namespace {

void write_sources(MetricsWriter& metrics, const AccountStreamStatistics& accounts) {
    metrics.family("margind_account_lines_total", "counter",
                   "Lines of account updates by source and by what was answered.");
    for (const SourceStatistics& source : accounts.sources) {
        metrics.sample({{"source", source.name}, {"answer", "ack"}}, source.acknowledged_total);
        metrics.sample({{"source", source.name}, {"answer", "refused"}}, source.refused_total);
        metrics.sample({{"source", source.name}, {"answer", "duplicate"}}, source.duplicates_total);
        metrics.sample({{"source", source.name}, {"answer", "gap"}}, source.gaps_total);
    }
    metrics.family("margind_account_lines_unanswered", "gauge",
                   "Lines that wait for the engine or for the journal.");
    for (const SourceStatistics& source : accounts.sources) {
        metrics.sample({{"source", source.name}}, source.unanswered);
    }
    metrics.family("margind_account_next_source_seq", "gauge",
                   "The number that is due from the source.");
    for (const SourceStatistics& source : accounts.sources) {
        metrics.sample({{"source", source.name}}, source.next_source_seq);
    }
}

}  // namespace

void write_account_stream(MetricsWriter& metrics, const AccountStreamStatistics& accounts) {
    if (accounts.sources.empty()) return;
    metrics.gauge("margind_account_connections", "Senders of account updates connected.",
                  accounts.connections);
    metrics.counter("margind_account_connections_total", "Senders ever connected.",
                    accounts.connections_total);
    metrics.counter("margind_account_connections_refused_total",
                    "Senders refused: no room for them.", accounts.connections_refused_total);
    metrics.counter("margind_account_taken_over_total",
                    "Connections closed for a newer one of the same source.",
                    accounts.taken_over_total);
    metrics.counter("margind_account_lines_unnumbered_total",
                    "Lines whose source or number could not be read.", accounts.unnumbered_total);
    write_sources(metrics, accounts);
}

}  // namespace margind::daemon
