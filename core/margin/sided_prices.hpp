// The two prices of a level that trusts the market only against the account: what it owns counts at
// the lesser of the market's and another price (a slow one, say), what it owes at the larger.
//
// Source: Mango v4, initial health at oracle and stable price; Drift v2, initial margin at oracle
// and five-minute average.
#pragma once

#include "core/units.hpp"

namespace margind::core {

// P: a Price or UnitPrice of any width.
template <class P>
struct SidedPrices {
    P owned;
    P owed;
};

// `other` zero: there is none, the market's price counts on both sides.
template <class P>
constexpr SidedPrices<P> against_account(const P& market, const P& other) {
    if (other.raw() == 0) {
        return {market, market};
    }
    return market < other ? SidedPrices<P>{market, other} : SidedPrices<P>{other, market};
}

}  // namespace margind::core
