#include "core/math/elementary.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace margind::core {
namespace {

// ln 2 in two parts; the first has enough trailing zero bits that k * kLn2High is exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 0x1.71547652b82fep+0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr double power_of_two(std::int64_t exponent) {  // Requires: -1022 <= exponent <= 1023.
    return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

}  // namespace

// x = k ln 2 + r with |r| <= ln 2 / 2; e^x = 2^k e^r, and e^r by its Taylor series: the first term
// left out, r^14 / 14!, is below 5e-18.
double exponential(double x) noexcept {
    if (x != x) return kNan;
    if (x > 709.0) return kInfinity;
    if (x < -745.0) return 0.0;
    const double scaled = x * kInverseLn2;
    const auto k = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
    const auto kd = static_cast<double>(k);
    const double r = (x - kd * kLn2High) - kd * kLn2Low;
    double tail = 1.0 / 6227020800.0;  // 1 / 13!
    constexpr double kInverseFactorials[] = {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0,
                                             1.0 / 362880.0,    1.0 / 40320.0,    1.0 / 5040.0,
                                             1.0 / 720.0,       1.0 / 120.0,      1.0 / 24.0,
                                             1.0 / 6.0,         1.0 / 2.0};
    for (const double coefficient : kInverseFactorials) tail = tail * r + coefficient;
    const double e_r = 1.0 + (r + r * r * tail);
    // Two factors, so that results below the normal range come out gradually.
    return e_r * power_of_two(k / 2) * power_of_two(k - k / 2);
}

// x = 2^e m with m in [sqrt(1/2), sqrt 2); ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.1716:
// 2 (s + s^3/3 + ... + s^23/23), the first term left out is below 1e-20 relative to s.
double logarithm(double x) noexcept {
    if (x != x || x < 0) return kNan;
    if (x == 0) return -kInfinity;
    if (x == kInfinity) return kInfinity;
    std::int64_t e = 0;
    if (x < std::numeric_limits<double>::min()) {  // subnormal: scale it up first
        x *= 0x1p54;
        e = -54;
    }
    const auto bits = std::bit_cast<std::uint64_t>(x);
    e += static_cast<std::int64_t>(bits >> 52) - 1023;
    double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
    if (m > 0x1.6a09e667f3bcdp+0) {  // sqrt 2
        m *= 0.5;
        ++e;
    }
    const double f = m - 1.0;
    const double s = f / (2.0 + f);
    const double z = s * s;
    double series = 0.0;
    for (int n = 23; n >= 3; n -= 2) series = (series + 1.0 / n) * z;
    const auto ed = static_cast<double>(e);
    // ln m = f - s (f - 2 * series): the leading f is exact.
    return ed * kLn2High + (f - (s * (f - 2.0 * series) - ed * kLn2Low));
}

double square_root(double x) noexcept {
    return std::sqrt(x);
}

}  // namespace margind::core
