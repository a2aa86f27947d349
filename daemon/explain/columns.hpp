// Lines of figures in columns: what it is, how much (aligned at the decimal point), of what, why.
//
// A line marked `+` is a term; the next line marked `=` is exactly the sum of the terms above it,
// back to the `=` before. Everything else carries no mark.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/units.hpp"

namespace margind::daemon {

// Exact decimal text of raw / 10^decimals: no exponent, no trailing zeros.
std::string exact(core::Int128 raw, int decimals);

inline std::string exact(core::Money amount) {
    return exact(core::Int128{amount.raw()}, core::kScaleDecimals);
}
inline std::string exact(core::Rate rate) {
    return exact(core::Int128{rate.raw()}, core::kScaleDecimals);
}
inline std::string exact(core::UnitPrice price) {
    return exact(core::Int128{price.raw()}, core::kScaleDecimals);
}
inline std::string exact(core::Value value) {
    return exact(value.raw(), 2 * core::kScaleDecimals);
}
inline std::string exact(core::WeightedValue value) {
    return exact(value.raw(), 3 * core::kScaleDecimals);
}

class Columns {
  public:
    explicit Columns(fmt::memory_buffer& out) : out_(out) {}

    void heading(std::string_view text);  // with an empty line before it
    void text(std::string_view text);     // indented
    void figure(std::string_view name, std::string_view amount, std::string_view unit,
                std::string_view why = {}) {
        line(' ', name, amount, unit, why);
    }
    void term(std::string_view name, std::string_view amount, std::string_view unit,
              std::string_view why = {}) {
        line('+', name, amount, unit, why);
    }
    void sum(std::string_view name, std::string_view amount, std::string_view unit,
             std::string_view why = {}) {
        line('=', name, amount, unit, why);
    }

  private:
    void line(char mark, std::string_view name, std::string_view amount, std::string_view unit,
              std::string_view why);

    fmt::memory_buffer& out_;
};

}  // namespace margind::daemon
