// An account with one position whose price of liquidation a case asks for: where the engine's
// search finds it, in ticks as fine as the ledger has them.
#pragma once

#include <optional>

#include "tests/venues/engine_account.hpp"

namespace margind::test {

// `find(times)` looks up to so many times the price a position was opened at: prices are finer the
// lower the highest one is.
template <class Find>
std::optional<Price> near_or_far(const Find& find) {
    const std::optional<Price> near = find(10);
    return near ? near : find(1'000);
}

// `rows`: the position of row 0 and what else there is. Money is counted as finely as fits: the
// ledger rounds equity and margin to 1e-8 of it.
inline std::optional<Price> engine_liquidation_price(const Account& rows) {
    const auto& position = rows.view().positions[0];
    const auto found = [&](int exponent, int times) {
        EngineAccount account({.profile = "hyperliquid",
                               .money_exponent = exponent,
                               .price_max = Price::from_raw(position.entry_price.raw() * times),
                               .finest_prices = true},
                              rows);
        return account.venue().liquidation_price(
            account.instrument(0),
            position.quantity.raw() > 0 ? core::Crossing::falling : core::Crossing::rising);
    };
    return near_or_far([&](int times) {
        return in_fitting_unit({8, 4, 0}, [&](int exponent) { return found(exponent, times); });
    });
}

}  // namespace margind::test
