// Comparing accounts by how much of their maintenance margin they still cover, without dividing:
// a / b < c / d is a d < c b for positive b, d. Exact.
// Source: dYdX v4, margin.Risk (protocol/lib/margin) and
// IsValidStateTransitionForUndercollateralizedSubaccount (protocol/x/subaccounts/lib).
#pragma once

#include <compare>

#include "core/units.hpp"

namespace margind::core {

// An account as the rules below see it. maintenance >= 0.
template <class N>
struct AccountRisk {
    MoneyOf<N> equity;
    MoneyOf<N> maintenance;
};

template <class N>
constexpr bool covers(const MoneyOf<N>& equity, const MoneyOf<N>& requirement) {
    return equity >= requirement;
}

// Without a requirement there is nothing to liquidate, however deep the debt.
template <class N>
constexpr bool liquidatable(const AccountRisk<N>& account) {
    return account.maintenance.raw() > 0 && !covers(account.equity, account.maintenance);
}

// How equity / maintenance of `a` compares with that of `b`: less means that `a` covers less.
template <class N>
constexpr std::strong_ordering compare_coverage(const AccountRisk<N>& a, const AccountRisk<N>& b) {
    using Wide = typename N::WideRaw;
    const Wide left = a.equity.wide() * b.maintenance.wide();
    const Wide right = b.equity.wide() * a.maintenance.wide();
    return left < right   ? std::strong_ordering::less
           : right < left ? std::strong_ordering::greater
                          : std::strong_ordering::equal;
}

// Whom to liquidate first: greater means that `a` is the riskier one. By coverage; where neither
// needs margin, by equity; equals by the larger requirement.
template <class N>
constexpr std::strong_ordering compare_risk(const AccountRisk<N>& a, const AccountRisk<N>& b) {
    if (a.maintenance.raw() == 0 && b.maintenance.raw() == 0) {
        return b.equity <=> a.equity;
    }
    const std::strong_ordering coverage = compare_coverage(b, a);
    return coverage != 0 ? coverage : a.maintenance <=> b.maintenance;
}

// Whether an account that does not cover its margin may go from `before` to `after`: its
// requirement must not grow and its coverage not fall. One that would need no margin any more and
// still falls short has lost what it could be liquidated for; it may only grow its equity.
template <class N>
constexpr bool repairs(const AccountRisk<N>& before, const AccountRisk<N>& after) {
    if (after.maintenance > before.maintenance) {
        return false;
    }
    if (after.maintenance.raw() == 0) {
        return before.maintenance.raw() == 0 && after.equity > before.equity;
    }
    return compare_coverage(after, before) >= 0;
}

}  // namespace margind::core
