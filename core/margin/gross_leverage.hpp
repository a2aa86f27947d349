// How much an account owes against what is its own, item by item: nothing is netted but what the
// venue itself keeps as one item.
//
//   leverage = liabilities / max(assets - liabilities, least equity)      rounded up
//
// Source: Mango v4, HealthCache::leverage (least equity 0.001).
#pragma once

#include "core/units.hpp"

namespace margind::core {

template <class N>
class GrossValueOf {
  public:
    // An item at its market price, below zero if it is owed.
    constexpr void add(const ValueOf<N>& item) {
        if (item.raw() < 0) {
            liabilities_ -= item;
        } else {
            assets_ += item;
        }
    }
    constexpr const ValueOf<N>& assets() const { return assets_; }
    constexpr const ValueOf<N>& liabilities() const { return liabilities_; }

    // Requires: least_equity above zero.
    constexpr RateOf<N> leverage(const MoneyOf<N>& least_equity) const {
        const ValueOf<N> least = value_of(least_equity);
        const ValueOf<N> own = assets_ - liabilities_;
        return RateOf<N>::from_raw(N::narrow(
            div_ceil<typename N::WideRaw>(typename N::WideRaw(liabilities_.raw() * N::scale()),
                                          (own < least ? least : own).raw())));
    }

  private:
    ValueOf<N> assets_;
    ValueOf<N> liabilities_;
};

}  // namespace margind::core
