// Rates that grow, and weights that shrink, with the square root of a size: a large holding moves
// the market when it is closed.
//
//   growth   = factor sqrt(size)
//   premium  = max(w, premium_base w + growth)       on margin ratios and liability weights
//   discount = min(w, discount_base / (1 + growth))  on asset weights
//
// A size is an amount in whole units: a quantity or money, with what one whole unit is in its raw
// numbers. A factor of zero switches the rule off. Nothing is rounded but where it is said, at
// 10^-kDecimals of N. Source: Drift v2, calculate_size_premium_liability_weight and
// calculate_size_discount_asset_weight (programs/drift/src/math/margin.rs and its tests).
#pragma once

#include <algorithm>

#include "core/math/integer_root.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct SizeFactor {
    RateOf<N> factor;  // per square root of one unit
    RateOf<N> premium_base = RateOf<N>::from_raw(typename N::Raw(N::scale() / 5 * 4));
    RateOf<N> discount_base = RateOf<N>::from_raw(typename N::Raw(N::scale() / 10 * 11));
    friend constexpr bool operator==(const SizeFactor&, const SizeFactor&) = default;
};

// A rate that grows with size stops where N's arithmetic asks it to.
template <class N>
constexpr RateOf<N> at_most_largest(const RateOf<N>& rate) {
    if constexpr (requires { N::kLargestRate; }) {
        return std::min(rate, RateOf<N>::from_raw(N::kLargestRate));
    } else {
        return rate;
    }
}

// factor sqrt(size), one rounding.
// Requires: size >= 0, one > 0; Ledger: factor below 2^31 (21).
template <class Tag, class N>
constexpr RateOf<N> size_growth(const SizeFactor<N>& rule, const Scaled<Tag, N>& size,
                                const Scaled<Tag, N>& one, Rounding rounding) {
    using Wide = typename N::WideRaw;
    const Wide square =
        divide<Wide>(rule.factor.wide() * rule.factor.wide() * size.wide(), one.wide(), rounding);
    return RateOf<N>::from_raw(N::narrow(integer_square_root<Wide>(square, rounding)));
}

// The ratio or liability weight that `size` needs instead of `base`. Both terms are rounded up.
template <class Tag, class N>
constexpr RateOf<N> size_premium(const SizeFactor<N>& rule, const RateOf<N>& base,
                                 const Scaled<Tag, N>& size, const Scaled<Tag, N>& one) {
    if (rule.factor.raw() == 0) {
        return base;
    }
    return at_most_largest(std::max(base, product(base, rule.premium_base, Rounding::up) +
                                              size_growth(rule, size, one, Rounding::up)));
}

// The asset weight that is left of `base`. The growth is rounded up, the quotient down.
template <class Tag, class N>
constexpr RateOf<N> size_discount(const SizeFactor<N>& rule, const RateOf<N>& base,
                                  const Scaled<Tag, N>& size, const Scaled<Tag, N>& one) {
    if (rule.factor.raw() == 0) {
        return base;
    }
    const RateOf<N> divisor = rate_one<N>() + size_growth(rule, size, one, Rounding::up);
    return std::min(base, quotient(rule.discount_base, divisor, Rounding::down));
}

// The ratio of an account that is allowed more leverage: `reduced` for the smallest size instead of
// `base`, and back to what everybody needs as the size grows. With gap = (1 - premium_base) base,
// the share that a premium first has to make up:
//
//   growth < gap:  reduced + (base - reduced) growth / gap
//   growth = gap:  reduced (the venue's own edge; without a factor there is no growth at all)
//   growth > gap:  premium_base base + growth
//
// Rounded up at each term. Requires: premium_base < 1.
// Source: Drift v2, calc_high_leverage_mode_initial_margin_ratio_from_size.
template <class Tag, class N>
constexpr RateOf<N> reduced_size_premium(const SizeFactor<N>& rule, const RateOf<N>& base,
                                         const RateOf<N>& reduced, const Scaled<Tag, N>& size,
                                         const Scaled<Tag, N>& one) {
    using Wide = typename N::WideRaw;
    if (rule.factor.raw() == 0) {
        return reduced;
    }
    const RateOf<N> growth = size_growth(rule, size, one, Rounding::up);
    const Wide gap = base.wide() * (rate_one<N>() - rule.premium_base).wide();
    const Wide grown = growth.wide() * N::scale();
    if (grown > gap) {
        return product(base, rule.premium_base, Rounding::up) + growth;
    }
    if (grown == gap || base <= reduced) {
        return reduced;
    }
    const Wide regained = divide<Wide>((base - reduced).wide() * grown, gap, Rounding::up);
    return reduced + RateOf<N>::from_raw(N::narrow(regained));
}

}  // namespace margind::core
