// What the tiers of additive accounts' positions add, and the prices up to which that is allowed
// for.
#include <algorithm>
#include <cmath>

#include "core/bands/band_index.hpp"
#include "core/bands/faults.hpp"

namespace margind::core {
namespace {

constexpr MarginLevel kLevel = MarginLevel::maintenance;

}  // namespace

// The highest price, in the factor's steps, at which the position is inside its first tier.
BandKey BandIndex::end_of_first_tier(const Slot& slot, const AccountView& view) const noexcept {
    constexpr double kHighest = Coordinates::kLimit;
    const std::vector<Tier>& tiers = parameters_.instruments[slot.factor].tiers;
    const double step =
        static_cast<double>(amount_of(slot, view)) * coordinates_.step_value(slot.factor);
    if (!(step > 0)) return Coordinates::kLimit;
    const auto end = static_cast<double>(tiers[0].notional_up_to.raw());
    const double steps = std::floor(end / step * (1 - 1e-9)) - Coordinates::kSlop;
    return static_cast<BandKey>(std::min(steps, kHighest));
}

bool BandIndex::passes_first_tier(const Slot& slot, const AccountView& view) const noexcept {
    const bool tiered = slot.factor < parameters_.instruments.size() &&
                        parameters_.instruments[slot.factor].tiers.size() > 1;
    return tiered && end_of_first_tier(slot, view) < anchors_[slot.factor].ceiling;
}

void BandIndex::mark_limited(Account& account, const AccountView& view) noexcept {
    for (Slot& slot : slots_.rows(account.run)) {
        slot.limited = passes_first_tier(slot, view) && !MARGIND_FAULT(no_tier_limit);
    }
}

std::size_t BandIndex::limited_slots(const Account& account) const noexcept {
    const std::span<const Slot> slots = slots_.rows(account.run);
    return static_cast<std::size_t>(
        std::count_if(slots.begin(), slots.end(), [](const Slot& slot) { return slot.limited; }));
}

// Every limited position has a price beyond which the account is looked at anew.
// Requires: the account has no keys up the ladder.
bool BandIndex::guard_tiers(Account& account, const AccountView& view,
                            const Distance& down) noexcept {
    constexpr double kPart = 0.3;  // of the slack, for all that tiers may add
    const std::size_t limited = limited_slots(account);
    if (limited == 0) return true;
    const double room = kPart / static_cast<double>(limited) * static_cast<double>(down.slack) /
                        (static_cast<double>(coordinates_.multiple(down.threshold)) * 1e-16);
    const std::span<Slot> slots = slots_.rows(account.run);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        Slot& slot = slots[i];
        if (!slot.limited) continue;
        const BandKey now = coordinates_.at(slot.factor, kPriceUp);
        if (slot.key[1] != kNoKey && now <= slot.key[1]) continue;
        const BandKey limit = price_limit(slot, view, room);
        if (limit < now || !set_key(slot, account.run.offset + i, 1, kPriceUp, limit)) return false;
    }
    return true;
}

// The end of the first tier; for a position beyond it, where it requires `room` more (at 1e-16 of
// money). Below the price where there is no room.
BandKey BandIndex::price_limit(const Slot& slot, const AccountView& view,
                               double room) const noexcept {
    constexpr double kHighest = Coordinates::kLimit;
    const BandKey now = coordinates_.at(slot.factor, kPriceUp);
    const BandKey first = end_of_first_tier(slot, view);
    if (now <= first) return first;
    const std::vector<Tier>& tiers = parameters_.instruments[slot.factor].tiers;
    const Rate steepest = tiers.back().maintenance_rate - tiers[0].maintenance_rate;
    const double step =
        static_cast<double>(amount_of(slot, view)) * coordinates_.step_value(slot.factor);
    const double cost = static_cast<double>(steepest.raw()) * 1e-8 * step;
    if (!(cost > 0)) return Coordinates::kLimit;
    return static_cast<BandKey>(std::min(now + std::floor(room / cost), kHighest));
}

// What a notional requires at most above the first tier's rate, at 1e-24 of money.
Int128 BandIndex::beyond_first_tier(const Slot& slot, Int128 notional) const noexcept {
    const std::vector<Tier>& tiers = parameters_.instruments[slot.factor].tiers;
    Int128 sum = 0;
    for (std::size_t t = 1; t < tiers.size(); ++t) {
        const Int128 above = notional - tiers[t - 1].notional_up_to.raw();
        if (above <= 0) break;
        sum += above * (tiers[t].maintenance_rate - tiers[t - 1].maintenance_rate).raw();
    }
    return sum;
}

// What an amount requires above the first tier's rate as things stand, at 1e-24 of money.
Int128 BandIndex::beyond_first_tier_now(FactorIndex factor, std::int64_t amount) const noexcept {
    const InstrumentRow& row = market_.view().instruments[factor];
    const Int128 notional = row.scale.value(row.mark, Quantity::from_raw(amount)).raw();
    Int128 sum = 0;
    for (std::uint32_t t = 1; t < row.tier_count; ++t) {
        const Int128 above = notional - row.tiers[t - 1].notional_up_to.raw();
        if (above <= 0) break;
        sum += above * (row.tiers[t].rate[kLevel] - row.tiers[t - 1].rate[kLevel]).raw();
    }
    return sum;
}

// How far the requirement beyond the first tier can move the account's distance while the price
// keeps its limit: downwards it may grow to what it is at the limit, upwards it may vanish.
Int128 BandIndex::tier_cost(const Slot& slot, const AccountView& view, Direction direction,
                            std::size_t threshold) const noexcept {
    const std::int64_t amount = amount_of(slot, view);
    const Int128 now = beyond_first_tier_now(slot.factor, amount);
    Int128 moved = now;
    if (direction == kDown) {
        const Int128 most =
            beyond_first_tier(slot, coordinates_.worth(slot.factor, slot.key[1], amount));
        if (most == 0) return 0;
        moved = most - now;
    }
    // From 1e-24 to money, times the multiple at 1e-16, to 1e-16.
    return div_ceil<Int128>(moved, Int128{kScale} * kScale) * coordinates_.multiple(threshold) /
               kScale +
           1;
}

Int128 BandIndex::tiers_cost(const Account& account, const AccountView& view, Direction direction,
                             std::size_t threshold) const noexcept {
    Int128 sum = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        if (slot.limited) sum += tier_cost(slot, view, direction, threshold);
    }
    return sum;
}

// Who has to care for tiers does, and nobody else has to.
bool BandIndex::vouches_for_limits(const Account& account, const AccountView& view) const noexcept {
    const std::span<const Slot> slots = slots_.rows(account.run);
    return std::all_of(slots.begin(), slots.end(), [&](const Slot& slot) {
        return slot.limited == passes_first_tier(slot, view) &&
               coordinates_.at(slot.factor, kPriceUp) <= anchors_[slot.factor].ceiling;
    });
}

}  // namespace margind::core
