#include "daemon/explain/columns.hpp"

#include <algorithm>

namespace margind::daemon {

std::string exact(core::Int128 raw, int decimals) {
    const bool negative = raw < 0;
    std::string digits;
    for (core::Int128 rest = negative ? -raw : raw; rest != 0; rest /= 10) {
        digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    }
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) digits.append(places + 1 - digits.size(), '0');
    std::reverse(digits.begin(), digits.end());
    std::string text = negative ? "-" : "";
    text.append(digits, 0, digits.size() - places);
    const std::size_t last = digits.find_last_not_of('0');
    if (last != std::string::npos && last >= digits.size() - places) {
        text += '.';
        text.append(digits, digits.size() - places, last + 1 - (digits.size() - places));
    }
    return text;
}

void Columns::heading(std::string_view text) {
    fmt::format_to(std::back_inserter(out_), "\n{}\n", text);
}

void Columns::text(std::string_view text) {
    fmt::format_to(std::back_inserter(out_), "    {}\n", text);
}

void Columns::line(char mark, std::string_view name, std::string_view amount, std::string_view unit,
                   std::string_view why) {
    const std::size_t point = std::min(amount.find('.'), amount.size());
    std::string text = fmt::format("  {} {:<32}{:>14}{:<11} {:<6} {}", mark, name,
                                   amount.substr(0, point), amount.substr(point), unit, why);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
    out_.append(text);
}

}  // namespace margind::daemon
