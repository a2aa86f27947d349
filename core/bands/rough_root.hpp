// For sharing out slack, where a few per cent do not matter but every machine must say the same.
#pragma once

#include <bit>
#include <cstdint>

namespace margind::core {

// A cube root good to a few per cent; zero for what is not positive.
inline double rough_cube_root(double x) noexcept {
    if (!(x > 0)) return 0;
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const double root = std::bit_cast<double>(bits / 3 + 0x2A9F'7893'782D'A1CEULL);
    return (2 * root + x / (root * root)) / 3;
}

}  // namespace margind::core
