// How long names may be: fixed-layout messages and records have so much room for each.
#pragma once

#include <cstddef>

namespace margind::core {

inline constexpr std::size_t kNameBytesMax = 32;    // an instrument, asset, feed or currency
inline constexpr std::size_t kSymbolBytesMax = 72;  // as a venue writes it; 256 bits in hex fit

}  // namespace margind::core
