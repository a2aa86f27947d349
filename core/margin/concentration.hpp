// Weights that follow how much of an asset the whole venue holds: what could not be sold in one
// piece counts less, what could not be bought back in one piece counts more.
//
//   asset weight      w min(1, from / (total deposits price))     rounded down
//   liability weight  w max(1, total borrows price / from)        rounded up
//
// `total` is the amount of the asset deposited at (or borrowed from) the venue by everybody, and
// `price` the price a liability has at the level the weight is for. Deposits include what may yet
// be deposited by resting orders.
//
// Source: Mango v4, deposit_weight_scale_start_quote and borrow_weight_scale_start_quote
// (docs.mango.markets, "Collateral and borrow weight scaling"; the venue's health tests).
#pragma once

#include "core/units.hpp"

namespace margind::core {

// Totals above which the weights of an asset move, in the valuation currency; zero: they do not.
template <class N>
struct Concentration {
    MoneyOf<N> deposits_from;
    MoneyOf<N> borrows_from;
};

// A liability weight stops growing here: 2^37 as a rate, so that kMaxExposure times it still fits
// 128 bits. An account that owes at such a weight has been below every level for long.
inline constexpr std::int64_t kMaxConcentratedWeight = 1000;

// Requires: total * price at most kMaxExposure (for Ledger; this holds for both functions).
template <class N>
constexpr RateOf<N> concentrated_asset_weight(const RateOf<N>& weight,
                                              const MoneyOf<N>& total_deposits,
                                              const UnitPriceOf<N>& price,
                                              const MoneyOf<N>& deposits_from) {
    using Wide = typename N::WideRaw;
    const ValueOf<N> total = total_deposits * price;
    const ValueOf<N> from = value_of(deposits_from);
    if (from.raw() == 0 || total <= from) {
        return weight;
    }
    return RateOf<N>::from_raw(
        N::narrow(div_floor<Wide>(Wide(weight.wide() * from.raw()), total.raw())));
}

template <class N>
constexpr RateOf<N> concentrated_liability_weight(const RateOf<N>& weight,
                                                  const MoneyOf<N>& total_borrows,
                                                  const UnitPriceOf<N>& price,
                                                  const MoneyOf<N>& borrows_from) {
    using Wide = typename N::WideRaw;
    const ValueOf<N> total = total_borrows * price;
    const ValueOf<N> from = value_of(borrows_from);
    if (from.raw() == 0 || total <= from) {
        return weight;
    }
    const Wide scaled = div_ceil<Wide>(Wide(weight.wide() * total.raw()), from.raw());
    const Wide most = Wide(kMaxConcentratedWeight) * N::scale();
    return RateOf<N>::from_raw(N::narrow(scaled < most ? scaled : most));
}

}  // namespace margind::core
