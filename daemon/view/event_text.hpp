// An event of the stream as one line a person reads.
#pragma once

#include <string>
#include <string_view>

#include "daemon/view/json.hpp"
#include "daemon/view/text.hpp"

namespace margind::daemon {

// "21:15:03.120 LIQUIDATION  acct-0123  health 0.980  equity 1,234.56 ..." Amounts are cut, not
// rounded: what is below a threshold never looks as if it were on it.
std::string event_text(Json event, std::size_t width, Colour colour);

// The colour of a margin state, an event kind, a price, feed or daemon state.
Ink ink_of(std::string_view word);

}  // namespace margind::daemon
