// A futures account that is settled once a day: profit and loss are paid in or out at the
// settlement price, and an account below maintenance is called for what brings it back to initial.
//
//   balance = balance before + quantity (settlement - previous settlement)
//   call    = initial - balance if balance < maintenance, else 0
//
// Balance rounded down, requirements up by the caller. Source: clearing houses' daily settlement
// (J. Hull, "Options, Futures, and Other Derivatives", margin accounts).
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
struct DailySettlement {
    MoneyOf<N> pnl;
    MoneyOf<N> balance;      // before the call is paid
    MoneyOf<N> margin_call;  // to be paid in before the next day
};

template <class N>
struct MarginLevels {
    MoneyOf<N> initial;
    MoneyOf<N> maintenance;
};

// One day. `balance` is what is there after the last call.
template <class N>
constexpr DailySettlement<N> settle_day(const ContractScaleOf<N>& scale,
                                        const QuantityOf<N>& quantity, const PriceOf<N>& previous,
                                        const PriceOf<N>& settlement, const MoneyOf<N>& balance,
                                        const MarginLevels<N>& levels) {
    DailySettlement<N> day;
    day.pnl = round_down(scale.gain(previous, settlement, quantity));
    day.balance = balance + day.pnl;
    if (day.balance < levels.maintenance) {
        day.margin_call = levels.initial - day.balance;
    }
    return day;
}

}  // namespace margind::core
