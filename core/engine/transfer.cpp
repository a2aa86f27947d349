#include "core/engine/transfer.hpp"

#include <algorithm>

namespace margind::core {

Refusal check_transfer(const AccountView& left, const MarketView& market,
                       LevelFigures& figures) noexcept {
    const bool owes = std::any_of(left.balances.begin(), left.balances.end(),
                                  [](const BalanceRow& row) { return row.amount.raw() < 0; });
    if (left.positions.empty() && !owes) return Refusal::none;
    if (!priced(left, market)) return Refusal::transfer_needs_prices;
    const LevelFigures initial = evaluate_level(left, market, MarginLevel::initial);
    if (initial.equity >= initial.margin) return Refusal::none;
    figures = initial;
    return Refusal::transfer_below_initial;
}

}  // namespace margind::core
