// An account as an evaluation sees it: rows borrowed from the book.
#pragma once

#include <cstdint>
#include <span>

#include "core/ids.hpp"
#include "core/margin/rules.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct BalanceRowOf {
    AssetId asset;
    MoneyOf<N> amount;
};

template <class N>
struct PositionRowOf {
    InstrumentId instrument;
    std::uint32_t balance = 0;  // index of the account's balance in the settlement asset
    QuantityOf<N> quantity;     // zero only where there are resting orders
    PriceOf<N> entry_price;
    // Gain that is not settled yet and no function of the price: funding owed (negative) or due.
    MoneyOf<N> accrued = {};
    // The holder's own choice of leverage, as the least rate at the initial level: 1 / leverage.
    RateOf<N> least_initial_rate = {};
};

// Resting orders of one side and price in an instrument the account has a position row for.
template <class N>
struct OrderRowOf {
    std::uint32_t position = 0;  // index of the position row
    QuantityOf<N> size;          // signed: bids positive, asks negative
    PriceOf<N> price;
    std::uint32_t count = 1;  // how many orders the row stands for
};

// Resting orders between two of the account's balances. A venue fills one of the two groups: what
// is set aside for orders (it may come back as either asset), or what would change hands.
template <class N>
struct SpotOrderRowOf {
    std::uint32_t base = 0;   // index of the balance row
    std::uint32_t quote = 0;  // index of the balance row
    MoneyOf<N> base_reserved;
    MoneyOf<N> quote_reserved;
    UnitPriceOf<N> lowest_ask;           // quote per base, of the account's asks; zero: not known
    UnitPriceOf<N> highest_bid_inverse;  // base per quote, of its bids; zero: not known
    MoneyOf<N> bids;                     // base that would be bought
    MoneyOf<N> asks;                     // base that would be sold, positive
    std::uint32_t count = 0;
};

// Every settlement asset has a balance row, if only zero.
template <class N>
struct AccountViewOf {
    std::span<const BalanceRowOf<N>> balances;
    std::span<const PositionRowOf<N>> positions;
    std::span<const OrderRowOf<N>> orders = {};
    std::span<const SpotOrderRowOf<N>> spot_orders = {};
    const AccountTermsOf<N>* terms = nullptr;
};

using BalanceRow = BalanceRowOf<Ledger>;
using PositionRow = PositionRowOf<Ledger>;
using OrderRow = OrderRowOf<Ledger>;
using SpotOrderRow = SpotOrderRowOf<Ledger>;
using AccountView = AccountViewOf<Ledger>;

}  // namespace margind::core
