// What a liquidation should close: the fewest, and of the last one the least, that restores the
// account to the ladder's liquidation target.
#pragma once

#include <array>
#include <cstdint>

#include "core/event.hpp"
#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"

namespace margind::core {

struct LiquidationPlan {
    std::array<PlanStep, kMaxPlanSteps> steps;
    std::uint8_t size = 0;
    bool complete = true;  // false: what is left after these steps still misses the target
};

// Positions are closed at their marks, each paying its liquidation fee: the one first that releases
// most maintenance margin for each unit lost (ties: the larger requirement; instrument order). All
// but the last are closed whole; of the last, the least number of lots after which equity >= target
// * maintenance margin. An account that cannot be restored has all its positions in the plan.
// Requires: the account is priced. Cost: about 60 evaluations; runs only when an event is emitted.
LiquidationPlan plan_liquidation(const AccountView& account, const MarketView& market,
                                 const RiskParameters& parameters) noexcept;

// The price of the position's instrument at which the account's equity is zero, all else unchanged;
// rounded to the side on which it is still not negative. Where the settlement asset has a haircut
// or a liability weight, the price at which it is surely not negative. Zero: no positive price does
// that.
Price bankruptcy_price(const PositionRow& position, const Evaluation& evaluation,
                       const MarketView& market, AssetId quote) noexcept;

}  // namespace margind::core
