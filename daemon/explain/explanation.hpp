// The arithmetic of one account, line by line: what a trader reads after a liquidation.
#pragma once

#include <fmt/format.h>

#include "core/engine/engine.hpp"

namespace margind::daemon {

// Appends the explanation of the account as the engine holds it now: the market it depends on, each
// level's items and sums, the ladder, the state, liquidation prices. docs/explain.md says how to
// read it. Requires: the account is priced.
void explain(const core::Engine& engine, core::AccountSlot slot, fmt::memory_buffer& out);

}  // namespace margind::daemon
