// The standard normal distribution, bit-identical on every machine: fixed polynomials in a fixed
// order, nothing from libm.
#pragma once

namespace margind::core {

// exp(-x^2 / 2) / sqrt(2 pi). Relative error below 1e-15 where the result is a normal double.
double normal_density(double x) noexcept;

// The probability of a value at or below x. Relative error below 1e-15 for x >= -37 (so small tails
// keep their digits); 0 for x < -38.6. NaN for NaN.
double normal_cdf(double x) noexcept;

// The x whose cdf is p: -infinity for 0, +infinity for 1, NaN outside [0, 1]. Relative error below
// 1e-15; near p = 1 only as good as 1 - p still tells: take -inverse(1 - p) of the small tail.
double inverse_normal_cdf(double p) noexcept;

}  // namespace margind::core
