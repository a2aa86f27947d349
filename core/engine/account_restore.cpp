// Accounts as a snapshot has them: what comes from outside is looked at as closely as an update.
#include "core/engine/account_book.hpp"
#include "core/limits.hpp"

namespace margind::core {
namespace {

bool within(std::int64_t value, std::int64_t largest) noexcept {
    return value >= -largest && value <= largest;
}

}  // namespace

Refusal AccountBook::restore(const AccountKey& key, const Rows& rows, AccountSlot& slot) {
    if (key.owner.empty() || find(key)) return Refusal::mixed_accounts;
    if (size() >= size_max_) return Refusal::too_many_accounts;
    clear_staging();
    Refusal refusal = stage_saved(rows);
    if (refusal == Refusal::none) refusal = finish_staging();
    if (refusal == Refusal::none) slot = commit_staged(key);
    return refusal;
}

Refusal AccountBook::stage_saved(const Rows& rows) {
    for (const BalanceRow& row : rows.balances) {
        if (row.asset.index() >= parameters_.assets.size()) return Refusal::unknown_asset;
        if (!within(row.amount.raw(), parameters_.assets[row.asset.index()].amount_max.raw())) {
            return Refusal::amount_beyond_maximum;
        }
        for (const BalanceRow& other : staged_balances_) {
            if (other.asset == row.asset) return Refusal::mixed_accounts;
        }
        staged_balances_.push_back(row);
    }
    for (const PositionRow& row : rows.positions) {
        if (row.instrument.index() >= parameters_.instruments.size() ||
            parameters_.instruments[row.instrument.index()].kind == InstrumentKind::spot) {
            return Refusal::unknown_instrument;
        }
        const Instrument& instrument = parameters_.instruments[row.instrument.index()];
        const Asset& settled_in = parameters_.assets[settlement_asset(instrument).index()];
        const bool open = row.quantity.raw() != 0;
        if (open != (row.entry_price.raw() > 0)) return Refusal::entry_price_not_positive;
        if (row.entry_price > instrument.price_max) return Refusal::price_beyond_maximum;
        if (!within(row.accrued.raw(), settled_in.amount_max.raw())) {
            return Refusal::amount_beyond_maximum;
        }
        if (row.least_initial_rate < Rate{} || row.least_initial_rate > kRateOne) {
            return Refusal::leverage_out_of_range;
        }
        if (staged_position(row.instrument) != nullptr) return Refusal::mixed_accounts;
        staged_positions_.push_back(row);
    }
    for (const OrderRow& row : rows.orders) {
        if (row.position >= rows.positions.size()) return Refusal::no_such_position;
        const InstrumentId instrument = rows.positions[row.position].instrument;
        const Price most = parameters_.instruments[instrument.index()].price_max;
        if (row.size.raw() == 0 || row.price.raw() <= 0) return Refusal::price_not_positive;
        if (row.price > most) return Refusal::price_beyond_maximum;
        staged_orders_.push_back({instrument, row.size, row.price});
    }
    if (rows.isolated_in.valid() && rows.isolated_in.index() >= parameters_.instruments.size()) {
        return Refusal::unknown_instrument;
    }
    staged_isolated_in_ = rows.isolated_in;
    return Refusal::none;
}

}  // namespace margind::core
