#include "core/engine/plan_prices.hpp"

#include <cstdint>

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

}  // namespace

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
