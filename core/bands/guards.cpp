// Guards of accounts whose health is a sum of products of amounts and coordinates.
#include <algorithm>
#include <cmath>

#include "core/bands/band_index.hpp"
#include "core/bands/faults.hpp"
#include "core/bands/rough_root.hpp"

namespace margind::core {
namespace {

constexpr MarginLevel kLevel = MarginLevel::maintenance;

// value * 2^log2, rounded up.
Int128 shifted_up(Int128 value, int log2) noexcept {
    if (log2 >= 0) return value << log2;
    return -((-value) >> -log2);
}

// What rounding may take from a distance, at 1e-16 of money: equity and margin were rounded, and
// will be again. Equity once, and once for the gains that settle in each balance; margin once.
Int128 rounding_of(std::size_t balances, std::int64_t multiple) noexcept {
    return 2 * (Int128{kScale} * static_cast<Int128>(balances + 2) + multiple / kScale + 1);
}

}  // namespace

bool BandIndex::guard_additive(Account& account, const AccountView& view,
                               const Work& work) noexcept {
    const Distance down = distance(kDown, work.state, work.evaluation, view.balances.size());
    const Distance up = distance(kUp, work.state, work.evaluation, view.balances.size());
    return worth_guarding(account, view, down, up) && guard_tiers(account, view, down) &&
           (!down.needed || guard(account, view, kDown, down)) &&
           (!up.needed || MARGIND_FAULT(no_recovery) || guard(account, view, kUp, up));
}

BandIndex::Distance BandIndex::distance(Direction direction, MarginState state,
                                        const Evaluation& evaluation,
                                        std::size_t balances) const noexcept {
    const bool at_end =
        direction == kDown ? state == MarginState::bankrupt : state == MarginState::healthy;
    if (at_end) return {};
    Distance out{.needed = true};
    out.threshold = direction == kDown
                        ? entering(static_cast<MarginState>(static_cast<int>(state) + 1))
                        : leaving(state);
    const std::int64_t multiple = coordinates_.multiple(out.threshold);
    constexpr Int128 kSquare = Int128{kScale} * kScale;
    const Int128 gap = Int128{evaluation.equity.raw()} * kSquare -
                       Int128{multiple} * evaluation.maintenance_margin.raw();
    // Equity of zero is bankrupt where there is a margin to meet: one unit is kept away from it.
    const Int128 kept = out.threshold == entering(MarginState::bankrupt) ? kSquare : 0;
    out.slack = direction == kDown ? div_floor(gap - kept, kScale) : div_floor(-gap - 1, kScale);
    out.slack -= rounding_of(balances, multiple);
    return out;
}

// What the amount loses when its coordinate goes from where it is to `key`, at 1e-16 of money.
Int128 BandIndex::cost_of(const Slot& slot, const AccountView& view, std::size_t threshold,
                          BandKey key) const noexcept {
    const BandKey now = coordinates_.at(slot.factor, coordinate_of(slot, threshold));
    const Int128 steps = Int128{key} - now + Coordinates::kSlop;
    return shifted_up(steps * amount_of(slot, view), coordinates_.step_log2(slot.factor));
}

// How much the account's distance changes by the slot in a tick of any kind, one deviation.
double BandIndex::spread_of(const Slot& slot, const AccountView& view) const noexcept {
    return static_cast<double>(amount_of(slot, view)) * spreads_[slot.factor].deviation *
           coordinates_.step_value(slot.factor);
}

// The slot's part of the slack: guards are crossed least often when parts are as (spread^2)^(1/3).
double BandIndex::weight_of(const Slot& slot, const AccountView& view) const noexcept {
    const double spread = spread_of(slot, view);
    return rough_cube_root(spread * spread);
}

// Break-even: guards are crossed (sum of weights)^3 / slack^2 times a tick, each crossing costs as
// much as kCrossing looks; watching costs one look a tick of what is held.
bool BandIndex::worth_guarding(const Account& account, const AccountView& view,
                               const Distance& down, const Distance& up) const noexcept {
    constexpr double kCrossing = 6;
    constexpr double kReturn = 2;  // who is watched already waits for more room
    double slack = 1e300;
    if (down.needed) slack = std::min(slack, static_cast<double>(down.slack));
    if (up.needed) slack = std::min(slack, static_cast<double>(up.slack));
    if (slack <= 0) return false;
    double weights = 0;
    double ticks = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        if (!held(slot)) continue;
        weights += weight_of(slot, view);
        ticks += spreads_[slot.factor].share;
    }
    const double crossings = kCrossing * weights * weights * weights;
    const double needed = account.mode == Mode::watched ? kReturn * kReturn : 1.0;
    return crossings * needed <= slack * slack * ticks;
}

