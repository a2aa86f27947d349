// Amounts in whole quanta. A venue that keeps its books in units of a quantum rounds to it where it
// says so - dYdX each position's notional and margin, to 1e-6 - and a quantum of zero stands for
// N's own smallest amount.
#pragma once

#include "core/units.hpp"

namespace margind::core {

// `raw` down or up to a multiple of `step`. Zero: as it is.
template <class Int>
constexpr Int to_multiple(const Int& raw, const Int& step, Rounding rounding) {
    return step == 0 ? raw : Int(divide<Int>(raw, step, rounding) * step);
}

template <class N>
constexpr typename N::WideRaw quanta_of(const MoneyOf<N>& quantum) {
    return quantum.raw() == 0 ? typename N::WideRaw(1) : quantum.wide();
}

// `raw` of 1 / (scale * unit) as money in whole quanta.
template <class N>
constexpr MoneyOf<N> whole_quanta(const typename N::WideRaw& raw, const typename N::WideRaw& unit,
                                  Rounding rounding, const MoneyOf<N>& quantum) {
    using Wide = typename N::WideRaw;
    const Wide size = quanta_of(quantum);
    const Wide count = divide<Wide>(raw, Wide(unit * size), rounding);
    return MoneyOf<N>::from_raw(N::narrow(Wide(count * size)));
}

template <class N>
constexpr MoneyOf<N> round(const ValueOf<N>& value, Rounding rounding, const MoneyOf<N>& quantum) {
    return whole_quanta<N>(value.raw(), N::scale(), rounding, quantum);
}

// amount * rate.
template <class N>
constexpr MoneyOf<N> product(const MoneyOf<N>& amount, const RateOf<N>& rate, Rounding rounding,
                             const MoneyOf<N>& quantum) {
    return whole_quanta<N>(amount.wide() * rate.wide(), N::scale(), rounding, quantum);
}

// A rate cut down to whole steps; a step of zero leaves it.
template <class N>
constexpr RateOf<N> cut_to_step(const RateOf<N>& rate, const RateOf<N>& step) {
    return RateOf<N>::from_raw(
        N::narrow(to_multiple<typename N::WideRaw>(rate.wide(), step.wide(), Rounding::down)));
}

// Exact amounts in whole quanta, still exact: a quantum of zero leaves them.
template <class N>
constexpr ValueOf<N> in_quanta(const ValueOf<N>& value, Rounding rounding,
                               const MoneyOf<N>& quantum) {
    return ValueOf<N>::from_raw(
        to_multiple<typename N::WideRaw>(value.raw(), value_of(quantum).raw(), rounding));
}
template <class N>
constexpr WeightedValueOf<N> in_quanta(const WeightedValueOf<N>& value, Rounding rounding,
                                       const MoneyOf<N>& quantum) {
    return WeightedValueOf<N>::from_raw(to_multiple<typename N::WideRaw>(
        value.raw(), (value_of(quantum) * rate_one<N>()).raw(), rounding));
}

}  // namespace margind::core
