// The weight or ratio that counts when a resting order fills: half way between the one for new risk
// and the one that is liquidated by, so that an order placed in time still fills after a small
// move. Source: Drift v2, MarginRequirementType::Fill
// (programs/drift/src/state/{perp,spot}_market.rs).
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
constexpr RateOf<N> fill_rate(const RateOf<N>& initial, const RateOf<N>& maintenance,
                              Rounding rounding) {
    using Wide = typename N::WideRaw;
    return RateOf<N>::from_raw(
        N::narrow(divide<Wide>(Wide(initial.wide() + maintenance.wide()), Wide(2), rounding)));
}

}  // namespace margind::core
