// How much of a position a liquidation takes at once, so that it moves the market less.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/margin/quantum.hpp"
#include "core/units.hpp"

namespace margind::core {

// Limits by notional:
//
//   least = min(min_notional, notional)
//   most  = max(least, floor(notional max_portion)), at most notional
//
// and of that at most what is left of account_notional, the limit of one account in one round.
// Source: dYdX v4, GetMaxAndMinPositionNotionalLiquidatable and GetLiquidatablePositionSizeDelta
// (protocol/x/clob/keeper/liquidations.go).
template <class N>
struct LiquidationLimits {
    MoneyOf<N> min_notional;
    RateOf<N> max_portion;
    MoneyOf<N> account_notional;
};

template <class N>
struct NotionalRange {
    MoneyOf<N> least;
    MoneyOf<N> most;
};

// Of one position. Requires: notional >= 0.
template <class N>
constexpr NotionalRange<N> liquidatable_notional(const LiquidationLimits<N>& rule,
                                                 const MoneyOf<N>& notional,
                                                 const MoneyOf<N>& quantum) {
    const MoneyOf<N> least = std::min(rule.min_notional, notional);
    const MoneyOf<N> portion = product(notional, rule.max_portion, Rounding::down, quantum);
    return {.least = least, .most = std::clamp(portion, least, notional)};
}

// The quantity to liquidate, to be subtracted from the position: signed like it. All of it if its
// notional is within the limits, else the quantity worth the limit, rounded down to whole steps, at
// least one step. Requires: step > 0, price > 0.
template <class N>
constexpr QuantityOf<N> liquidation_quantity(const LiquidationLimits<N>& rule,
                                             const ContractScaleOf<N>& scale,
                                             const PriceOf<N>& price, const QuantityOf<N>& position,
                                             const QuantityOf<N>& step, const MoneyOf<N>& quantum) {
    using Wide = typename N::WideRaw;
    const QuantityOf<N> size = magnitude(position);
    const MoneyOf<N> notional = round(scale.value(price, size), Rounding::down, quantum);
    const MoneyOf<N> limit =
        std::min(liquidatable_notional(rule, notional, quantum).most, rule.account_notional);
    if (notional <= limit) {
        return position;
    }
    const Wide worth_limit =
        div_floor<Wide>(Wide(limit.wide() * N::scale()), Wide(price.wide() * Wide(scale.factor())));
    const Wide steps = std::max<Wide>(div_floor<Wide>(worth_limit, step.wide()), Wide(1));
    const Wide quantity = std::min<Wide>(Wide(steps * step.wide()), size.wide());
    return QuantityOf<N>::from_raw(N::narrow(position.raw() < 0 ? Wide(-quantity) : quantity));
}

// The share of a shortage that may be cured so far: a liquidation starts with part of it and is
// allowed more as time passes, so that a price that comes back still finds a position.
//
//   allowed = min(1, initial_share + elapsed / duration)
//   share   = [(shortage + freed) allowed - freed]+ / shortage
//
// `freed` is what the liquidation has cured before. A shortage below at_once_below is cured whole.
// Rounded down. Time is in the venue's own units (Drift: slots); a duration of zero allows all.
// Source: Drift v2, calculate_max_pct_to_liquidate (programs/drift/src/math/liquidation.rs).
template <class N>
struct LiquidationRamp {
    RateOf<N> initial_share;
    std::int64_t duration = 0;
    MoneyOf<N> at_once_below = MoneyOf<N>::from_raw(typename N::Raw(N::scale() * 50));
};

// Requires: shortage > 0 or below at_once_below; freed, elapsed >= 0.
template <class N>
constexpr RateOf<N> liquidation_share(const LiquidationRamp<N>& rule, const MoneyOf<N>& shortage,
                                      const MoneyOf<N>& freed, std::int64_t elapsed) {
    using Wide = typename N::WideRaw;
    if (shortage < rule.at_once_below || elapsed >= rule.duration) {
        return rate_one<N>();
    }
    const Wide passed = div_floor<Wide>(Wide(Wide(elapsed) * N::scale()), Wide(rule.duration));
    const RateOf<N> allowed =
        std::min(rate_one<N>(), rule.initial_share + RateOf<N>::from_raw(N::narrow(passed)));
    const MoneyOf<N> curable = product(shortage + freed, allowed, Rounding::down);
    return curable <= freed ? RateOf<N>() : ratio(curable - freed, shortage, Rounding::down);
}

}  // namespace margind::core
