// Binance spot streams. See feeds/binance/decode.hpp.
#pragma once

#include <memory>

#include "feeds/venue.hpp"

namespace margind::feeds::binance_spot {

std::unique_ptr<Decoder> make_decoder();

}  // namespace margind::feeds::binance_spot
