#include "core/engine/transfer.hpp"

#include <algorithm>

namespace margind::core {

Refusal check_form(const AccountInput& from, const AccountInput& to, std::size_t assets) noexcept {
    if (from.record != AccountRecord::transfer_from || to.record != AccountRecord::transfer_to ||
        from.id != to.id || from.amount != to.amount || from.amount <= 0 || from.key == to.key) {
        return Refusal::transfer_incomplete;
    }
    return from.id < assets ? Refusal::none : Refusal::unknown_asset;
}

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

// Who is named comes before what they have, the source before the receiver.
Refusal agree(Refusal source, Refusal receiver) noexcept {
    if (source == Refusal::unknown_account) return source;
    if (receiver == Refusal::too_many_accounts) return receiver;
    return source != Refusal::none ? source : receiver;
}

}  // namespace margind::core
