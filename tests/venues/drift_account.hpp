// Drift v2: the models of whole accounts, of one position and of one balance.
#pragma once

#include "tests/venues/answer.hpp"
#include "tests/venues/case.hpp"

namespace margind::test {

Answers drift_spot_weight(const Case& test);
Answers drift_pnl_weight(const Case& test);
Answers drift_margin_ratio(const Case& test);
Answers drift_perp_position(const Case& test);
Answers drift_perp_worst_case(const Case& test);
Answers drift_spot_worst_case(const Case& test);
Answers drift_account(const Case& test);
Answers drift_equity(const Case& test);
Answers drift_max_withdraw(const Case& test);

// The same through profile, config loader and engine: drift_engine.cpp.
Answers drift_spot_weight_production(const Case& test);
Answers drift_pnl_weight_production(const Case& test);
Answers drift_margin_ratio_production(const Case& test);
Answers drift_perp_position_production(const Case& test);
Answers drift_perp_worst_case_production(const Case& test);
Answers drift_spot_worst_case_production(const Case& test);
Answers drift_account_production(const Case& test);
Answers drift_equity_production(const Case& test);
Answers drift_max_withdraw_production(const Case& test);

}  // namespace margind::test
