// Binance USD-M futures: wss://fstream.binance.com, facts as of the documentation of 2026-08.
//
// Since 2026-04-23 the venue serves two groups of streams on two paths: book tops on
// /public/stream, trades and mark prices on /market/stream. A subscription on the wrong one is
// acknowledged and stays silent, so check() refuses it: a configuration that wants both has two
// feeds.
#pragma once

#include "feeds/venue.hpp"

namespace margind::feeds::binance_usdm {

const Venue& venue();

}  // namespace margind::feeds::binance_usdm