bool BandIndex::guard(Account& account, const AccountView& view, Direction direction,
                      Distance distance) noexcept {
    constexpr double kFairShare = 0.5;  // below this of it, everybody's share is set anew
    if (MARGIND_FAULT(wide_band)) distance.slack += distance.slack / 100;
    if (!MARGIND_FAULT(no_tier_limit)) {
        distance.slack -= tiers_cost(account, view, direction, distance.threshold);
    }
    if (distance.slack < 0) return false;
    Int128 reserved = 0;
    double missing = 0;
    double all = 0;
    bool complete = true;
    for (const Slot& slot : slots_.rows(account.run)) {
        if (!held(slot)) continue;
        const double weight = weight_of(slot, view);
        all += weight;
        if (slot.key[direction] == kNoKey) {
            missing += weight;
            complete = false;
        } else if (!MARGIND_FAULT(partial_forgets)) {
            reserved += cost_of(slot, view, distance.threshold, slot.key[direction]);
        }
    }
    if (complete && reserved <= distance.slack) return true;
    double available = static_cast<double>(distance.slack - reserved);
    const double fair = static_cast<double>(distance.slack) * missing / all;
    if (complete || !(available >= kFairShare * fair)) {
        forget_keys(account, direction);
        missing = all;
        available = static_cast<double>(distance.slack);
    } else {
        available = std::min(available, fair);
    }
    if (!set_keys(account, view, direction, distance.threshold, available, missing)) return false;

    ++statistics_.guards_set;
    Int128 cost = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        if (held(slot)) cost += cost_of(slot, view, distance.threshold, slot.key[direction]);
    }
    if (cost <= distance.slack || MARGIND_FAULT(wide_band) || MARGIND_FAULT(partial_forgets)) {
        return true;
    }
    ++statistics_.uncertified;
    return false;
}

// Shares `available` out over the slots without a key.
bool BandIndex::set_keys(Account& account, const AccountView& view, Direction direction,
                         std::size_t threshold, double available, double weights) noexcept {
    constexpr double kHighest = Coordinates::kLimit;
    const std::span<Slot> slots = slots_.rows(account.run);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        Slot& slot = slots[i];
        if (!held(slot) || slot.key[direction] != kNoKey) continue;
        const std::size_t coordinate = coordinate_of(slot, threshold);
        const BandKey now = coordinates_.at(slot.factor, coordinate);
        if (now <= -Coordinates::kLimit) return false;  // it may be further down
        const double step =
            static_cast<double>(amount_of(slot, view)) * coordinates_.step_value(slot.factor);
        double steps = kHighest;
        if (step > 0) {
            const double share = available * weight_of(slot, view) / weights;
            steps = std::floor(share / step * (1 - 1e-9)) - Coordinates::kSlop - 1;
        }
        if (!(steps >= 0)) return false;
        const auto key = static_cast<BandKey>(std::min(now + steps, kHighest));
        if (!set_key(slot, account.run.offset + i, direction, coordinate, key)) return false;
    }
    return true;
}

// ---- tiers

// Every position of an instrument with tiers has a price beyond which it is looked at anew.
bool BandIndex::guard_tiers(Account& account, const AccountView& view,
                            const Distance& down) noexcept {
    const std::span<Slot> slots = slots_.rows(account.run);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        Slot& slot = slots[i];
        if (slot.kind != Kind::tier) continue;
        if (MARGIND_FAULT(no_tier_limit)) {
            slot.key[0] = Coordinates::kLimit;
            continue;
        }
        const BandKey now = coordinates_.at(slot.factor, kPriceUp);
        if (slot.key[0] != kNoKey && now <= slot.key[0]) continue;
        const BandKey limit = price_limit(slot, view, down);
        if (limit < now || !set_key(slot, account.run.offset + i, 0, kPriceUp, limit)) return false;
    }
    return true;
}

