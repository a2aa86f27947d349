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
// The types are templates over how wide their numbers are (`Ledger`, below), so that the formulas
// of core/margin can be run again, the same code, with numbers of any size and thirty decimals:
// that is what their results are proved against. Everything else in margind means Ledger by the
// plain names.
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
// Largest sum of the sizes of an account in one instrument, position and orders: any of their sums
// and differences, and one lot more, fits 64 bits.
inline constexpr std::int64_t kMaxSize = std::int64_t{1} << 62;

constexpr std::int64_t saturate_to_int64(Int128 value) {
    constexpr Int128 kMax = std::numeric_limits<std::int64_t>::max();
    constexpr Int128 kMin = std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(value > kMax ? kMax : value < kMin ? kMin : value);
}

// The numbers of the running engine: 64 bits where they are kept, 128 where they are multiplied.
struct Ledger {
    using Raw = std::int64_t;
    using WideRaw = Int128;
    static constexpr int kDecimals = kScaleDecimals;
    // A thousand times the notional, which nobody can pay: rates that grow with size stop here, so
    // that the largest notional (2^89) times one still fits 128 bits.
    static constexpr Raw kLargestRate = 1000 * kScale;
    static constexpr WideRaw scale() { return kScale; }
    // Saturation is unreachable for admitted positions; it keeps a defect from wrapping round.
    static constexpr Raw narrow(WideRaw value) { return saturate_to_int64(value); }
};

template <class Int>
constexpr Int div_floor(const Int& numerator, const Int& positive_denominator) {
    const Int quotient = numerator / positive_denominator;
    return numerator < 0 && quotient * positive_denominator != numerator ? Int(quotient - 1)
                                                                         : quotient;
}
template <class Int>
constexpr Int div_ceil(const Int& numerator, const Int& positive_denominator) {
    return -div_floor<Int>(-numerator, positive_denominator);
}
constexpr Int128 div_floor(Int128 numerator, std::int64_t positive_denominator) {
    return div_floor<Int128>(numerator, positive_denominator);
}
constexpr Int128 div_ceil(Int128 numerator, std::int64_t positive_denominator) {
    return div_ceil<Int128>(numerator, positive_denominator);
}

// Which way a result that has no exact form goes. Equity goes down and requirements up, so that
// rounding never makes an account look safer than it is; profiles may name other points.
enum class Rounding : std::uint8_t { down, up };

template <class Int>
constexpr Int divide(const Int& numerator, const Int& positive_denominator, Rounding rounding) {
    return rounding == Rounding::down ? div_floor<Int>(numerator, positive_denominator)
                                      : div_ceil<Int>(numerator, positive_denominator);
}

// A number with a meaning, kept in N::Raw. Ordered; what else it can do is said per type below.
template <class Tag, class N = Ledger>
class Scaled {
  public:
    using Numbers = N;
    using Raw = typename N::Raw;

    constexpr Scaled() = default;
    static constexpr Scaled from_raw(Raw raw) { return Scaled(raw); }
    constexpr Raw raw() const { return raw_; }
    // Wide enough to be multiplied.
    constexpr typename N::WideRaw wide() const { return typename N::WideRaw(raw_); }
    friend constexpr bool operator==(const Scaled& a, const Scaled& b) { return a.raw_ == b.raw_; }
    friend constexpr std::strong_ordering operator<=>(const Scaled& a, const Scaled& b) {
        return a.raw_ < b.raw_   ? std::strong_ordering::less
               : b.raw_ < a.raw_ ? std::strong_ordering::greater
                                 : std::strong_ordering::equal;
    }

  private:
    explicit constexpr Scaled(Raw raw) : raw_(raw) {}
    Raw raw_ = 0;
};

template <class Tag, class N = Ledger>
class Wide {
  public:
    using Raw = typename N::WideRaw;

