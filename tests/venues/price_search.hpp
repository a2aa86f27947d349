// An account with one position whose price of liquidation a case asks for: where the engine's
// search finds it, in ticks as fine as the ledger has them.
#pragma once

#include <optional>

#include "tests/venues/engine_account.hpp"

namespace margind::test {

// `rows`: the position of row 0 and what else there is. Money is counted as finely as fits: the
// ledger rounds equity and margin to 1e-8 of it.
inline std::optional<Price> engine_liquidation_price(const Account& rows) {
    const auto& position = rows.view().positions[0];
    return in_fitting_unit({8, 4, 0}, [&](int exponent) {
        EngineAccount account({.profile = "hyperliquid",
                               .money_exponent = exponent,
                               // Farther than any liquidation worth asking for.
                               .price_max = Price::from_raw(position.entry_price.raw() * 10),
                               .finest_prices = true},
                              rows);
        return account.venue().liquidation_price(
            account.instrument(0),
            position.quantity.raw() > 0 ? core::Crossing::falling : core::Crossing::rising);
    });
}

}  // namespace margind::test
