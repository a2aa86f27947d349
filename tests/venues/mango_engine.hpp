// Mango v4's accounts as the daemon has them.
#pragma once

#include "tests/venues/answer.hpp"
#include "tests/venues/case.hpp"

namespace margind::test {

Answers mango_health_production(const Case& one);

}  // namespace margind::test
