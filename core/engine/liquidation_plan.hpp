// What a liquidation should do: the fewest steps, and of the last one the least, that bring the
// account to where the ladder says a liquidation ends.
#pragma once

#include <array>
#include <cstdint>

#include "core/event.hpp"
#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"

namespace margind::core {

struct LiquidationPlan {
    std::array<PlanStep, kMaxPlanSteps> steps;
    std::uint8_t size = 0;
    bool complete = true;  // false: what is left after these steps still misses the target
};

// All resting orders are cancelled first; a plan without steps says that this is enough. Then, one
// after the other, the step that releases most margin for each unit it costs the account:
//
//   close   a position at its mark; it costs the liquidation fee and the insurance fund's
//   repay   a debt with a collateral that is worth it and the collateral's bonus; it costs the
//   bonus
//
// (released = gain in equity - target * margin; equal: the one that releases more; positions before
// debts, in the order of their ids). All but the last are taken whole, or as far as the venue's
// limits let one round go (`complete` is false then); of the last, the least number of lots, or the
// least amount, after which equity >= target * margin. An account that cannot be restored has all
// its positions and debts in the plan. Prices of the steps are those of the account as it is,
// before any of them. `in_liquidation` is for how long the account has been liquidated: fees may
// have grown, and where the venue lets a liquidation cure a growing share of the shortage, the plan
// ends there and is not complete. Requires: the account is priced. Cost: some hundred evaluations;
// runs only when an event is emitted.
LiquidationPlan plan_liquidation(const AccountView& account, const MarketView& market,
                                 const RiskParameters& parameters,
                                 Duration in_liquidation = {}) noexcept;

// The price of the position's instrument at which the account's equity is zero, all else unchanged;
// rounded to the side on which it is still not negative. Zero: no price that the instrument admits
// does that. Found by halving: about 60 evaluations.
Price bankruptcy_price(const AccountView& account, std::size_t position, const MarketView& market,
                       const RiskParameters& parameters) noexcept;

}  // namespace margind::core
