// Recorded inputs with the names of the configuration they were recorded under: as a line of JSON,
// and as a sentence.
#pragma once

#include <string>

#include "core/input.hpp"
#include "core/parameters.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

// Appends one object without a newline. Numbers that name nothing of `parameters` are written as
// numbers: the engine refused such an input.
void append_input(TextBuffer& out, const core::Input& input,
                  const core::RiskParameters& parameters);

// "a price of coinbase BTC-USD book_top for BTC-PERP: 60000, bid 59999, ask 60001".
std::string input_sentence(const core::Input& input, const core::RiskParameters& parameters);

// What a parameter is changed to: a decimal, or a span of time.
std::string value_text(const core::ParameterInput& parameter);

std::string_view name_of(core::InputKind kind);
std::string_view name_of(core::AccountRecord record);
std::string_view name_of(core::Parameter parameter);
std::string_view name_of(core::Statistic statistic);
std::string_view name_of(core::DaemonNotice notice);

// "alice/main", or "alice" for the main account.
std::string account_text(const core::AccountKey& key);

}  // namespace margind::daemon
