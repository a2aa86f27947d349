#include "daemon/view/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::string_view code_of(Ink ink) {
    switch (ink) {
        case Ink::plain:
            return "";
        case Ink::dim:
            return "\x1b[2m";
        case Ink::bold:
            return "\x1b[1m";
        case Ink::green:
            return "\x1b[32m";
        case Ink::yellow:
            return "\x1b[33m";
        case Ink::orange:
            return "\x1b[38;5;208m";
        case Ink::red:
            return "\x1b[1;31m";
        case Ink::cyan:
            return "\x1b[36m";
    }
    return "";
}

std::string group_digits(std::string_view digits) {
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
        text.push_back(digits[i]);
    }
    return text;
}

// The first `count` characters, never half of one.
std::string_view first_columns(std::string_view text, std::size_t count) {
    std::size_t end = 0;
    while (end < text.size() && count > 0) {
        ++end;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) ++end;
        --count;
    }
    return text.substr(0, end);
}

}  // namespace

std::string grouped(std::uint64_t value) {
    return group_digits(std::to_string(value));
}

std::string shortened(std::string_view decimal, int places) {
    if (decimal.empty()) return "-";
    std::string text;
    if (decimal.front() == '-') {
        text.push_back('-');
        decimal.remove_prefix(1);
    }
    const std::size_t point = std::min(decimal.find('.'), decimal.size());
    text += group_digits(decimal.substr(0, point));
    if (places == 0) return text;
    std::string fraction(decimal.substr(std::min(point + 1, decimal.size())));
    fraction.resize(static_cast<std::size_t>(places), '0');
    return text + "." + fraction;
}

std::string price_text(std::string_view decimal) {
    if (decimal.empty()) return "-";
    const std::size_t point = std::min(decimal.find('.'), decimal.size());
    if (point > 1 || decimal[0] != '0') {
        return shortened(decimal, point >= 5 ? 1 : 6 - static_cast<int>(point));
    }
    const std::size_t first = decimal.find_first_not_of("0.");
    if (first == std::string_view::npos) return "0";
    return shortened(decimal, static_cast<int>(first - point - 1) + 5);
}

std::string percent(double fraction, int places) {
    return fmt::format("{:.{}f} %", fraction * 100, places);
}

// Moves the decimal point by two on the text itself: no rounding.
std::string percent(std::string_view fraction, int places) {
    if (fraction.empty()) return "-";
    std::size_t point = std::min(fraction.find('.'), fraction.size());
    std::string digits(fraction.substr(0, point));
    std::string rest(fraction.substr(std::min(point + 1, fraction.size())));
    rest.resize(std::max<std::size_t>(rest.size(), 2), '0');
    digits += rest.substr(0, 2);
    const bool negative = digits.front() == '-';
    digits.erase(0, std::min(digits.find_first_not_of("-0"), digits.size() - 1));
    return (negative ? "-" : "") + shortened(digits + "." + rest.substr(2), places) + " %";
}

std::string time_of_day_ms(std::int64_t ns) {
    return fmt::format("{}.{:03}", time_of_day(ns), ns % kNsPerSecond / 1'000'000);
}

std::string time_of_day(std::int64_t ns) {
    const std::int64_t seconds = ns / kNsPerSecond % 86'400;
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3'600, seconds / 60 % 60, seconds % 60);
}

std::string elapsed(std::int64_t ns) {
    const std::int64_t seconds = ns / kNsPerSecond;
    if (seconds < 3'600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
    return fmt::format("{}:{:02}:{:02}", seconds / 3'600, seconds / 60 % 60, seconds % 60);
}

std::string printable(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = '?';
    }
    return result;
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

LineBuilder& LineBuilder::add(std::string_view text, Ink ink) {
    const std::string_view shown = first_columns(text, left_);
    left_ -= columns(shown);
    const bool coloured = colour_ == Colour::yes && ink != Ink::plain && !shown.empty();
    if (coloured) text_ += code_of(ink);
    text_ += shown;
    if (coloured) text_ += "\x1b[0m";
    return *this;
}

LineBuilder& LineBuilder::cell(std::string_view text, std::size_t width, Align align, Ink ink) {
    const std::string_view shown = first_columns(text, width);
    const std::string padding(width - columns(shown), ' ');
    if (align == Align::right) add(padding);
    add(shown, ink);
    if (align == Align::left) add(padding);
    return add(" ");
}

}  // namespace margind::daemon
