// Square roots of integers, exactly: the rounding is the only thing that happens.
#pragma once

#include <bit>
#include <cstdint>

#include "core/units.hpp"

namespace margind::core {

// How many bits a number has; 0 for 0. Requires: value >= 0.
constexpr int bit_length(Int128 value) {
    const auto high = static_cast<std::uint64_t>(value >> 64);
    const auto low = static_cast<std::uint64_t>(value);
    return static_cast<int>(high != 0 ? 64 + std::bit_width(high) : std::bit_width(low));
}
template <class Int>
constexpr int bit_length(Int value) {
    int bits = 0;
    for (; value != 0; value >>= 1) {
        ++bits;
    }
    return bits;
}

// The whole number at or below (down), at or above (up) the square root. Requires: value >= 0, and
// below 2^126 for Int128.
// Newton's steps from above: they fall strictly until they stand on the floor of the root.
// Cost: about six divisions of Int.
template <class Int>
constexpr Int integer_square_root(const Int& value, Rounding rounding) {
    if (value == 0) {
        return Int(0);
    }
    Int root = Int(1) << (bit_length(value) + 1) / 2;
    for (;;) {
        const Int next = (root + value / root) / 2;
        if (!(next < root)) {
            break;
        }
        root = next;
    }
    return rounding == Rounding::up && root * root != value ? Int(root + 1) : root;
}

}  // namespace margind::core
