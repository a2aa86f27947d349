// The price of one instrument at which an account falls below a level, other prices held: found on
// the evaluation itself, so that it is exact for every account, whatever rules apply to it. Where
// an account is simple enough, liquidation_price.hpp has the closed forms; both agree there.
//
// Below a level: equity < multiple * margin at it. A search walks away from the present price in
// steps that double, from 1/32 of it, until the account's side of the level changes, and then
// narrows that down to the tick: by interpolation, which is right at once where the difference is
// linear, and by halves, which always ends. Equity less margin is a concave function of one price
// for tiers that rise, for haircuts and for weights, so there is one such price in each direction
// at most; where a venue's rules make it something else, the price found is one at which the level
// is crossed, not always the nearest.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/ids.hpp"
#include "core/margin/accounts.hpp"
#include "core/margin/level.hpp"
#include "core/market/price_scenario.hpp"
#include "core/units.hpp"

namespace margind::core {

// A line that an account can be below.
struct MarginLine {
    MarginLevel level = MarginLevel::maintenance;
    Rate multiple = kRateOne;
};

// Which way the price moves when the account falls below the line.
enum class Crossing : std::uint8_t { falling, rising };

namespace margin_detail {

// One search, along the ticks on one side of the present price.
template <class Surplus>
class CrossingSearch {
  public:
    CrossingSearch(Price now, Price highest, const Surplus& surplus)
        : highest_(highest.raw()), surplus_(surplus), near_(at(now.raw())) {}

    std::optional<Price> find(Crossing crossing) {
        const bool below_now = near_.below();
        // Below the line now: rising leads back out of where falling led to.
        sign_ = (crossing == Crossing::falling) != below_now ? -1 : 1;
        if (!walk()) return std::nullopt;
        while (distance() > 1) {
            narrow(interpolated());
            if (distance() > 1) narrow(near_was_moved_ ? near_.raw + sign_ : far_.raw - sign_);
            if (distance() > 1) narrow(near_.raw + sign_ * (distance() / 2));
        }
        return Price::from_raw(below_now ? near_.raw : far_.raw);
    }

  private:
    using Raw = std::int64_t;
    struct Point {
        Raw raw = 0;
        Int128 surplus = 0;
        bool below() const { return surplus < 0; }
    };

    Point at(Raw raw) const { return {raw, surplus_(Price::from_raw(raw))}; }
    Raw distance() const { return sign_ * (far_.raw - near_.raw); }

    // Whether there is a price on the other side of the line. Then `far_` is one and `near_`, less
    // far away, is on the present price's side.
    bool walk() {
        const Raw end = sign_ < 0 ? 1 : highest_;
        for (Raw step = std::max<Raw>(near_.raw / 32, 1); near_.raw != end; step *= 2) {
            far_ = at(near_.raw + sign_ * std::min(step, sign_ * (end - near_.raw)));
            if (far_.below() != near_.below()) return true;
            near_ = far_;
        }
        return false;
    }

    // A guess, strictly between: doubles decide how fast the search is, never what it finds.
    Raw interpolated() const {
        const auto a = static_cast<double>(near_.surplus);
        const auto b = static_cast<double>(far_.surplus);
        const double share = a == b ? 0.5 : std::clamp(a / (a - b), 0.0, 1.0);
        const auto steps = static_cast<Raw>(share * static_cast<double>(distance()));
        return near_.raw + sign_ * std::clamp<Raw>(steps, 1, distance() - 1);
    }

    void narrow(Raw raw) {
        const Point point = at(raw);
        near_was_moved_ = point.below() == near_.below();
        (near_was_moved_ ? near_ : far_) = point;
    }

    Raw highest_;
    const Surplus& surplus_;
    Raw sign_ = 0;
    Point near_;
    Point far_;
    bool near_was_moved_ = false;
};

}  // namespace margin_detail

// The account is below the line at the price returned, and one tick better (one up where it crosses
// by falling, one down where by rising) it is not. Nothing: there is no such price in [1, highest].
// `surplus(price)` is negative where the account is below the line. Cost: about ten calls.
// Requires: now in [1, highest].
template <class Surplus>
std::optional<Price> find_crossing_price(Price now, Price highest, Crossing crossing,
                                         const Surplus& surplus) {
    return margin_detail::CrossingSearch<Surplus>(now, highest, surplus).find(crossing);
}

// Of `instrument`, whose price now is in `market`, up to `highest`. Leaves `scenario` at some
// price. Requires: the account is priced in `market`, of which `scenario` was made.
std::optional<Price> find_liquidation_price(const AccountView& account, const MarketView& market,
                                            InstrumentId instrument, Price highest,
                                            Crossing crossing, MarginLine line,
                                            PriceScenario& scenario);

}  // namespace margind::core