    constexpr Wide() = default;
    static constexpr Wide from_raw(Raw raw) { return Wide(raw); }
    constexpr Raw raw() const { return raw_; }
    constexpr Wide& operator+=(const Wide& other) {
        raw_ += other.raw_;
        return *this;
    }
    constexpr Wide& operator-=(const Wide& other) {
        raw_ -= other.raw_;
        return *this;
    }
    friend constexpr Wide operator+(const Wide& a, const Wide& b) {
        return Wide(Raw(a.raw_ + b.raw_));
    }
    friend constexpr Wide operator-(const Wide& a, const Wide& b) {
        return Wide(Raw(a.raw_ - b.raw_));
    }
    friend constexpr Wide operator-(const Wide& a) { return Wide(Raw(-a.raw_)); }
    friend constexpr bool operator==(const Wide& a, const Wide& b) { return a.raw_ == b.raw_; }
    friend constexpr std::strong_ordering operator<=>(const Wide& a, const Wide& b) {
        return a.raw_ < b.raw_   ? std::strong_ordering::less
               : b.raw_ < a.raw_ ? std::strong_ordering::greater
                                 : std::strong_ordering::equal;
    }

  private:
    explicit constexpr Wide(Raw raw) : raw_(raw) {}
    Raw raw_ = 0;
};

struct PriceTag;
struct QuantityTag;
struct MoneyTag;
struct UnitPriceTag;
struct RateTag;
struct ValueTag;
struct WeightedValueTag;

// Price of one unit of an instrument in its quote asset; ticks of 10^-price_decimals. Positive;
// zero means "none".
template <class N>
using PriceOf = Scaled<PriceTag, N>;
// Size of a position or trade; steps of 10^-quantity_decimals, signed: long positive, short
// negative.
template <class N>
using QuantityOf = Scaled<QuantityTag, N>;
// An amount of one asset (or of the valuation currency), 1e-8. Signed.
template <class N>
using MoneyOf = Scaled<MoneyTag, N>;
// What one unit of an asset is worth in the valuation currency, 1e-8. Positive; zero means "none".
template <class N>
using UnitPriceOf = Scaled<UnitPriceTag, N>;
// A dimensionless factor, 1e-8: margin rate, haircut, weight, multiplier of a level.
template <class N>
using RateOf = Scaled<RateTag, N>;
// Exact intermediates: money at 1e-16 and at 1e-24.
template <class N>
using ValueOf = Wide<ValueTag, N>;
template <class N>
using WeightedValueOf = Wide<WeightedValueTag, N>;

using Price = PriceOf<Ledger>;
using Quantity = QuantityOf<Ledger>;
using Money = MoneyOf<Ledger>;
using UnitPrice = UnitPriceOf<Ledger>;
using Rate = RateOf<Ledger>;
using Value = ValueOf<Ledger>;
using WeightedValue = WeightedValueOf<Ledger>;

// What may be added: amounts and sizes; a price plus a price means nothing.
template <class Tag>
inline constexpr bool kAddable = false;
template <>
inline constexpr bool kAddable<QuantityTag> = true;
template <>
inline constexpr bool kAddable<MoneyTag> = true;
template <>
inline constexpr bool kAddable<RateTag> = true;

template <class Tag, class N>
    requires(kAddable<Tag>)
constexpr Scaled<Tag, N> operator+(const Scaled<Tag, N>& a, const Scaled<Tag, N>& b) {
    return Scaled<Tag, N>::from_raw(a.raw() + b.raw());
}
template <class Tag, class N>
    requires(kAddable<Tag>)
constexpr Scaled<Tag, N> operator-(const Scaled<Tag, N>& a, const Scaled<Tag, N>& b) {
    return Scaled<Tag, N>::from_raw(a.raw() - b.raw());
}
template <class Tag, class N>
    requires(kAddable<Tag>)
constexpr Scaled<Tag, N> operator-(const Scaled<Tag, N>& a) {
    return Scaled<Tag, N>::from_raw(-a.raw());
}
template <class Tag, class N>
    requires(kAddable<Tag>)
constexpr Scaled<Tag, N> magnitude(const Scaled<Tag, N>& a) {
    return a.raw() < 0 ? -a : a;
}

inline constexpr Rate kRateOne = Rate::from_raw(kScale);
inline constexpr UnitPrice kUnitPriceOne = UnitPrice::from_raw(kScale);

template <class N>
constexpr RateOf<N> rate_one() {
    return RateOf<N>::from_raw(static_cast<typename N::Raw>(N::scale()));
}

template <class N>
constexpr MoneyOf<N> money_one() {
    return MoneyOf<N>::from_raw(static_cast<typename N::Raw>(N::scale()));
}
template <class N>
constexpr UnitPriceOf<N> unit_price_one() {
    return UnitPriceOf<N>::from_raw(static_cast<typename N::Raw>(N::scale()));
}

