// One account against the market: equity, initial and maintenance margin. This function *defines*
// health; everything faster only decides when to call it.
#pragma once

#include <cstdint>
#include <span>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/margin/market_view.hpp"
#include "core/units.hpp"

namespace margind::core {

struct BalanceRow {
    AssetId asset;
    Money amount;
};

struct PositionRow {
    InstrumentId instrument;
    std::uint32_t balance = 0;  // index of the account's balance in the settlement asset
    Quantity quantity;
    Price entry_price;
};

// An account's rows, borrowed from the book. Every settlement asset has a balance row, if only
// zero.
struct AccountView {
    std::span<const BalanceRow> balances;
    std::span<const PositionRow> positions;
};

struct Evaluation {
    Money equity;
    Money initial_margin;
    Money maintenance_margin;
};

// Equity = sum over assets of (balance + unrealised gains settled in it) * unit price * weight,
// where weight is 1 - haircut for what is owned and the liability weight for what is owed;
// gains of one asset are summed exactly and rounded down to 1e-8 of that asset first.
// Initial and maintenance margin = sum over positions and tiers of notional * rate.
// Each of the three is exact until its one rounding: equity down, requirements up.
// Requires: every row's instrument and asset is priced in `market`.
// Cost: about 3 ns a row, three 128-bit divisions.
Evaluation evaluate(const AccountView& account, const MarketView& market) noexcept;

// Whether all that the account holds has a price yet.
bool priced(const AccountView& account, const MarketView& market) noexcept;

// Equity / maintenance margin, rounded down; infinite without a requirement. For people: decisions
// compare equity with multiples of the requirement and divide nothing.
HealthFactor health_factor(const Evaluation& evaluation) noexcept;

// max(0, initial margin - equity).
Money shortfall(const Evaluation& evaluation) noexcept;

}  // namespace margind::core
