// The text of one YAML scalar as a value: exact decimals, rates, durations, counts. Each parser
// returns what is wrong and what to write instead, empty when the value was stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/time.hpp"
#include "core/units.hpp"
#include "feeds/tick.hpp"

namespace margind::config {

// A decimal number, exactly as written: "0.05", "1e-6", "61000".
std::string parse_exact(std::string_view text, feeds::Decimal& out);

// A decimal number as an integer count of 10^-decimals; refused when it does not fit exactly.
std::string parse_scaled(std::string_view text, int decimals, std::int64_t& out);

// The same, as a parser into a scaled integer type.
inline auto scaled_by(int decimals) {
    return [decimals](const std::string& text, auto& out) {
        std::int64_t raw = 0;
        std::string wrong = parse_scaled(text, decimals, raw);
        if (wrong.empty()) out = std::remove_reference_t<decltype(out)>::from_raw(raw);
        return wrong;
    };
}

// A fraction "0.05" or a percentage "5%", exact at 1e-8.
std::string parse_rate(std::string_view text, core::Rate& out);

// A number and a unit: "250ms", "2.5s", "5m", "1h", also ns, us, d. Exact in nanoseconds.
std::string parse_duration(std::string_view text, core::Duration& out);

// A finite binary floating point number; for model quantities only, never for money.
std::string parse_number(std::string_view text, double& out);

// A whole number within [lowest, highest].
std::string parse_whole(std::string_view text, std::int64_t lowest, std::int64_t highest,
                        std::int64_t& out);

// true or false.
std::string parse_flag(std::string_view text, bool& out);

}  // namespace margind::config
