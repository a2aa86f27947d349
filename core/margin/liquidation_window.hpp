// How much of a market may be liquidated per stretch of time, all accounts together, so that
// liquidations do not become the market.
//
//   capacity          (maker_fee + taker_fee) skew_scale multiplier seconds, rounded down
//   room at t         capacity - what was liquidated after t - window
//   windows needed    ceil(size/capacity)
//
// Source: Synthetix perps v3, PerpsMarketConfiguration::maxLiquidationAmountInWindow and
// Liquidation::maxLiquidatableAmount.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct LiquidationCapacity {
    RateOf<N> maker_fee;
    RateOf<N> taker_fee;
    QuantityOf<N> skew_scale;
    RateOf<N> multiplier;
    Duration window;  // whole milliseconds count
};

template <class N>
constexpr QuantityOf<N> capacity_per_window(const LiquidationCapacity<N>& rule) {
    using Wide = typename N::WideRaw;
    const RateOf<N> share =
        product(rule.maker_fee + rule.taker_fee, rule.multiplier, Rounding::down);
    const Wide milliseconds = rule.window.ns() / 1'000'000;
    return QuantityOf<N>::from_raw(N::narrow(div_floor<Wide>(
        Wide(rule.skew_scale.wide() * share.wide() * milliseconds), Wide(N::scale() * 1'000))));
}

// Requires: capacity above zero.
template <class N>
constexpr typename N::Raw windows_needed(const QuantityOf<N>& size, const QuantityOf<N>& capacity) {
    return N::narrow(div_ceil<typename N::WideRaw>(magnitude(size).wide(), capacity.wide()));
}

// What a market has liquidated lately. Keeps kMoments of distinct times; when more fall into one
// window, the two oldest count as one at the later time: room returns later, never earlier.
template <class N>
class LiquidationWindowOf {
  public:
    static constexpr std::size_t kMoments = 64;

    LiquidationWindowOf() = default;
    LiquidationWindowOf(const QuantityOf<N>& capacity, Duration window)
        : capacity_(capacity), window_(window) {}

    // What may still be liquidated at `now`.
    QuantityOf<N> room(Timestamp now) const {
        QuantityOf<N> left = capacity_;
        for (std::size_t i = 0; i < count_; ++i) {
            if (now - moments_[i].at < window_) {
                left = left - moments_[i].size;
            }
        }
        return left;
    }

    // Takes as much of `size` as there is room for, and returns it.
    // Requires: size not below zero; `now` never decreases.
    QuantityOf<N> take(const QuantityOf<N>& size, Timestamp now) {
        const QuantityOf<N> left = room(now);
        const QuantityOf<N> taken = size < left ? size : left;
        if (taken.raw() > 0) {
            remember(taken, now);
        }
        return taken;
    }

  private:
    struct Moment {
        Timestamp at;
        QuantityOf<N> size;
    };

    void remember(const QuantityOf<N>& size, Timestamp now) {
        forget(now);
        if (count_ == kMoments) {
            moments_[1].size = moments_[1].size + moments_[0].size;
            drop_oldest(1);
        }
        moments_[count_++] = {now, size};
    }

    void forget(Timestamp now) {
        std::size_t old = 0;
        while (old < count_ && now - moments_[old].at >= window_) {
            ++old;
        }
        drop_oldest(old);
    }

    void drop_oldest(std::size_t number) {
        for (std::size_t i = number; i < count_; ++i) {
            moments_[i - number] = moments_[i];
        }
        count_ -= number;
    }

    QuantityOf<N> capacity_;
    Duration window_;
    std::array<Moment, kMoments> moments_{};
    std::size_t count_ = 0;
};

using LiquidationWindow = LiquidationWindowOf<Ledger>;

}  // namespace margind::core