template <class N>
constexpr ValueOf<N> operator*(const MoneyOf<N>& amount, const UnitPriceOf<N>& price) {
    return ValueOf<N>::from_raw(amount.wide() * price.wide());
}
template <class N>
constexpr WeightedValueOf<N> operator*(const ValueOf<N>& value, const RateOf<N>& rate) {
    return WeightedValueOf<N>::from_raw(value.raw() * rate.wide());
}
template <class N>
constexpr ValueOf<N> magnitude(const ValueOf<N>& v) {
    return v.raw() < 0 ? -v : v;
}
// The same amount, as an exact intermediate.
template <class N>
constexpr ValueOf<N> value_of(const MoneyOf<N>& amount) {
    return ValueOf<N>::from_raw(amount.wide() * N::scale());
}
template <class N>
constexpr WeightedValueOf<N> weighted_value_of(const MoneyOf<N>& amount) {
    return value_of(amount) * rate_one<N>();
}
// A weighted value that is weighted again: rounded to Value's decimals.
template <class N>
constexpr ValueOf<N> value_of(const WeightedValueOf<N>& value, Rounding rounding) {
    return ValueOf<N>::from_raw(
        divide<typename N::WideRaw>(value.raw(), typename N::WideRaw(N::scale()), rounding));
}

template <class N>
constexpr MoneyOf<N> round(const ValueOf<N>& v, Rounding rounding) {
    return MoneyOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(v.raw(), N::scale(), rounding)));
}
template <class N>
constexpr MoneyOf<N> round(const WeightedValueOf<N>& v, Rounding rounding) {
    return MoneyOf<N>::from_raw(N::narrow(divide<typename N::WideRaw>(
        v.raw(), typename N::WideRaw(N::scale() * N::scale()), rounding)));
}
template <class Amount>
constexpr auto round_down(const Amount& v) {
    return round(v, Rounding::down);
}
template <class Amount>
constexpr auto round_up(const Amount& v) {
    return round(v, Rounding::up);
}

// a * b, a / b as rates. Requires: b above zero for the quotient.
template <class N>
constexpr RateOf<N> product(const RateOf<N>& a, const RateOf<N>& b, Rounding rounding) {
    return RateOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(a.wide() * b.wide(), N::scale(), rounding)));
}
template <class N>
constexpr RateOf<N> quotient(const RateOf<N>& a, const RateOf<N>& b, Rounding rounding) {
    return RateOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(a.wide() * N::scale(), b.wide(), rounding)));
}
// amount * rate, rounded to money.
template <class N>
constexpr MoneyOf<N> product(const MoneyOf<N>& a, const RateOf<N>& b, Rounding rounding) {
    return MoneyOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(a.wide() * b.wide(), N::scale(), rounding)));
}
// How many times b goes into a, as a rate. Requires: b above zero.
template <class N>
constexpr RateOf<N> ratio(const MoneyOf<N>& a, const MoneyOf<N>& b, Rounding rounding) {
    return RateOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(a.wide() * N::scale(), b.wide(), rounding)));
}

// Turns prices and quantities of one instrument into Value: contract multiplier and both decimal
// scales folded into one integer factor, multiplier * 10^(16 - price_decimals - quantity_decimals).
// The config loader refuses an instrument for which that is not a positive integer.
template <class N>
class ContractScaleOf {
  public:
    using Factor = typename N::Raw;

    constexpr ContractScaleOf() = default;
    static constexpr ContractScaleOf from_factor(Factor factor) { return ContractScaleOf(factor); }
    constexpr Factor factor() const { return factor_; }

    // What `quantity` is worth at `price`, signed like the quantity.
    constexpr ValueOf<N> value(const PriceOf<N>& price, const QuantityOf<N>& quantity) const {
        return ValueOf<N>::from_raw(price.wide() * quantity.wide() * factor_);
    }
    // Gain or loss of `quantity` between two prices.
    constexpr ValueOf<N> gain(const PriceOf<N>& from, const PriceOf<N>& to,
                              const QuantityOf<N>& quantity) const {
        return ValueOf<N>::from_raw((to.wide() - from.wide()) * quantity.wide() * factor_);
    }

  private:
    explicit constexpr ContractScaleOf(Factor factor) : factor_(factor) {}
    Factor factor_ = 1;
};

using ContractScale = ContractScaleOf<Ledger>;

}  // namespace margind::core
