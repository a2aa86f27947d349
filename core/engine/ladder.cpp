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
    return Int128{e.equity.raw()} * kScale * kScale >= end * e.maintenance_margin.raw();
}

constexpr MarginState better(MarginState state) {
    return static_cast<MarginState>(static_cast<std::uint8_t>(state) - 1);
}

}  // namespace

bool meets(const Evaluation& e, Rate multiplier) noexcept {
    return Int128{e.equity.raw()} * kScale >= Int128{multiplier.raw()} * e.maintenance_margin.raw();
}

MarginState breached_state(const Evaluation& e, const Ladder& ladder) noexcept {
    if (bankrupt(e)) return MarginState::bankrupt;
    if (!meets(e, ladder.liquidation.multiplier)) return MarginState::liquidation;
    if (!meets(e, ladder.margin_call.multiplier)) return MarginState::margin_call;
    if (!meets(e, ladder.warning.multiplier)) return MarginState::warning;
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
