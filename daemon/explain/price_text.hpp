// Why an instrument's price is what it is, and its margin rate: every source with its last price,
// its age and whether it counted.
#pragma once

#include "core/engine/engine.hpp"
#include "daemon/explain/columns.hpp"

namespace margind::daemon {

// As of the engine's last input, at `now`, its time.
void explain_price(const core::Engine& engine, core::InstrumentId instrument, core::Timestamp now,
                   Columns& columns);

// "coinbase BTC-USD book_top"; a symbol that is a long hash is cut in its middle.
std::string source_text(const core::RiskParameters& parameters, core::SourceId source);

// 12 ns, 3.2 us, 45 ms, 1.5 s: a span of time with at most four digits.
std::string span_text(core::Duration span);

}  // namespace margind::daemon
