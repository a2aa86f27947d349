// Pyth prices -> oracle ticks with their confidence. Taken: the Hermes websocket (price_update),
// the payload of its event stream ({"parsed":[...]}), and Pyth Pro (streamUpdated).
#pragma once

#include <memory>

#include "feeds/venue.hpp"

namespace margind::feeds::pyth {

std::unique_ptr<Decoder> make_decoder();

}  // namespace margind::feeds::pyth
