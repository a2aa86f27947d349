// Coinbase Exchange: wss://ws-feed.exchange.coinbase.com, no key needed for what we use.
#pragma once

#include "feeds/venue.hpp"

namespace margind::feeds::coinbase_exchange {

const Venue& venue();

}  // namespace margind::feeds::coinbase_exchange
