// Coinbase Advanced Trade: wss://advanced-trade-ws.coinbase.com, no key needed for what we use.
#pragma once

#include "feeds/venue.hpp"

namespace margind::feeds::coinbase_advanced {

const Venue& venue();

}  // namespace margind::feeds::coinbase_advanced
