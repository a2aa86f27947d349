// Binance spot: wss://stream.binance.com:9443, facts as of the documentation of 2026-08.
#pragma once

#include "feeds/venue.hpp"

namespace margind::feeds::binance_spot {

const Venue& venue();

}  // namespace margind::feeds::binance_spot
