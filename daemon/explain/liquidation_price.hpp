// At which price of an instrument an account is liquidated, other prices held.
#pragma once

#include <cstddef>
#include <optional>

#include "core/engine/engine.hpp"
#include "core/market/price_scenario.hpp"

namespace margind::daemon {

// Of the account's position p: the price on the side on which the position loses, or, where none is
// there, on the other. Nothing: no price liquidates the account (or, where it is to be liquidated
// already, none would save it).
// Requires: the account is priced; `scenario` was made of the engine's market as it is.
std::optional<core::Price> liquidation_price(const core::Engine& engine,
                                             const core::AccountView& account, std::size_t p,
                                             core::PriceScenario& scenario);

}  // namespace margind::daemon
