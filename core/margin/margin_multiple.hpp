// Levels that are a multiple of another level's margin: a share of the maintenance margin at which
// the venue looks for more collateral, that a new order must leave, above which collateral is
// released.
//
//   margin = floor(multiple x margin of the other level, in the venue's unit)
//
// Source: Vega, protocol specs 0019-MCAL (search, initial and release level).
#pragma once

#include "core/units.hpp"

namespace margind::core {

// `unit` is the venue's smallest amount; zero: exact to the last decimal. Requires: margin >= 0.
template <class N>
constexpr MoneyOf<N> margin_multiple(const MoneyOf<N>& margin, const RateOf<N>& multiple,
                                     const MoneyOf<N>& unit) {
    using Wide = typename N::WideRaw;
    const Wide exact = margin.wide() * multiple.wide();
    if (unit.raw() == 0) {
        return MoneyOf<N>::from_raw(N::narrow(div_floor<Wide>(exact, N::scale())));
    }
    return MoneyOf<N>::from_raw(
        N::narrow(Wide(div_floor<Wide>(exact, Wide(unit.wide() * N::scale())) * unit.wide())));
}

}  // namespace margind::core