// The end of the first tier; for a position beyond it, room worth part of what keeps the account
// from its next line. Below the price where there is no room.
BandKey BandIndex::price_limit(const Slot& slot, const AccountView& view,
                               const Distance& down) const noexcept {
    constexpr double kPart = 0.3;
    constexpr double kHighest = Coordinates::kLimit;
    const std::vector<Tier>& tiers = parameters_.instruments[slot.factor].tiers;
    const double step =
        static_cast<double>(amount_of(slot, view)) * coordinates_.step_value(slot.factor);
    if (!(step > 0)) return Coordinates::kLimit;
    const auto end = static_cast<double>(tiers[0].notional_up_to.raw());
    const double first = std::floor(end / step * (1 - 1e-9)) - Coordinates::kSlop;
    const BandKey now = coordinates_.at(slot.factor, kPriceUp);
    if (now <= first) return static_cast<BandKey>(std::min(first, kHighest));
    if (!down.needed) return now - 1;
    const Rate steepest = tiers.back().maintenance_rate - tiers[0].maintenance_rate;
    const double cost = static_cast<double>(coordinates_.multiple(down.threshold)) * 1e-16 *
                        static_cast<double>(steepest.raw()) * 1e-8 * step;
    const double room = kPart * static_cast<double>(down.slack);
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

// How far the requirement beyond the first tier can move the account's distance while the price
// keeps its limit: downwards it may grow to what it is at the limit, upwards it may vanish.
Int128 BandIndex::tier_cost(const Slot& slot, const AccountView& view, Direction direction,
                            std::size_t threshold) const noexcept {
    const InstrumentRow& row = market_.view().instruments[slot.factor];
    const std::int64_t amount = amount_of(slot, view);
    const Int128 notional = row.scale.value(row.mark, Quantity::from_raw(amount)).raw();
    Int128 now = 0;
    for (std::uint32_t t = 1; t < row.tier_count; ++t) {
        const Int128 above = notional - row.tiers[t - 1].notional_up_to.raw();
        if (above <= 0) break;
        now += above * (row.tiers[t].rate[kLevel] - row.tiers[t - 1].rate[kLevel]).raw();
    }
    Int128 moved = now;
    if (direction == kDown) {
        const Int128 largest =
            shifted_up(Int128{slot.key[0]} * amount, coordinates_.step_log2(slot.factor));
        const Int128 most = beyond_first_tier(slot, largest);
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
        if (slot.kind == Kind::tier) sum += tier_cost(slot, view, direction, threshold);
    }
    return sum;
}

bool BandIndex::vouches_for_additive(const Account& account, const AccountView& view,
                                     const Evaluation& evaluation) const noexcept {
    for (const Slot& slot : slots_.rows(account.run)) {
        if (slot.kind == Kind::tier && coordinates_.at(slot.factor, kPriceUp) > slot.key[0]) {
            return false;
        }
    }
    for (const Direction direction : {kDown, kUp}) {
        const Distance line = distance(direction, account.state, evaluation, view.balances.size());
        if (!line.needed) continue;
        Int128 cost = tiers_cost(account, view, direction, line.threshold);
        for (const Slot& slot : slots_.rows(account.run)) {
            if (!held(slot)) continue;
            const BandKey now = coordinates_.at(slot.factor, coordinate_of(slot, line.threshold));
            if (slot.key[direction] == kNoKey || now > slot.key[direction]) return false;
            cost += cost_of(slot, view, line.threshold, slot.key[direction]);
        }
        // Rounding was allowed for when the guard was set, and may have used it up since.
        const Int128 rounding =
            rounding_of(view.balances.size(), coordinates_.multiple(line.threshold));
        if (cost > line.slack + 2 * rounding) return false;
    }
    return true;
}

}  // namespace margind::core
