// Accounts near a line: their distances follow every tick of what they hold.
#include <algorithm>
#include <cmath>

#include "core/assert.hpp"
#include "core/bands/band_index.hpp"
#include "core/bands/faults.hpp"

namespace margind::core {
namespace {

// A coordinate that never moves: of a direction without a line.
constexpr std::uint8_t kStill = Coordinates::kPerFactor;

}  // namespace

// False when there is no memory, or nothing left of the distance.
bool BandIndex::track(std::uint32_t index, const AccountView& view, const Distance& down,
                      const Distance& up) noexcept {
    Account& account = accounts_[index];
    if (account.run.size == 0) return false;
    if (account.mode != Mode::tracked) {
        let_go(index);
        if (!enlist(index, view, down, up)) return false;
        set_mode(account, Mode::tracked);
    }
    rebase(account, view, down, up);
    const Tracked& record = records_[record_of(account)];
    return record.slack[kDown] >= 0 && record.slack[kUp] >= 0;
}

// Requires: the account was evaluated as of now.
void BandIndex::rebase(Account& account, const AccountView& view, const Distance& down,
                       const Distance& up) noexcept {
    constexpr double kMoreThanNow = 1.25;  // where guards were not possible they may be from here
    constexpr double kReturn = 2.1;        // above what guard_additive() asks of who comes back
    Tracked& record = records_[record_of(account)];
    record.waits = false;
    record.slack = {tracked_slack(account, view, down), tracked_slack(account, view, up)};
    const Int128 least = std::min(record.slack[kDown], record.slack[kUp]);
    const bool never = down.needed && up.needed && limited_slots(account) > 0;
    const double enough =
        std::max(kReturn * enough_slack(account, view), kMoreThanNow * static_cast<double>(least));
    record.enough = never || !(enough < 1e36) ? kFarAway : static_cast<Int128>(enough);
    for (const Slot& slot : slots_.rows(account.run)) {
        if (!slot.limited) continue;
        TrackedEntry& entry = tracked_[static_cast<std::uint32_t>(slot.key[0])];
        entry.beyond = beyond_of(slot.factor, entry.amount);
    }
}

// A record for the account, and an entry in the list of each factor.
bool BandIndex::enlist(std::uint32_t index, const AccountView& view, const Distance& down,
                       const Distance& up) noexcept {
    std::uint32_t number = free_record_;
    if (number != TrackedLists::kNone) {
        free_record_ = records_[number].next_free;
    } else if (records_top_ < records_max_) {
        number = records_top_++;
    } else {
        ++statistics_.no_memory;
        return false;
    }
    records_[number].account = index;
    const Account& account = accounts_[index];
    const std::span<Slot> slots = slots_.rows(account.run);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        Slot& slot = slots[i];
        const auto coordinate = [&](const Distance& distance) {
            return distance.needed
                       ? static_cast<std::uint8_t>(coordinate_of(slot, distance.threshold))
                       : kStill;
        };
        const std::uint32_t entry =
            tracked_.insert(slot.factor, {.amount = amount_of(slot, view),
                                          .record = number,
                                          .place = account.run.offset + i,
                                          .coordinate = {coordinate(down), coordinate(up)},
                                          .limited = slot.limited});
        if (entry == TrackedLists::kNone) {
            ++statistics_.no_memory;
            for (std::uint32_t done = 0; done < i; ++done) delist(slots[done]);
            records_[number].next_free = free_record_;
            free_record_ = number;
            return false;
        }
        slot.key[0] = static_cast<std::int32_t>(entry);
    }
    return true;
}

void BandIndex::delist(Slot& slot) noexcept {
    const TrackedEntry* const moved =
        tracked_.erase(slot.factor, static_cast<std::uint32_t>(slot.key[0]));
    if (moved != nullptr) slots_[moved->place].key[0] = slot.key[0];
    slot.key[0] = kNoKey;
}

// Out of the lists, and without a record.
void BandIndex::untrack(Account& account) noexcept {
    const std::uint32_t record = record_of(account);
    records_[record].next_free = free_record_;
    free_record_ = record;
    for (Slot& slot : slots_.rows(account.run)) delist(slot);
}

std::uint32_t BandIndex::record_of(const Account& account) const noexcept {
    const Slot& first = slots_.rows(account.run).front();
    return tracked_[static_cast<std::uint32_t>(first.key[0])].record;
}

