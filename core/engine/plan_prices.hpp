// Prices that a plan's steps come with.
#pragma once

#include <cstddef>

#include "core/engine/hypothetical.hpp"
#include "core/units.hpp"

namespace margind::core {

// The price of the position's instrument at which the account's equity is zero, all else unchanged;
// rounded to the side on which it is still not negative. Zero: no price that the instrument admits
// does that. Found by halving: about 60 evaluations.
Price bankruptcy_price(const Hypothetical& account, std::size_t position) noexcept;

// The worst price at which the position may be taken over: by the instrument's rule, or the mark
// less what the liquidation costs; rounded to the account's favour. Zero: none.
Price limit_price(const Hypothetical& account, std::size_t position) noexcept;

}  // namespace margind::core
