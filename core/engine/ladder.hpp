// The margin state ladder as arithmetic: which state an account's health means, given where it was.
#pragma once

#include "core/event.hpp"
#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"

namespace margind::core {

// The worst state whose condition holds, without memory. A level h is breached when
// equity - h * margin < 0, decided by multiplication alone; bankrupt when nothing (or less) is
// left against a maintenance margin, or when the account owes.
MarginState breached_state(const Evaluation& evaluation, const Ladder& ladder) noexcept;

// Where the account goes from `current`: down at once, up only past each level's hysteresis.
// The bankrupt state is left at liquidation.hysteresis * maintenance.
MarginState next_state(MarginState current, const Evaluation& evaluation,
                       const Ladder& ladder) noexcept;

// Whether equity >= multiplier * margin at a level.
bool meets(const Evaluation& evaluation, Rate multiplier,
           MarginLevel level = MarginLevel::maintenance) noexcept;

// What a move from one state to another is told as.
EventKind event_of(MarginState from, MarginState to) noexcept;

// The levels that next_state() looks at.
LevelSet levels_of(const Ladder& ladder) noexcept;

}  // namespace margind::core
