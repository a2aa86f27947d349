// What a position cost, as cash: entry price, break-even price and realised profit of its trades.
//
// A trade is (quantity, cash): what it added to the position and what it paid (-) or brought (+).
//   increase      both sums grow by the cash
//   reduction     closed = the part against the position; of the opening cash, closed/|position|
//                 leaves; realised = the trade's cash for that part + what leaves, rounded down
//   flip          the rest of the trade opens a position of its own; a flat position costs nothing
//
//   entry price = -opening cash / position: average over increases, unmoved by reductions
//   break-even  = -running cash / position: reductions move it by what they realised
//
// Cash is conserved: opening cash + everything realised = everything paid and brought, exactly.
// Source: Mango v4, PerpPosition::record_trade, average entry, break-even and realised trade pnl.
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct PositionCost {
    QuantityOf<N> quantity;
    MoneyOf<N> opening_cash;
    MoneyOf<N> running_cash;
};

// The position whose every unit was opened at `entry`; the cash rounded down.
template <class N>
constexpr PositionCost<N> opened_at(const QuantityOf<N>& quantity, const PriceOf<N>& entry,
                                    const ContractScaleOf<N>& scale) {
    const MoneyOf<N> cash = round_down(-scale.value(entry, quantity));
    return {quantity, cash, cash};
}

// amount * part / whole. Requires: whole above zero.
template <class N>
constexpr MoneyOf<N> share(const MoneyOf<N>& amount, const QuantityOf<N>& part,
                           const QuantityOf<N>& whole, Rounding rounding) {
    using Wide = typename N::WideRaw;
    return MoneyOf<N>::from_raw(
        N::narrow(divide<Wide>(Wide(amount.wide() * part.wide()), whole.wide(), rounding)));
}

// Applies one trade to `cost` and returns what it realised. Requires: quantity not zero.
template <class N>
constexpr MoneyOf<N> record_trade(PositionCost<N>& cost, const QuantityOf<N>& quantity,
                                  const MoneyOf<N>& cash) {
    const QuantityOf<N> none;
    const QuantityOf<N> before = cost.quantity;
    cost.quantity = before + quantity;
    if ((before >= none) == (quantity >= none) || before == none) {
        cost.opening_cash = cost.opening_cash + cash;
        cost.running_cash = cost.running_cash + cash;
        return {};
    }
    const QuantityOf<N> held = magnitude(before);
    const QuantityOf<N> traded = magnitude(quantity);
    const QuantityOf<N> closed = traded < held ? traded : held;
    const MoneyOf<N> received = share(cash, closed, traded, Rounding::down);
    const MoneyOf<N> released = share(cost.opening_cash, closed, held, Rounding::down);
    const bool still_open = closed < held;
    cost.opening_cash = cost.opening_cash - released + cash - received;
    cost.running_cash = still_open ? cost.running_cash + cash : cost.opening_cash;
    return received + released;
}

// The price at which `quantity` is worth -cash; zero for no position.
template <class N>
constexpr PriceOf<N> unit_cost(const MoneyOf<N>& cash, const QuantityOf<N>& quantity,
                               const ContractScaleOf<N>& scale, Rounding rounding) {
    using Wide = typename N::WideRaw;
    if (quantity.raw() == 0) {
        return {};
    }
    const Wide paid = value_of(cash).raw() * (quantity.raw() < 0 ? 1 : -1);
    const Wide units = magnitude(quantity).wide() * Wide(scale.factor());
    return PriceOf<N>::from_raw(N::narrow(divide<Wide>(paid, units, rounding)));
}

// What all the cash of a position (paid -, brought +) and its quantity come to at `mark`. Exact.
template <class N>
constexpr ValueOf<N> marked_pnl(const MoneyOf<N>& cash, const QuantityOf<N>& quantity,
                                const PriceOf<N>& mark, const ContractScaleOf<N>& scale) {
    return value_of(cash) + scale.value(mark, quantity);
}

// For people: to the nearest tick below.
template <class N>
constexpr PriceOf<N> entry_price(const PositionCost<N>& cost, const ContractScaleOf<N>& scale) {
    return unit_cost(cost.opening_cash, cost.quantity, scale, Rounding::down);
}
template <class N>
constexpr PriceOf<N> break_even_price(const PositionCost<N>& cost,
                                      const ContractScaleOf<N>& scale) {
    return unit_cost(cost.running_cash, cost.quantity, scale, Rounding::down);
}

}  // namespace margind::core
