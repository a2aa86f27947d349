// Adds up what an explanation prints: every line marked `=` must be exactly the sum of the lines
// marked `+` above it.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "core/units.hpp"

namespace margind::test {

inline constexpr int kPrintedDecimals = 24;

struct PrintedSum {
    std::string name;
    std::string amount;  // as printed
    int terms = 0;
    bool adds_up = false;
};

// The figure of a line in columns: the first text behind the name that is a number.
inline std::string printed_amount(const std::string& line) {
    constexpr std::size_t kNameEnds = 36;
    std::istringstream rest(line.substr(std::min(line.size(), kNameEnds)));
    std::string amount;
    rest >> amount;
    return amount;
}

inline core::Int128 at_24_decimals(const std::string& text) {
    core::Int128 raw = 0;
    int decimals = -1;
    for (const char c : text) {
        if (c == '.') decimals = 0;
        if (c < '0' || c > '9') continue;
        raw = raw * 10 + (c - '0');
        if (decimals >= 0) ++decimals;
    }
    for (int d = std::max(decimals, 0); d < kPrintedDecimals; ++d) raw *= 10;
    return !text.empty() && text[0] == '-' ? -raw : raw;
}

inline std::vector<PrintedSum> printed_sums(const std::string& text) {
    std::vector<PrintedSum> sums;
    std::istringstream lines(text);
    core::Int128 sum = 0;
    int terms = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::string mark = line.substr(0, 4);
        if (mark != "  + " && mark != "  = ") continue;
        const core::Int128 amount = at_24_decimals(printed_amount(line));
        if (mark == "  + ") {
            sum += amount;
            ++terms;
            continue;
        }
        std::string name = line.substr(4, 32);
        name.erase(name.find_last_not_of(' ') + 1);
        sums.push_back({name, printed_amount(line), terms, amount == sum});
        sum = 0;
        terms = 0;
    }
    return sums;
}

}  // namespace margind::test
