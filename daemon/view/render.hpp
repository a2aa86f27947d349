// The live view as text: pure functions of the model.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "daemon/view/model.hpp"
#include "daemon/view/text.hpp"

namespace margind::daemon {

// The screen: at most `height` lines of at most `width` columns. Requires: width >= 80.
std::vector<std::string> render(const ViewModel& model, std::size_t width, std::size_t height,
                                Colour colour);

// Where no screen is: a few lines to be appended every few seconds. `events_shown` is how many of
// model.latest_total() earlier calls have covered.
std::vector<std::string> plain_report(const ViewModel& model, std::uint64_t events_shown);

// What happened, once it is over.
std::vector<std::string> summary(const ViewModel& model, Colour colour);

}  // namespace margind::daemon
