// A price that follows the market slowly, by limits and not by an average alone: what initial
// margin is judged at, so that a price pushed away for an hour opens no credit.
//
// A ring of `kSlots` delay prices, one a slot (an hour, say), remembers the averages of the last
// day. An update with market price p, dt after the last one, d = min(dt, most):
//
//   1. the slot's sums grow by dt and p d;
//   2. when the slot changes, its average, held within (1 -+ slot_growth) of the slot before, is
//      written to every slot since the last change (to all after a whole ring);
//   3. with q the delay price one ring ago (the present slot's) and r = min(s/q, q/s), the slow
//      price s moves towards p by at most s growth_per_second r^2 d: the further it is from where
//      the market was a day ago, the slower it goes.
//
// Updates less than `least` apart are ignored. Units: prices 1e-8 (of N). Rounding: averages, r,
// and every allowed step down, so the price never moves faster than its limits.
// Source: Mango v4, StablePriceModel (docs.mango.markets, "Oracles: stable price").
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct SlowPriceRule {
    RateOf<N> slot_growth;        // largest change from one slot's delay price to the next
    RateOf<N> growth_per_second;  // largest change of the slow price, at r = 1
    Duration slot = Duration::from_seconds(3'600);
    Duration least = Duration::from_seconds(10);
    Duration most = Duration::from_seconds(600);
};

// One writer; value semantics; an update costs a dozen integer operations and no allocation.
template <class N>
class SlowPriceOf {
  public:
    static constexpr std::size_t kSlots = 24;

    SlowPriceOf() = default;
    // Requires: price above zero; rule.slot above zero, 0 <= least, 0 < most.
    SlowPriceOf(const SlowPriceRule<N>& rule, const UnitPriceOf<N>& price, Timestamp now)
        : rule_(rule), price_(price), last_update_(now), last_rolled_(slot_at(now)) {
        delay_prices_.fill(price);
    }

    // Requires: price above zero; `now` never decreases.
    void update(const UnitPriceOf<N>& price, Timestamp now) {
        const Duration elapsed = now - last_update_;
        if (elapsed < rule_.least) {
            return;
        }
        const Duration counted = elapsed < rule_.most ? elapsed : rule_.most;
        last_update_ = now;
        time_sum_ += Wide(elapsed.ns());
        price_sum_ += price.wide() * Wide(counted.ns());
        roll(slot_at(now), elapsed);
        follow(price, counted);
    }

    UnitPriceOf<N> price() const { return price_; }
    UnitPriceOf<N> delay_price(std::size_t slot) const { return delay_prices_[slot]; }

    // Where it stands, under another rule.
    SlowPriceOf with_rule(const SlowPriceRule<N>& rule) const {
        SlowPriceOf other = *this;
        other.rule_ = rule;
        return other;
    }
    // Whether every price kept lies from one tick to `most`, and sums are those of such prices.
    bool plausible(const UnitPriceOf<N>& most) const {
        const auto fits = [&](const UnitPriceOf<N>& price) {
            return price.raw() > 0 && price <= most;
        };
        return fits(price_) && std::all_of(delay_prices_.begin(), delay_prices_.end(), fits) &&
               last_rolled_ < kSlots && time_sum_ >= 0 && price_sum_ >= 0 && last_update_.ns() >= 0;
    }
    template <class Archive, class Self>
    static void fields(Archive& archive, Self& self) {
        archive.value(self.price_);
        for (auto& price : self.delay_prices_) archive.value(price);
        archive.value(self.last_update_);
        archive.value(self.last_rolled_);
        wide(archive, self.price_sum_);
        wide(archive, self.time_sum_);
    }

  private:
    using Wide = typename N::WideRaw;

    // Two words, the lower first.
    template <class Archive, class Number>
    static void wide(Archive& archive, Number& number) {
        auto low = static_cast<std::uint64_t>(number);
        auto high = static_cast<std::int64_t>(number >> 64);
        archive.value(low);
        archive.value(high);
        if constexpr (Archive::kReads) number = (Wide(high) << 64) + Wide(low);
    }

    std::size_t slot_at(Timestamp now) const {
        return static_cast<std::size_t>(now.ns() / rule_.slot.ns()) % kSlots;
    }

    // `value` if it is within `step` of `centre`, else the nearer end.
    static UnitPriceOf<N> held(const Wide& value, const UnitPriceOf<N>& centre, const Wide& step) {
        const Wide low = centre.wide() - step;
        const Wide high = centre.wide() + step;
        return UnitPriceOf<N>::from_raw(N::narrow(value < low ? low : value > high ? high : value));
    }

    void roll(std::size_t slot, Duration elapsed) {
        if (slot == last_rolled_ || time_sum_ == 0) {
            return;
        }
        const UnitPriceOf<N> before = delay_prices_[(last_rolled_ + kSlots - 1) % kSlots];
        const Wide step =
            div_floor<Wide>(Wide(before.wide() * rule_.slot_growth.wide()), N::scale());
        const UnitPriceOf<N> average = held(div_floor<Wide>(price_sum_, time_sum_), before, step);
        if (elapsed.ns() > rule_.slot.ns() * static_cast<std::int64_t>(kSlots)) {
            delay_prices_.fill(average);
        } else {
            for (std::size_t i = last_rolled_; i != slot; i = (i + 1) % kSlots) {
                delay_prices_[i] = average;
            }
        }
        price_sum_ = 0;
        time_sum_ = 0;
        last_rolled_ = slot;
    }

    void follow(const UnitPriceOf<N>& market, Duration counted) {
        constexpr std::int64_t kNsPerSecond = 1'000'000'000;
        const UnitPriceOf<N> delayed = delay_prices_[last_update_slot()];
        const bool below = price_ < delayed;
        const Wide nearness = div_floor<Wide>(Wide((below ? price_ : delayed).wide() * N::scale()),
                                              (below ? delayed : price_).wide());
        const RateOf<N> ratio = RateOf<N>::from_raw(N::narrow(nearness));
        const RateOf<N> speed =
            product(rule_.growth_per_second, product(ratio, ratio, Rounding::down), Rounding::down);
        const Wide growth =
            div_floor<Wide>(Wide(speed.wide() * Wide(counted.ns())), Wide(kNsPerSecond));
        const Wide step = div_floor<Wide>(Wide(price_.wide() * growth), N::scale());
        price_ = held(market.wide(), price_, step);
    }

    std::size_t last_update_slot() const { return slot_at(last_update_); }

    SlowPriceRule<N> rule_;
    UnitPriceOf<N> price_;
    std::array<UnitPriceOf<N>, kSlots> delay_prices_{};
    Timestamp last_update_;
    std::uint64_t last_rolled_ = 0;
    // Since the last change of slot: price times nanoseconds, and nanoseconds.
    Wide price_sum_ = 0;
    Wide time_sum_ = 0;
};

using SlowPrice = SlowPriceOf<Ledger>;

}  // namespace margind::core
