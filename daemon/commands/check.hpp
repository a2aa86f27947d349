// Configs that are sound and yet probably not what was meant.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace margind::daemon {

// One sentence each, naming the instrument or feed.
std::vector<std::string> warnings_of(const config::Settings& settings);

}  // namespace margind::daemon
