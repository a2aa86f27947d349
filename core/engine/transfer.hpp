// Whether an account can do without the money that a transfer takes from it.
#pragma once

#include "core/input.hpp"
#include "core/margin/evaluate.hpp"

namespace margind::core {

// `left` is the account without the money. It has to meet its initial margin: `figures` is that
// level where it does not. Who owes nothing and holds no position needs none, and no prices to
// tell.
Refusal check_transfer(const AccountView& left, const MarketView& market,
                       LevelFigures& figures) noexcept;

}  // namespace margind::core
