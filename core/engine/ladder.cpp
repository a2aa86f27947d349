#include "core/engine/ladder.hpp"

namespace margind::core {
namespace {

bool bankrupt(const Evaluation& e) noexcept {
    return e.equity.raw() < 0 || (e.equity.raw() == 0 && e.maintenance_margin.raw() > 0);
}

const Level& level_of(MarginState state, const Ladder& ladder) noexcept {
    return state == MarginState::warning       ? ladder.warning
           : state == MarginState::margin_call ? ladder.margin_call
                                               : ladder.liquidation;
}

// Whether the account has climbed out of `state` for good: past the level and its hysteresis.
bool cleared(MarginState state, const Evaluation& e, const Ladder& ladder) noexcept {
    if (state == MarginState::bankrupt) {
        return !bankrupt(e) && meets(e, ladder.liquidation.hysteresis);
    }
    const Level& level = level_of(state, ladder);
    const Int128 end = Int128{level.multiplier.raw()} * (kScale + level.hysteresis.raw());
    const LevelFigures figures = e.at(level.of);
    return Int128{figures.equity.raw()} * kScale * kScale >= end * figures.margin.raw();
}

constexpr MarginState better(MarginState state) {
    return static_cast<MarginState>(static_cast<std::uint8_t>(state) - 1);
}

}  // namespace

bool meets(const Evaluation& e, Rate multiplier, MarginLevel level) noexcept {
    const LevelFigures figures = e.at(level);
    return Int128{figures.equity.raw()} * kScale >= Int128{multiplier.raw()} * figures.margin.raw();
}

EventKind event_of(MarginState from, MarginState to) noexcept {
    if (to < from) return EventKind::recovered;
    switch (to) {
        case MarginState::healthy:
            return EventKind::recovered;
        case MarginState::warning:
            return EventKind::warning;
        case MarginState::margin_call:
            return EventKind::margin_call;
        case MarginState::liquidation:
            return EventKind::liquidation;
        case MarginState::bankrupt:
            return EventKind::bankruptcy;
    }
    return EventKind::recovered;
}

LevelSet levels_of(const Ladder& ladder) noexcept {
    LevelSet set;
    set.add(MarginLevel::maintenance);
    for (const Level& level : {ladder.warning, ladder.margin_call, ladder.liquidation}) {
        set.add(level.of);
    }
    return set;
}

MarginState breached_state(const Evaluation& e, const Ladder& ladder) noexcept {
    if (bankrupt(e)) return MarginState::bankrupt;
    if (!meets(e, ladder.liquidation.multiplier, ladder.liquidation.of))
        return MarginState::liquidation;
    if (!meets(e, ladder.margin_call.multiplier, ladder.margin_call.of))
        return MarginState::margin_call;
    if (!meets(e, ladder.warning.multiplier, ladder.warning.of)) return MarginState::warning;
    return MarginState::healthy;
}

MarginState next_state(MarginState current, const Evaluation& e, const Ladder& ladder) noexcept {
    const MarginState breached = breached_state(e, ladder);
    if (breached >= current) return breached;
    MarginState state = current;
    while (state > breached && cleared(state, e, ladder)) state = better(state);
    return state;
}

}  // namespace margind::core
