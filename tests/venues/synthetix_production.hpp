// Synthetix perps v3, through its profile, the config loader and the engine.
#pragma once

#include "tests/venues/answer.hpp"
#include "tests/venues/case.hpp"

namespace margind::test::synthetix {

Answers account_production(const Case& one);
Answers order_margin_production(const Case& one);
Answers keeper_reward_production(const Case& one);

}  // namespace margind::test::synthetix
