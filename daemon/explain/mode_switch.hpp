// What moving a position between cross and isolated margin would do. Nothing is changed.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/engine/engine.hpp"
#include "core/ids.hpp"

namespace margind::daemon {

// "owner" or "owner/sub_account". False: it is no account's name.
bool read_account_name(std::string_view text, core::AccountKey& key);

// `text` is INSTRUMENT:isolated=MARGIN (the account's position, with MARGIN of what it settles in,
// becomes an account of its own) or INSTRUMENT:cross (the account, which is that position's
// isolated margin, returns to the owner's main account). Appends equity, margins, state and
// liquidation price of both accounts before and after. Returns what is wrong with `text`; then
// nothing was appended. Requires: every account of the engine is priced.
std::string explain_switch(const core::Engine& engine, core::AccountSlot slot,
                           std::string_view text, fmt::memory_buffer& out);

}  // namespace margind::daemon
