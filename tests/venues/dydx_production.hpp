// dYdX v4, through its profile, the config loader and the engine.
#pragma once

#include "tests/venues/answer.hpp"
#include "tests/venues/case.hpp"

namespace margind::test::dydx {

Answers margin_ppm_production(const Case& test);
Answers position_production(const Case& test);
Answers thresholds_production(const Case& test);
Answers risk_order_production(const Case& test);
Answers transition_production(const Case& test);
Answers account_production(const Case& test);
Answers bankruptcy_price_production(const Case& test);
Answers fillable_price_production(const Case& test);
Answers insurance_delta_production(const Case& test);
Answers liquidation_size_production(const Case& test);

}  // namespace margind::test::dydx
