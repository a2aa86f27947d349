// Guards of accounts whose health is a sum of products of amounts and coordinates.
#include <algorithm>
#include <cmath>

#include "core/bands/band_index.hpp"
#include "core/bands/faults.hpp"
#include "core/bands/rough_root.hpp"

namespace margind::core {

// Equity and margin were rounded, and will be again. Equity once, and once for the gains that
// settle in each balance; margin once.
Int128 BandIndex::rounding_of(std::size_t balances, std::int64_t multiple) noexcept {
    return 2 * (Int128{kScale} * static_cast<Int128>(balances + 2) + multiple / kScale + 1);
}

BandIndex::Mode BandIndex::guard_additive(std::uint32_t index, const AccountView& view,
                                          const Work& work, bool returning, bool at_once) noexcept {
    const Distance down = distance(kDown, work.state, work.evaluation, view.balances.size());
    const Distance up = distance(kUp, work.state, work.evaluation, view.balances.size());
    if (at_once) return guard_or_track(index, view, down, up, returning);
    return track(index, view, down, up) ? Mode::tracked : Mode::watched;
}

BandIndex::Mode BandIndex::guard_or_track(std::uint32_t index, const AccountView& view,
                                          const Distance& down, const Distance& up,
                                          bool returning) noexcept {
    constexpr double kReturn = 2.0;  // who was not guarded waits for more room
    Account& account = accounts_[index];
    double slack = 1e300;
    if (down.needed) slack = std::min(slack, static_cast<double>(down.slack));
    if (up.needed) slack = std::min(slack, static_cast<double>(up.slack));
    if (slack < 0) return Mode::watched;
    // A limit takes the place of the key up the ladder.
    const bool possible = !down.needed || !up.needed || limited_slots(account) == 0;
    const double enough = enough_slack(account, view) * (returning ? kReturn : 1);
    if (possible && slack >= enough) {
        if (account.mode == Mode::tracked) let_go(index);
        const bool safe_down =
            !down.needed || (guard_tiers(account, view, down) && guard(account, view, kDown, down));
        if (safe_down &&
            (!up.needed || MARGIND_FAULT(no_recovery) || guard(account, view, kUp, up))) {
            return Mode::banded;
        }
    }
    return track(index, view, down, up) ? Mode::tracked : Mode::watched;
}

// The next line in a direction; nothing is known of the distance.
BandIndex::Distance BandIndex::line(Direction direction, MarginState state) const noexcept {
    const bool at_end =
        direction == kDown ? state == MarginState::bankrupt : state == MarginState::healthy;
    if (at_end) return {};
    return {.needed = true,
            .threshold = direction == kDown
                             ? entering(static_cast<MarginState>(static_cast<int>(state) + 1))
                             : leaving(state),
            .slack = 0};
}

BandIndex::Distance BandIndex::distance(Direction direction, MarginState state,
                                        const Evaluation& evaluation,
                                        std::size_t balances) const noexcept {
    Distance out = line(direction, state);
    if (!out.needed) return out;
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
    return coordinates_.worth(slot.factor, steps, amount_of(slot, view));
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

// Guards are crossed (sum of weights)^3 / slack^2 times a tick, and each crossing costs as much as
// kCrossing touches; tracking costs a touch a tick of what is held.
double BandIndex::enough_slack(const Account& account, const AccountView& view) const noexcept {
    constexpr double kCrossing = 60;
    double weights = 0;
    double ticks = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        weights += weight_of(slot, view);
        ticks += spreads_[slot.factor].share;
    }
    return ticks > 0 ? std::sqrt(kCrossing * weights * weights * weights / ticks) : 0;
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
        // Beyond the grid nobody knows what a key leaves; tracking does not have to.
        const BandKey now = coordinates_.at(slot.factor, coordinate_of(slot, distance.threshold));
        if (Coordinates::off_grid(now)) return false;
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
        cost += cost_of(slot, view, distance.threshold, slot.key[direction]);
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
        if (slot.key[direction] != kNoKey) continue;
        const std::size_t coordinate = coordinate_of(slot, threshold);
        const BandKey now = coordinates_.at(slot.factor, coordinate);
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

std::optional<AuditCheck> BandIndex::broken_guard(const Account& account, const AccountView& view,
                                                  const Evaluation& evaluation) const noexcept {
    if (!vouches_for_limits(account, view)) return AuditCheck::key;
    for (const Slot& slot : slots_.rows(account.run)) {
        if (!slot.limited || account.state == MarginState::bankrupt) continue;
        if (slot.key[1] == kNoKey || coordinates_.at(slot.factor, kPriceUp) > slot.key[1]) {
            return AuditCheck::key;
        }
    }
    for (const Direction direction : {kDown, kUp}) {
        const Distance line = distance(direction, account.state, evaluation, view.balances.size());
        if (!line.needed) continue;
        Int128 cost = tiers_cost(account, view, direction, line.threshold);
        for (const Slot& slot : slots_.rows(account.run)) {
            const BandKey now = coordinates_.at(slot.factor, coordinate_of(slot, line.threshold));
            if (slot.key[direction] == kNoKey || now > slot.key[direction]) return AuditCheck::key;
            cost += cost_of(slot, view, line.threshold, slot.key[direction]);
            // The slop was for the coordinate's error when the key was set; it may be used up now.
            cost -= coordinates_.worth(slot.factor, Coordinates::kSlop, amount_of(slot, view));
        }
        // Rounding was allowed for when the guard was set, and may have used it up since.
        const Int128 rounding =
            rounding_of(view.balances.size(), coordinates_.multiple(line.threshold));
        if (cost > line.slack + 2 * rounding) return AuditCheck::certificate;
    }
    return std::nullopt;
}

}  // namespace margind::core