// A distance, less what coordinates, and tiers as they are kept, may be off by.
Int128 BandIndex::tracked_slack(const Account& account, const AccountView& view,
                                const Distance& distance) const noexcept {
    if (!distance.needed) return kFarAway;
    Int128 slack = distance.slack;
    for (const Slot& slot : slots_.rows(account.run)) {
        slack -= coordinates_.worth(slot.factor, Coordinates::kSlop, amount_of(slot, view));
        if (slot.limited) slack -= coordinates_.multiple(distance.threshold) / kScale + 1;
    }
    return slack;
}

// Money raw, rounded up.
std::int64_t BandIndex::beyond_of(FactorIndex factor, std::int64_t amount) const noexcept {
    return saturate_to_int64(
        div_ceil<Int128>(beyond_first_tier_now(factor, amount), Int128{kScale} * kScale));
}

// Brings the distances that hang on the factor up to date, and names the accounts that have none
// left, or enough to be guarded. Where a coordinate leaves the grid nobody knows how far it went:
// all are named.
void BandIndex::move_tracked(FactorIndex factor,
                             const std::array<BandKey, Coordinates::kPerFactor>& before) noexcept {
    std::array<std::int64_t, Coordinates::kPerFactor + 1> moved{};
    bool known = true;
    for (std::size_t c = 0; c < kPriceUp; ++c) {
        const BandKey now = coordinates_.at(factor, c);
        known = known && !Coordinates::off_grid(now) && !Coordinates::off_grid(before[c]);
        moved[c] = std::int64_t{now} - before[c];
    }
    tracked_.for_each(factor, [&](TrackedEntry& entry) {
        if (MARGIND_FAULT(untouched) && entry.place % 50 == 7) return;
        Tracked& record = records_[entry.record];
        for (const Direction direction : {kDown, kUp}) {
            record.slack[direction] -=
                coordinates_.worth(factor, moved[entry.coordinate[direction]], entry.amount);
        }
        if (entry.limited && !MARGIND_FAULT(tiers_untracked)) move_tiers(factor, entry, record);
        if (!known) record.slack[kDown] = -1;
        ++statistics_.touched;
        const Int128 least = std::min(record.slack[kDown], record.slack[kUp]);
        if (least < 0 || least > record.enough) name(record.account);
    });
}

// What the tiers after the first require now: more of it takes from the distance down the ladder,
// and adds to the one up.
void BandIndex::move_tiers(FactorIndex factor, TrackedEntry& entry, Tracked& record) noexcept {
    const std::int64_t now = beyond_of(factor, entry.amount);
    const Int128 more = Int128{now} - entry.beyond;
    entry.beyond = now;
    for (const Direction direction : {kDown, kUp}) {
        const std::uint8_t coordinate = entry.coordinate[direction];
        if (coordinate == kStill) continue;
        const Int128 cost = more * coordinates_.multiple(coordinate % kThresholds);
        record.slack[direction] -=
            div_ceil<Int128>(direction == kDown ? cost : -cost, Int128{kScale});
    }
}

std::optional<AuditCheck> BandIndex::broken_track(const Account& account, const AccountView& view,
                                                  const Evaluation& evaluation) const noexcept {
    if (!vouches_for_limits(account, view)) return AuditCheck::key;
    const std::span<const Slot> slots = slots_.rows(account.run);
    const std::uint32_t number = record_of(account);
    if (records_[number].account != slots[0].account) return AuditCheck::key;
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        const TrackedEntry& entry = tracked_[static_cast<std::uint32_t>(slots[i].key[0])];
        if (entry.record != number || entry.place != account.run.offset + i ||
            entry.amount != amount_of(slots[i], view) || entry.limited != slots[i].limited) {
            return AuditCheck::key;
        }
    }
    for (const Direction direction : {kDown, kUp}) {
        const Distance line = distance(direction, account.state, evaluation, view.balances.size());
        // Roundings were taken from both distances: no more than those may lie between them.
        const Int128 rounding =
            2 * rounding_of(view.balances.size(), coordinates_.multiple(line.threshold));
        if (line.needed && records_[number].slack[direction] > line.slack + rounding) {
            return AuditCheck::certificate;
        }
    }
    return std::nullopt;
}

}  // namespace margind::core
