// What holders of a perpetual pay each other, so that its price stays near that of what it stands
// for. Positive: long pays short.
//
//   payment of a position = notional at the mark price, times the rate
//
// and where the venue derives the rate from averages of its own price f and the outside price s:
//
//   premium = f - s + clamp((1 + interest years) s - f, interest_min s, interest_max s)
//             (the clamped term only with an interest rate)
//   premium (1 - halted / length) scaling / s = rate, kept within the bounds if there are any
//   payment = rate s, cut toward zero
//
// `years` is rounded down, and so is every product with it; all else is exact up to the cut.
//
// Source: Vega, protocol specs 0053-PERP and core/products/perpetual.go with its tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

inline constexpr Duration kYear = Duration::from_seconds(365 * 86'400);

// What the holder of `quantity` pays at this rate; negative: receives. The payer's payment is
// rounded up, so a receipt is rounded down.
template <class N>
constexpr MoneyOf<N> funding_payment(const ContractScaleOf<N>& scale, const PriceOf<N>& mark,
                                     const QuantityOf<N>& quantity, const RateOf<N>& rate) {
    return round_up(scale.value(mark, quantity) * rate);
}

template <class N>
struct FundingRule {
    RateOf<N> interest_rate;  // per year; zero: no interest term
    RateOf<N> interest_min;   // its bounds, of the outside price
    RateOf<N> interest_max;
    RateOf<N> scaling = rate_one<N>();
    std::optional<RateOf<N>> rate_min;
    std::optional<RateOf<N>> rate_max;
};

// Averages as what one contract costs, in its settlement asset.
template <class N>
struct FundingPeriod {
    MoneyOf<N> internal;  // f
    MoneyOf<N> external;  // s; zero: no payment
    Duration length;
    Duration halted;  // of it, in auctions
};

template <class N>
struct FundingTerms {
    MoneyOf<N> payment;  // for one contract
    RateOf<N> rate;
};

// value * part / whole, rounded down, without a product that could overflow.
// Requires: 0 <= part, 0 < whole.
template <class N>
constexpr ValueOf<N> share_of(const ValueOf<N>& value, Duration part, Duration whole) {
    using Wide = typename N::WideRaw;
    const Wide quotient = div_floor<Wide>(value.raw(), Wide(whole.ns()));
    const Wide rest = value.raw() - quotient * whole.ns();
    return ValueOf<N>::from_raw(quotient * part.ns() +
                                div_floor<Wide>(Wide(rest * part.ns()), Wide(whole.ns())));
}

// The interest term: what the outside price plus interest is above the own price, within bounds.
template <class N>
constexpr ValueOf<N> clamped_interest(const FundingRule<N>& rule, const FundingPeriod<N>& period) {
    const auto of_external = [&](const RateOf<N>& rate) {
        return ValueOf<N>::from_raw(period.external.wide() * rate.wide());
    };
    const ValueOf<N> interest = share_of(of_external(rule.interest_rate), period.length, kYear) +
                                value_of(period.external - period.internal);
    return std::min(of_external(rule.interest_max),
                    std::max(of_external(rule.interest_min), interest));
}

// Requires: external >= 0, 0 <= halted <= length.
template <class N>
constexpr FundingTerms<N> perpetual_funding(const FundingRule<N>& rule,
                                            const FundingPeriod<N>& period) {
    using Wide = typename N::WideRaw;
    if (period.external.raw() == 0) {
        return {};
    }
    ValueOf<N> premium = value_of(period.internal - period.external);
    if (rule.interest_rate.raw() != 0) {
        premium += clamped_interest(rule, period);
    }
    if (period.halted > Duration{}) {
        premium = share_of(premium, period.length - period.halted, period.length);
    }
    WeightedValueOf<N> payment = premium * rule.scaling;
    if (rule.rate_min) {
        payment = std::max(payment, value_of(period.external) * *rule.rate_min);
    }
    if (rule.rate_max) {
        payment = std::min(payment, value_of(period.external) * *rule.rate_max);
    }
    // Division of integers cuts toward zero.
    const Wide unit = period.external.wide() * N::scale();
    return {
        .payment = MoneyOf<N>::from_raw(N::narrow(Wide(payment.raw() / N::scale() / N::scale()))),
        .rate = RateOf<N>::from_raw(N::narrow(Wide(payment.raw() / unit)))};
}

// What the next payment adds to the requirement of one contract: `share` of it, exact.
template <class N>
constexpr ValueOf<N> funding_provision(const FundingTerms<N>& terms, const RateOf<N>& share) {
    return ValueOf<N>::from_raw(terms.payment.wide() * share.wide());
}

}  // namespace margind::core
