// Scaled integers for everything that is money, and the only products that mean something.
//
//   Price   * Quantity (through ContractScale)  -> Value          exact, 1e-16 of a unit of money
//   Money   * UnitPrice                         -> Value          exact
//   Value   * Rate                              -> WeightedValue  exact, 1e-24
//   Value, WeightedValue                        -> Money          rounded, the direction in the
//   name
//
// Nothing else multiplies, and nothing rounds before the end: an account's equity, initial and
// maintenance margin are each one exact sum and one rounding (equity down, requirements up).
//
// Ranges: an account's gross exposure (every position and balance at the largest price its
// instrument admits, summed) is kept at or below kMaxExposure = 2^89 at admission: 61 billion units
// of money, so every result fits Money (92 billion). Rates and weights are below 2^28, so the
// largest exact sum is 2^117: 128 bits cannot overflow, and no step needs a check.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace margind::core {

__extension__ typedef __int128 Int128;  // __extension__: -Wpedantic objects to the plain name

inline constexpr std::int64_t kScale = 100'000'000;  // 1e8: money, rates, unit prices
inline constexpr int kScaleDecimals = 8;
inline constexpr Int128 kMaxExposure = Int128{1} << 89;

constexpr Int128 div_floor(Int128 numerator, std::int64_t positive_denominator) {
    const Int128 quotient = numerator / positive_denominator;
    const Int128 remainder = numerator - quotient * positive_denominator;
    return quotient - (remainder < 0 ? 1 : 0);
}
constexpr Int128 div_ceil(Int128 numerator, std::int64_t positive_denominator) {
    return -div_floor(-numerator, positive_denominator);
}
constexpr std::int64_t saturate_to_int64(Int128 value) {
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value > kMax ? kMax : value < kMin ? kMin : value);
}

// A 64-bit number with a meaning. Ordered; what else it can do is said per type below.
template <class Tag>
class Scaled {
  public:
    constexpr Scaled() = default;
    static constexpr Scaled from_raw(std::int64_t raw) { return Scaled(raw); }
    constexpr std::int64_t raw() const { return raw_; }
    friend constexpr auto operator<=>(Scaled, Scaled) = default;

  private:
    explicit constexpr Scaled(std::int64_t raw) : raw_(raw) {}
    std::int64_t raw_ = 0;
};

// Price of one unit of an instrument in its quote asset; ticks of 10^-price_decimals. Positive;
// zero means "none".
using Price = Scaled<struct PriceTag>;
// Size of a position or trade; steps of 10^-quantity_decimals, signed: long positive, short
// negative.
using Quantity = Scaled<struct QuantityTag>;
// An amount of one asset (or of the valuation currency), 1e-8. Signed.
using Money = Scaled<struct MoneyTag>;
// What one unit of an asset is worth in the valuation currency, 1e-8. Positive; zero means "none".
using UnitPrice = Scaled<struct UnitPriceTag>;
// A dimensionless factor, 1e-8: margin rate, haircut, weight, multiplier of a level.
using Rate = Scaled<struct RateTag>;

constexpr Money operator+(Money a, Money b) {
    return Money::from_raw(a.raw() + b.raw());
}
constexpr Money operator-(Money a, Money b) {
    return Money::from_raw(a.raw() - b.raw());
}
constexpr Money operator-(Money a) {
    return Money::from_raw(-a.raw());
}
constexpr Quantity operator-(Quantity a) {
    return Quantity::from_raw(-a.raw());
}
constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity::from_raw(a.raw() + b.raw());
}
constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity::from_raw(a.raw() - b.raw());
}
constexpr Quantity magnitude(Quantity q) {
    return q.raw() < 0 ? -q : q;
}

inline constexpr Rate kRateOne = Rate::from_raw(kScale);
inline constexpr UnitPrice kUnitPriceOne = UnitPrice::from_raw(kScale);

// A 128-bit exact intermediate.
template <class Tag>
class Wide {
  public:
    constexpr Wide() = default;
    static constexpr Wide from_raw(Int128 raw) { return Wide(raw); }
    constexpr Int128 raw() const { return raw_; }
    constexpr Wide& operator+=(Wide other) {
        raw_ += other.raw_;
        return *this;
    }
    constexpr Wide& operator-=(Wide other) {
        raw_ -= other.raw_;
        return *this;
    }
    friend constexpr Wide operator+(Wide a, Wide b) { return Wide(a.raw_ + b.raw_); }
    friend constexpr Wide operator-(Wide a, Wide b) { return Wide(a.raw_ - b.raw_); }
    friend constexpr auto operator<=>(Wide, Wide) = default;

  private:
    explicit constexpr Wide(Int128 raw) : raw_(raw) {}
    Int128 raw_ = 0;
};

using Value = Wide<struct ValueTag>;                  // money at 1e-16
using WeightedValue = Wide<struct WeightedValueTag>;  // money at 1e-24

constexpr Value operator*(Money amount, UnitPrice price) {
    return Value::from_raw(Int128{amount.raw()} * price.raw());
}
constexpr WeightedValue operator*(Value value, Rate rate) {
    return WeightedValue::from_raw(value.raw() * rate.raw());
}
constexpr Value magnitude(Value v) {
    return v.raw() < 0 ? Value::from_raw(-v.raw()) : v;
}

// Saturation is unreachable for admitted positions; it keeps a defect from wrapping round.
constexpr Money round_down(Value v) {
    return Money::from_raw(saturate_to_int64(div_floor(v.raw(), kScale)));
}
constexpr Money round_up(Value v) {
    return Money::from_raw(saturate_to_int64(div_ceil(v.raw(), kScale)));
}
constexpr Money round_down(WeightedValue v) {
    return Money::from_raw(saturate_to_int64(div_floor(v.raw(), kScale * kScale)));
}
constexpr Money round_up(WeightedValue v) {
    return Money::from_raw(saturate_to_int64(div_ceil(v.raw(), kScale * kScale)));
}

// Turns prices and quantities of one instrument into Value: contract multiplier and both decimal
// scales folded into one integer factor, multiplier * 10^(16 - price_decimals - quantity_decimals).
// The config loader refuses an instrument for which that is not a positive integer.
class ContractScale {
  public:
    constexpr ContractScale() = default;
    static constexpr ContractScale from_factor(std::int64_t factor) {
        return ContractScale(factor);
    }
    constexpr std::int64_t factor() const { return factor_; }

    // What `quantity` is worth at `price`, signed like the quantity.
    constexpr Value value(Price price, Quantity quantity) const {
        return Value::from_raw(Int128{price.raw()} * quantity.raw() * factor_);
    }
    // Gain or loss of `quantity` between two prices.
    constexpr Value gain(Price from, Price to, Quantity quantity) const {
        return Value::from_raw(Int128{to.raw() - from.raw()} * quantity.raw() * factor_);
    }

  private:
    explicit constexpr ContractScale(std::int64_t factor) : factor_(factor) {}
    std::int64_t factor_ = 1;
};

}  // namespace margind::core
