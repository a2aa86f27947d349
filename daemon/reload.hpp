// What a changed config file means for a running daemon: risk parameters that may change become one
// batch of inputs, applied all or nothing; everything else is named as needing a restart.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/input.hpp"

namespace margind::daemon {

struct Reload {
    std::vector<core::Input> batch;          // parameter inputs, the last of them marked so
    std::vector<std::string> changed;        // what the batch changes: "BTC-PERP liquidation_fee"
    std::vector<std::string> needs_restart;  // keys that differ and are left as they are
};

// Requires: both loaded without problems.
Reload compare(const config::Settings& running, const config::Settings& wanted);

// Takes over into `running` what compare() put into its batch, and nothing else.
void adopt(core::RiskParameters& running, const core::RiskParameters& wanted);

// Reads the file `running` came from once more and says in the log what that means. Takes what may
// change over into `running`, and returns it as a batch for the engine; empty: there is nothing to
// do, or all of it was refused.
std::vector<core::Input> take_reload(config::Settings& running);

}  // namespace margind::daemon
