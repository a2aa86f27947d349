// Coinbase Exchange feed: ticker -> book_top, match -> trade. A ticker repeats the price of the
// match before it, so that is not taken from there. `sequence` counts all messages of a product and
// has holes on filtered channels: it orders, and cannot show loss.
#pragma once

#include <memory>

#include "feeds/venue.hpp"

namespace margind::feeds::coinbase_exchange {

std::unique_ptr<Decoder> make_decoder();

}  // namespace margind::feeds::coinbase_exchange
