// What /metrics says of the listener for account updates.
#pragma once

#include "daemon/admin/metrics_writer.hpp"
#include "daemon/ingress/account_listener.hpp"

namespace margind::daemon {

// Nothing where nobody listens.
void write_account_stream(MetricsWriter& metrics, const AccountStreamStatistics& accounts);

}  // namespace margind::daemon
