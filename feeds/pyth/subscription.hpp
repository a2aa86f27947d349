// Pyth oracle through Hermes: wss://hermes.pyth.network/ws. Since 2026-08-18 a key is needed.
#pragma once

#include "feeds/venue.hpp"

namespace margind::feeds::pyth {

const Venue& venue();

}  // namespace margind::feeds::pyth
