// The few functions the core needs beyond + - * / and sqrt, with results that are bit-identical on
// every machine: fixed polynomials in a fixed order, no libm, no fused multiply-add.
#pragma once

namespace margind::core {

// e^x. Relative error below 4e-16 on [-700, 700]; 0 below, +infinity above that range's ends
// (-745, 709). NaN for NaN. Cost: about 10 ns.
double exponential(double x) noexcept;

// Natural logarithm. Relative error below 4e-16 for normal x > 0; -infinity for 0, NaN for negative
// x.
double logarithm(double x) noexcept;

// Correctly rounded by IEEE 754.
double square_root(double x) noexcept;

}  // namespace margind::core
