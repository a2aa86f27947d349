#include "config/scalars.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "feeds/decimal.hpp"
#include "feeds/normalise.hpp"

namespace margind::config {
namespace {

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

struct Unit {
    std::string_view name;
    std::int64_t ns;
};
constexpr std::array<Unit, 7> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000},
                                      {"d", 86'400'000'000'000}}};

}  // namespace

std::string parse_exact(std::string_view text, feeds::Decimal& out) {
    if (feeds::parse_decimal(text, out)) return {};
    return quoted(text) + " is not a decimal number of at most 18 digits; write one like 0.05";
}

std::string parse_scaled(std::string_view text, int decimals, std::int64_t& out) {
    feeds::Decimal decimal;
    if (std::string wrong = parse_exact(text, decimal); !wrong.empty()) return wrong;
    switch (feeds::scale_exactly(decimal, decimals, out)) {
        case feeds::NormaliseError::too_precise:
            return quoted(text) + " has more than " + std::to_string(decimals) +
                   " decimals; shorten it";
        case feeds::NormaliseError::too_large:
        case feeds::NormaliseError::no_source:
            return quoted(text) + " is too large for 64 bits at " + std::to_string(decimals) +
                   " decimals; lower it";
        case feeds::NormaliseError::none:
            break;
    }
    return {};
}

std::string parse_rate(std::string_view text, core::Rate& out) {
    const bool percent = !text.empty() && text.back() == '%';
    const std::string_view digits = percent ? text.substr(0, text.size() - 1) : text;
    feeds::Decimal decimal;
    if (!feeds::parse_decimal(digits, decimal)) {
        return quoted(text) + " is not a rate; write a fraction like 0.05 or a percentage like 5%";
    }
    std::int64_t raw = 0;
    const int decimals = core::kScaleDecimals - (percent ? 2 : 0);
    if (feeds::scale_exactly(decimal, decimals, raw) != feeds::NormaliseError::none) {
        return quoted(text) + " does not fit a rate; at most 8 decimals as a fraction";
    }
    out = core::Rate::from_raw(raw);
    return {};
}

std::string parse_duration(std::string_view text, core::Duration& out) {
    const std::size_t end = text.find_last_of("0123456789.");
    const std::string_view digits = text.substr(0, end == std::string_view::npos ? 0 : end + 1);
    const std::string_view name = text.substr(digits.size());
    for (const Unit& unit : kUnits) {
        feeds::Decimal decimal;
        if (unit.name != name || !feeds::parse_decimal(digits, decimal)) continue;
        // At 1e-9 of the unit every length in whole nanoseconds up to seconds is exact.
        std::int64_t billionths = 0;
        constexpr int kDigits = 9;
        if (feeds::scale_exactly(decimal, kDigits, billionths) != feeds::NormaliseError::none)
            break;
        const core::Int128 ns = core::Int128{billionths} * unit.ns;
        constexpr std::int64_t kBillion = 1'000'000'000;
        if (ns % kBillion != 0) break;
        const core::Int128 whole = ns / kBillion;
        const std::int64_t fitting = core::saturate_to_int64(whole);
        if (fitting != whole) break;
        out = core::Duration::from_ns(fitting);
        return {};
    }
    return quoted(text) +
           " is not a duration; write a number and its unit (ns, us, ms, s, m, h, d), like 250ms";
}

std::string parse_number(std::string_view text, double& out) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        return quoted(text) + " is not a finite number; write one like 2.5";
    }
    out = value;
    return {};
}

std::string parse_whole(std::string_view text, std::int64_t lowest, std::int64_t highest,
                        std::int64_t& out) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < lowest ||
        value > highest) {
        return quoted(text) + " is not a whole number from " + std::to_string(lowest) + " to " +
               std::to_string(highest);
    }
    out = value;
    return {};
}

std::string parse_flag(std::string_view text, bool& out) {
    if (text != "true" && text != "false") return quoted(text) + " is neither true nor false";
    out = text == "true";
    return {};
}

}  // namespace margind::config
