// One position, one balance, at one level.
#pragma once

#include <cstdint>

#include "daemon/explain/columns.hpp"
#include "daemon/explain/level_seen.hpp"
#include "daemon/explain/wording.hpp"

namespace margind::daemon {

void explain_position(const Subject& subject, const LevelSeen& seen, std::uint32_t p,
                      Columns& columns);
void explain_balance(const Subject& subject, const LevelSeen& seen, std::uint32_t b,
                     Columns& columns);

}  // namespace margind::daemon
