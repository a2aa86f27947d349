// A weight or rate on its way from one value to another, so that a change of rules gives everybody
// the time to react instead of liquidating them at one stroke.
//
//   value(t) = from                                           t <= start
//              from + (to - from)(t - start)/(end - start)    between
//              to                                             t >= end
//
// Rounded as asked: a weight of assets down, one of liabilities up.
// Source: Mango v4, "maint weight shift" of a token.
#pragma once

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// Requires: start before end, unless from and to are equal (nothing is under way).
template <class N>
struct WeightShift {
    Timestamp start;
    Timestamp end;
    RateOf<N> from;
    RateOf<N> to;
};

template <class N>
constexpr RateOf<N> shifted_weight(const WeightShift<N>& shift, Timestamp now, Rounding rounding) {
    using Wide = typename N::WideRaw;
    if (now >= shift.end) {
        return shift.to;
    }
    if (now <= shift.start) {
        return shift.from;
    }
    const Wide elapsed = Wide((now - shift.start).ns());
    const Wide length = Wide((shift.end - shift.start).ns());
    const Wide way = (shift.to.wide() - shift.from.wide()) * elapsed;
    return RateOf<N>::from_raw(N::narrow(shift.from.wide() + divide<Wide>(way, length, rounding)));
}

}  // namespace margind::core
