#include "core/margin/find_liquidation_price.hpp"

#include "core/margin/evaluate.hpp"

namespace margind::core {

std::optional<Price> find_liquidation_price(const AccountView& account, const MarketView& market,
                                            InstrumentId instrument, Price highest,
                                            Crossing crossing, MarginLine line,
                                            PriceScenario& scenario) {
    const auto surplus = [&](Price price) {
        scenario.set(instrument, price);
        const LevelFigures figures = evaluate_level(account, scenario.view(), line.level);
        return figures.equity.wide() * kScale - line.multiple.wide() * figures.margin.wide();
    };
    const Price now = market.instruments[instrument.index()].mark;
    return find_crossing_price(now, std::max(now, highest), crossing, surplus);
}

}  // namespace margind::core
