// A market that has grown large for its liquidity needs more initial margin.
//
//   rate = base                                                  open interest <= lower_cap
//   rate = base + (1 - base) (oi - lower_cap) / (upper_cap - lower_cap)      between the caps
//   rate = 1                                                     open interest >= upper_cap
//
// `open interest` is its value at the market's price, in the same money as the caps. An upper_cap
// of zero switches the rule off. The rate is cut down to whole `step`s - the venue rounds it in the
// account's favour - or, with a step of zero, rounded up.
// Source: dYdX v4, LiquidityTier.GetInitialMarginQuoteQuantums (protocol/x/perpetuals/types).
#pragma once

#include <algorithm>

#include "core/margin/quantum.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct OpenInterestScaling {
    MoneyOf<N> lower_cap;
    MoneyOf<N> upper_cap;  // above lower_cap, or zero
    RateOf<N> step;
};

// Requires: 0 <= base <= 1, open_interest >= 0.
template <class N>
constexpr RateOf<N> scale_by_open_interest(const OpenInterestScaling<N>& rule,
                                           const RateOf<N>& base, const MoneyOf<N>& open_interest) {
    using Wide = typename N::WideRaw;
    if (rule.upper_cap.raw() == 0 || open_interest <= rule.lower_cap) {
        return base;
    }
    if (open_interest >= rule.upper_cap) {
        return rate_one<N>();
    }
    const Wide room = (rate_one<N>() - base).wide();
    const Wide raised = divide<Wide>(Wide(room * (open_interest - rule.lower_cap).wide()),
                                     (rule.upper_cap - rule.lower_cap).wide(),
                                     rule.step.raw() == 0 ? Rounding::up : Rounding::down);
    return cut_to_step(base + RateOf<N>::from_raw(N::narrow(raised)), rule.step);
}

}  // namespace margind::core
