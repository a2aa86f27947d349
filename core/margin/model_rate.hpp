// Where a model's double becomes a rate: the one place, and upwards, so that what a model asks for
// is never less than it said.
#pragma once

#include <bit>
#include <cstdint>

#include "core/units.hpp"

namespace margind::core {

// The smallest rate not below `fraction`. Exact up to that rounding.
// Requires: a finite number of magnitude below 2^28; one below 2^-59 counts as zero.
template <class N>
constexpr RateOf<N> rate_from_model(double fraction) {
    using Wide = typename N::WideRaw;
    const auto bits = std::bit_cast<std::uint64_t>(fraction);
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1075;
    if (exponent < -112) {
        return {};
    }
    // |fraction| = mantissa 2^exponent: the mantissa has 53 bits, so the product 53 + log2(scale).
    const auto mantissa = static_cast<std::int64_t>((bits & 0x000fffffffffffffULL) | 1ULL << 52);
    Wide scaled = Wide(mantissa) * N::scale();
    if (bits >> 63 != 0) {
        scaled = -scaled;
    }
    const Wide raw =
        exponent >= 0 ? Wide(scaled << exponent) : div_ceil<Wide>(scaled, Wide(1) << -exponent);
    return RateOf<N>::from_raw(N::narrow(raw));
}

}  // namespace margind::core
