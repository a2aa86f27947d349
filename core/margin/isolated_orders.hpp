// What resting orders set aside when a position is isolated: their value over the leverage that the
// holder chose, without what merely closes the position.
//
//   margin = larger side of floor(factor x sum of uncovered size x price)
//
// The position covers the opposite side's orders, best price first: the highest bid, the lowest
// ask. In an auction an order counts at its own or the auction's price, whichever is higher.
//
// Source: Vega, protocol specs 0019-MCAL ("isolated margin", order margin) and core/risk
// (calcOrderMarginIsolatedMode) with its tests.
#pragma once

#include <algorithm>
#include <span>

#include "core/margin/quantum.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct RestingOrder {
    QuantityOf<N> size;  // bids positive, asks negative
    PriceOf<N> price;
};

template <class N>
struct IsolatedOrderRule {
    RateOf<N> factor;          // 1 / leverage
    PriceOf<N> auction_price;  // zero: no auction, or none is indicated
    MoneyOf<N> unit;           // the venue's smallest amount; zero: exact
};

// One side's margin. `covered` is how much of it the position takes, positive or zero; `orders` are
// that side's alone, best price first.
template <class N>
constexpr MoneyOf<N> isolated_order_margin(const ContractScaleOf<N>& scale,
                                           const IsolatedOrderRule<N>& rule, QuantityOf<N> covered,
                                           std::span<const RestingOrder<N>> orders) {
    using Wide = typename N::WideRaw;
    ValueOf<N> value;
    for (const RestingOrder<N>& order : orders) {
        const QuantityOf<N> size = magnitude(order.size);
        const QuantityOf<N> used = std::min(covered, size);
        covered = covered - used;
        value += scale.value(std::max(order.price, rule.auction_price), size - used);
    }
    return whole_quanta<N>((value * rule.factor).raw(), Wide(N::scale() * N::scale()),
                           Rounding::down, rule.unit);
}

}  // namespace margind::core
