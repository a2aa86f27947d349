// Margin by leverage: a holder chooses one, a venue allows at most one.
//
//   margin = notional / leverage                    rounded up
//
// Source: isolated margin of Bybit, Binance and others; Hyperliquid docs, "Margining".
#pragma once

#include "core/units.hpp"

namespace margind::core {

// Requires: leverage > 0.
template <class N>
constexpr MoneyOf<N> margin_at_leverage(const ValueOf<N>& notional, const RateOf<N>& leverage) {
    return MoneyOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(notional.raw(), leverage.wide(), Rounding::up)));
}

// The same as a rate of the notional.
template <class N>
constexpr RateOf<N> rate_at_leverage(const RateOf<N>& leverage) {
    return quotient(rate_one<N>(), leverage, Rounding::up);
}

}  // namespace margind::core
