// An event as a line of text that has every field its kind has: two events are the same if their
// lines are, and a difference can be read.
#pragma once

#include <string>

#include "core/event.hpp"

namespace margind::test {

std::string text_of(const core::Event& event);

}  // namespace margind::test
