// Inputs and events as lines of text, straight from their fields: what a reader of the journal must
// come to, whoever wrote it.
#pragma once

#include <string>

#include "core/event.hpp"
#include "core/input.hpp"

namespace margind::test {

// "kind=price origin=3 receive_time=... ..."; names and order as in docs/journal.md, numbers for
// enumerators, doubles by their bits.
std::string record_text(const core::Input& input);
std::string record_text(const core::Event& event);

}  // namespace margind::test
