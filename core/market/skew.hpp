// A market whose other side is a pool: the imbalance between its longs and shorts ("skew") moves
// the price of a trade and the funding that longs pay shorts.
//
//   fill price of a trade of `size`  index (1 + (skew + size/2)/skew_scale)
//       the mean of the premium before and after the trade; rounded against the trader
//   funding velocity per day         clamp(skew/skew_scale, -1, 1) max_velocity
//       the funding rate moves linearly at that speed while the skew stays
//
// Source: Synthetix perps v3, PerpsMarket (fill price, funding velocity, funding rate, accrual).
#pragma once

#include <cstdint>

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// Requires: skew_scale above zero; index * (skew_scale + |skew| + |size|) below 2^125 (for Ledger).
template <class N>
constexpr PriceOf<N> skewed_fill_price(const PriceOf<N>& index, const QuantityOf<N>& skew,
                                       const QuantityOf<N>& size, const QuantityOf<N>& skew_scale) {
    using Wide = typename N::WideRaw;
    const Wide twice_scale = 2 * skew_scale.wide();
    const Wide premium = index.wide() * (2 * skew.wide() + size.wide());
    const Rounding against = size.raw() < 0 ? Rounding::down : Rounding::up;
    return PriceOf<N>::from_raw(
        N::narrow(index.wide() + divide<Wide>(premium, twice_scale, against)));
}

// What a trade of `size` at `fill` loses against the index at once; not below zero.
template <class N>
constexpr ValueOf<N> fill_loss(const ContractScaleOf<N>& scale, const PriceOf<N>& index,
                               const PriceOf<N>& fill, const QuantityOf<N>& size) {
    const ValueOf<N> loss = scale.gain(index, fill, size);
    return loss.raw() < 0 ? ValueOf<N>{} : loss;
}

// Change of the daily funding rate per day, rounded towards zero.
template <class N>
constexpr RateOf<N> funding_velocity(const QuantityOf<N>& skew, const QuantityOf<N>& skew_scale,
                                     const RateOf<N>& max_velocity) {
    using Wide = typename N::WideRaw;
    const Wide size = magnitude(skew).wide();
    const Wide capped = size < skew_scale.wide() ? size : skew_scale.wide();
    const Wide speed = div_floor<Wide>(Wide(capped * max_velocity.wide()), skew_scale.wide());
    return RateOf<N>::from_raw(N::narrow(skew.raw() < 0 ? Wide(-speed) : speed));
}

// The funding rate of such a market: daily, moving with the skew. Exact between changes of skew
// (kept as rate times milliseconds), so that it does not depend on how often it is looked at.
template <class N>
class DriftingFundingOf {
  public:
    static constexpr std::int64_t kDayMs = 86'400'000;

    DriftingFundingOf() = default;
    DriftingFundingOf(const QuantityOf<N>& skew_scale, const RateOf<N>& max_velocity, Timestamp now)
        : skew_scale_(skew_scale), max_velocity_(max_velocity), last_(milliseconds(now)) {}

    // The skew from `now` on. Requires: `now` never decreases.
    void set_skew(const QuantityOf<N>& skew, Timestamp now) {
        exact_ = exact_at(now);
        last_ = milliseconds(now);
        velocity_ = funding_velocity(skew, skew_scale_, max_velocity_);
    }

    RateOf<N> velocity() const { return velocity_; }
    // Daily rate at `now`, rounded down.
    RateOf<N> rate(Timestamp now) const {
        return RateOf<N>::from_raw(N::narrow(div_floor<Wide>(exact_at(now), Wide(kDayMs))));
    }

    // What a long of one unit of value has come to owe between the last change of skew and `now`,
    // as a rate: mean of the rates at both ends, times the days between. Rounded as asked: up for
    // what is owed, down for what is due.
    RateOf<N> accrued(Timestamp now, Rounding rounding) const {
        const Wide elapsed = milliseconds(now) - last_;
        return RateOf<N>::from_raw(N::narrow(divide<Wide>(Wide((exact_ + exact_at(now)) * elapsed),
                                                          Wide(2) * kDayMs * kDayMs, rounding)));
    }

  private:
    using Wide = typename N::WideRaw;

    static Wide milliseconds(Timestamp at) { return Wide(at.ns() / 1'000'000); }
    Wide exact_at(Timestamp now) const {
        return exact_ + velocity_.wide() * (milliseconds(now) - last_);
    }

    QuantityOf<N> skew_scale_;
    RateOf<N> max_velocity_;
    RateOf<N> velocity_;
    Wide exact_ = 0;  // daily rate at last_, times kDayMs
    Wide last_ = 0;   // milliseconds
};

using DriftingFunding = DriftingFundingOf<Ledger>;

}  // namespace margind::core
