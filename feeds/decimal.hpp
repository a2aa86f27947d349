// Decimal text, exactly: nothing is rounded and nothing passes through floating point.
#pragma once

#include <string>
#include <string_view>

#include "feeds/tick.hpp"

namespace margind::feeds {

// Exponents of parsed decimals stay within +-kExponentMax; far beyond any price, and small enough
// that sums of exponents cannot overflow.
inline constexpr int kExponentMax = 1000;

// Reads `text` as [sign] digits [. digits] [e [sign] digits], with at least one digit before or
// after the point. The result is in lowest terms: its mantissa is not divisible by ten, and zero is
// {0, 0}, so zeros on either end never cost precision.
//
// False, with `decimal` untouched, when the text is anything else (empty, blanks, NaN, Infinity,
// hexadecimal), when the digits between the first and the last non-zero one need more than 63 bits,
// or when the exponent is out of range. Cost: about a nanosecond a character; allocates nothing.
bool parse_decimal(std::string_view text, Decimal& decimal) noexcept;

// Appends the value without exponent notation: 61837.63, -0.00000291, 17000.
void append_decimal(std::string& text, Decimal decimal);

}  // namespace margind::feeds
