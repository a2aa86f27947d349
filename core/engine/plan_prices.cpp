#include "core/engine/plan_prices.hpp"

#include <algorithm>
#include <cstdint>

#include "core/margin/takeover_price.hpp"

namespace margind::core {
namespace {

// Whether equity is not negative with position p valued at `price`: its gain since the mark is put
// on top of what is unsettled, so that nothing else of the market moves.
bool solvent_at(const Hypothetical& account, std::size_t p, Price price) noexcept {
    Hypothetical moved = account;
    PositionRow& row = moved.position(p);
    const Price mark = moved.row_of(p).mark;
    row.accrued = row.accrued + round_down(moved.gain(p, row.quantity, price) -
                                           moved.gain(p, row.quantity, mark));
    return moved.evaluation().equity.raw() >= 0;
}

// The mark moved by the spread that the account's risk asks for.
Price fillable_price(const Hypothetical& account, std::size_t p, const AccountRisk<Ledger>& risk,
                     Rounding rounding) noexcept {
    const InstrumentRow& row = account.row_of(p);
    const Money maintenance = round_up(account.requirement(p, MarginLevel::maintenance));
    // Of no notional: the distance to the mark, to which the rounding of one adds nothing. What the
    // venue cuts off a notional does.
    const Quantity size = account.position(p).quantity;
    const Value cut = row.scale.value(row.mark, magnitude(size)) - account.notional(p, size);
    const WeightedValue spread =
        fillable_value<Ledger>(account.instrument(p).fillable_price, risk, {Money{}, maintenance}) -
        (size.raw() < 0 ? -cut : cut) * kRateOne;
    const Price distance = price_bringing<Ledger>(spread, size, row.scale, rounding);
    return Price::from_raw(std::max<std::int64_t>(row.mark.raw() + distance.raw(), 0));
}

}  // namespace

Price limit_price(const Hypothetical& account, std::size_t p) noexcept {
    const bool is_long = account.position(p).quantity.raw() > 0;
    const Instrument& instrument = account.instrument(p);
    const InstrumentRow& row = account.row_of(p);
    if (instrument.fillable_price.spread_to_maintenance.raw() == 0) {
        return penalty_price<Ledger>(Hypothetical::terms_of(row), row.mark,
                                     account.liquidation_fee(p) + account.insurance_fee(p),
                                     is_long);
    }
    const LevelFigures figures = account.evaluation().at(MarginLevel::maintenance);
    if (figures.margin.raw() <= 0) return row.mark;
    return fillable_price(account, p, {figures.equity, figures.margin},
                          is_long ? Rounding::up : Rounding::down);
}

Price bankruptcy_price(const Hypothetical& account, std::size_t p) noexcept {
    const Price highest = account.instrument(p).price_max;
    const bool is_long = account.position(p).quantity.raw() > 0;
    // Between the worst price and the best one; the answer is the worst that is still solvent.
    std::int64_t worst = is_long ? 1 : highest.raw();
    std::int64_t best = is_long ? highest.raw() : 1;
    if (solvent_at(account, p, Price::from_raw(worst)) ||
        !solvent_at(account, p, Price::from_raw(best))) {
        return {};
    }
    while (best - worst > 1 || worst - best > 1) {
        const std::int64_t middle = worst + (best - worst) / 2;
        (solvent_at(account, p, Price::from_raw(middle)) ? best : worst) = middle;
    }
    return Price::from_raw(best);
}

}  // namespace margind::core
