// Whether a transfer may happen: what it says, the account it takes from, and the two sides
// together.
#pragma once

#include <cstddef>

#include "core/input.hpp"
#include "core/margin/evaluate.hpp"

namespace margind::core {

// What can be told from the two records alone.
Refusal check_form(const AccountInput& from, const AccountInput& to, std::size_t assets) noexcept;

// `left` is the account without the money. It has to meet its initial margin: `figures` is that
// level where it does not. Who owes nothing and holds no position needs none, and no prices to
// tell.
Refusal check_transfer(const AccountView& left, const MarketView& market,
                       LevelFigures& figures) noexcept;

// The verdict on the whole, of what stands in the way of each side: the same whether one engine has
// both accounts or two engines have one each.
Refusal agree(Refusal source, Refusal receiver) noexcept;

}  // namespace margind::core
