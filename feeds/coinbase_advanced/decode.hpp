// Coinbase Advanced Trade feed: ticker -> book_top, market_trades -> trade. `sequence_num` counts
// the messages of a connection and starts anew with the next one, so it is no order of ticks.
#pragma once

#include <memory>

#include "feeds/venue.hpp"

namespace margind::feeds::coinbase_advanced {

std::unique_ptr<Decoder> make_decoder();

}  // namespace margind::feeds::coinbase_advanced
