// What accounts hold and depend on, and the lists of those that are watched.
#include <algorithm>

#include "core/assert.hpp"
#include "core/bands/band_index.hpp"
#include "core/bands/faults.hpp"

namespace margind::core {
namespace {

constexpr MarginLevel kLevel = MarginLevel::maintenance;

}  // namespace

void BandIndex::account_changed(AccountSlot slot, std::span<const InstrumentId> factors) {
    if (slot.index() >= accounts_.size()) make_room(2 * (accounts_.size() + 1));
    Account& account = accounts_[slot.index()];
    if (MARGIND_FAULT(kept_after_update) && account.mode == Mode::banded) return;
    const bool distrusted = account.cover == Cover::distrusted;
    enter(slot, distrusted ? account.cover : cover_of(book_.view(slot)), factors);
}

void BandIndex::distrust(AccountSlot slot, std::span<const InstrumentId> factors) {
    if (accounts_[slot.index()].cover == Cover::distrusted) return;
    ++statistics_.distrusted;
    enter(slot, Cover::distrusted, factors);
}

// Watched, with what it holds now; settle() guards it once it was judged.
void BandIndex::enter(AccountSlot slot, Cover cover, std::span<const InstrumentId> factors) {
    Account& account = accounts_[slot.index()];
    const auto count = [&](std::uint32_t by) {
        if (account.cover != Cover::additive) statistics_.general += by;
        if (always_watched(account)) statistics_.uncovered += by;
    };
    if (account.mode != Mode::none) count(~std::uint32_t{0});
    let_go(slot.index());
    account.cover = cover;
    collected_.clear();
    collect_slots(slot, book_.view(slot), factors);
    slots_.assign(account.run, collected_);
    account.fresh = true;
    count(1);
    watch(slot.index());
}

// Additive: health is a sum of what each position and each balance adds, each a product of the
// account's own amount and one coordinate.
BandIndex::Cover BandIndex::cover_of(const AccountView& view) const noexcept {
    const MarketView market = market_.view();
    const auto in_full = [](const AssetRow& row) {
        return row.asset_weight[kLevel] == kRateOne && row.liability_weight[kLevel] == kRateOne;
    };
    const auto plain_position = [&](const PositionRow& row) {
        const AssetId settle = view.balances[row.balance].asset;
        return market.instruments[row.instrument.index()].terms == nullptr &&
               !parameters_.assets[settle.index()].priced_by.valid() &&
               in_full(market.assets[settle.index()]);
    };
    const auto plain_balance = [&](const BalanceRow& row) {
        return market.assets[row.asset.index()].terms == nullptr;
    };
    const bool own_terms =
        view.terms != nullptr &&
        (view.terms->buffer[kLevel].raw() != 0 || view.terms->least_rate[kLevel].raw() != 0 ||
         view.terms->high_leverage || view.terms->keeper);
    if (ladder_covered_ && !own_terms && view.spot_orders.empty() &&
        std::all_of(view.positions.begin(), view.positions.end(), plain_position) &&
        std::all_of(view.balances.begin(), view.balances.end(), plain_balance)) {
        return Cover::additive;
    }
    const bool few = view.positions.size() + view.balances.size() <= WorstCorner::kPricesMax;
    return few && corner_.covers(view, market) ? Cover::corners : Cover::none;
}

void BandIndex::collect(std::uint32_t account, FactorIndex factor, Kind kind, std::size_t row) {
    Slot slot{};
    slot.key = {kNoKey, kNoKey};
    slot.account = account;
    slot.factor = static_cast<std::uint16_t>(factor);
    slot.kind = kind;
    slot.row = static_cast<std::uint8_t>(row);
    collected_.push_back(slot);
}

void BandIndex::collect_slots(AccountSlot slot, const AccountView& view,
                              std::span<const InstrumentId> factors) {
    switch (accounts_[slot.index()].cover) {
        case Cover::additive:
            collect_held(slot.index(), view);
            return;
        case Cover::corners:
            collect_ranges(slot.index(), view);
            return;
        case Cover::none:
        case Cover::distrusted:
            for (const InstrumentId id : factors) {
                collect(slot.index(), coordinates_.of(id), Kind::plain, 0);
            }
            return;
    }
}

void BandIndex::collect_held(std::uint32_t account, const AccountView& view) {
    for (std::size_t p = 0; p < view.positions.size(); ++p) {
        const PositionRow& row = view.positions[p];
        const FactorIndex factor = coordinates_.of(row.instrument);
        collect(account, factor, row.quantity.raw() >= 0 ? Kind::rising : Kind::falling, p);
    }
    for (std::size_t b = 0; b < view.balances.size(); ++b) {
        const BalanceRow& row = view.balances[b];
        if (!parameters_.assets[row.asset.index()].priced_by.valid()) continue;
        const bool owned = row.amount.raw() >= 0 || MARGIND_FAULT(no_debt);
        collect(account, coordinates_.of(row.asset), owned ? Kind::rising : Kind::falling, b);
    }
}

void BandIndex::collect_ranges(std::uint32_t account, const AccountView& view) {
    for (std::size_t p = 0; p < view.positions.size(); ++p) {
        const FactorIndex factor = coordinates_.of(view.positions[p].instrument);
        collect(account, factor, Kind::range, p);
        collect(account, factor, Kind::rules, p);
    }
    for (std::size_t b = 0; b < view.balances.size(); ++b) {
        const AssetId asset = view.balances[b].asset;
        if (!parameters_.assets[asset.index()].priced_by.valid()) continue;
        collect(account, coordinates_.of(asset), Kind::range, b);
        collect(account, coordinates_.of(asset), Kind::rules, b);
    }
}

std::int64_t BandIndex::amount_of(const Slot& slot, const AccountView& view) const noexcept {
    const std::int64_t signed_amount = slot.factor < parameters_.instruments.size()
                                           ? view.positions[slot.row].quantity.raw()
                                           : view.balances[slot.row].amount.raw();
    return signed_amount < 0 ? -signed_amount : signed_amount;
}

// ---- watched accounts

void BandIndex::watch(std::uint32_t index) noexcept {
    Account& account = accounts_[index];
    set_mode(account, Mode::watched);
    const std::uint32_t end = account.run.offset + account.run.size;
    for (std::uint32_t place = account.run.offset; place < end; ++place) {
        Slot& slot = slots_[place];
        std::int32_t& first = watched_[slot.factor];
        slot.key = {first, kEndOfList};
        if (first != kEndOfList) {
            slots_[static_cast<std::uint32_t>(first)].key[1] = static_cast<std::int32_t>(place);
        }
        first = static_cast<std::int32_t>(place);
    }
}

void BandIndex::unwatch(Account& account) noexcept {
    for (Slot& slot : slots_.rows(account.run)) {
        const auto [next, previous] = slot.key;
        if (next != kEndOfList) slots_[static_cast<std::uint32_t>(next)].key[1] = previous;
        if (previous != kEndOfList) {
            slots_[static_cast<std::uint32_t>(previous)].key[0] = next;
        } else {
            watched_[slot.factor] = MARGIND_FAULT(lost_on_unwatch) ? kEndOfList : next;
        }
        slot.key = {kNoKey, kNoKey};
    }
}

// ---- audits

std::optional<AuditCheck> BandIndex::broken_promise(AccountSlot slot,
                                                    const Evaluation& evaluation) const noexcept {
    const Account& account = accounts_[slot.index()];
    if (account.mode == Mode::watched) return std::nullopt;
    if (account.mode == Mode::none) return AuditCheck::key;  // nothing would name it
    const AccountView view = book_.view(slot);
    if (account.mode == Mode::tracked) return broken_track(account, view, evaluation);
    return account.cover == Cover::additive ? broken_guard(account, view, evaluation)
                                            : broken_range(account, view);
}

}  // namespace margind::core
