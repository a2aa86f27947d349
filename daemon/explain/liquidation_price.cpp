#include "daemon/explain/liquidation_price.hpp"

#include "core/margin/find_liquidation_price.hpp"

namespace margind::daemon {

std::optional<core::Price> liquidation_price(const core::Engine& engine,
                                             const core::AccountView& account, std::size_t p,
                                             core::PriceScenario& scenario) {
    const core::Level& rung = engine.parameters().ladder.liquidation;
    const core::PositionRow& position = account.positions[p];
    const core::Instrument& instrument =
        engine.parameters().instruments[position.instrument.index()];
    const auto find = [&](core::Crossing crossing) {
        return core::find_liquidation_price(
            account, engine.market().view(), position.instrument, instrument.price_max, crossing,
            {.level = rung.of, .multiple = rung.multiplier}, scenario);
    };
    const bool loses_by_falling = position.quantity.raw() >= 0;
    const auto price = find(loses_by_falling ? core::Crossing::falling : core::Crossing::rising);
    if (price) return price;
    return find(loses_by_falling ? core::Crossing::rising : core::Crossing::falling);
}

}  // namespace margind::daemon
