// What differs between two sets of risk parameters, of what can be changed while the daemon runs.
#pragma once

#include "core/parameters.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

// Appends a line for each. Requires: the same instruments and assets in the same order.
void explain_parameter_changes(const core::RiskParameters& before,
                               const core::RiskParameters& after, TextBuffer& out);

}  // namespace margind::daemon
