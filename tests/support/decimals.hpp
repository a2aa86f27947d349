// Amounts from decimal text, whatever their numbers' width: decimals<MoneyOf<N>>("-1.25").
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace margind::test {

// Requires (or throws): digits with at most one point, no more decimals than Amount carries.
template <class Amount>
Amount decimals(std::string_view text) {
    using Raw = typename Amount::Raw;
    const bool negative = text.starts_with('-');
    Raw raw = 0;
    int places = -1;  // digits after the point; -1: none seen
    for (const char c : text.substr(negative ? 1 : 0)) {
        if (c == '.' && places < 0) {
            places = 0;
        } else if (c >= '0' && c <= '9') {
            raw = raw * 10 + (c - '0');
            places += places < 0 ? 0 : 1;
        } else {
            throw std::invalid_argument("not a decimal: " + std::string(text));
        }
    }
    for (places = places < 0 ? 0 : places; places < Amount::Numbers::kDecimals; ++places) {
        raw = raw * 10;
    }
    if (places > Amount::Numbers::kDecimals) {
        throw std::invalid_argument("too many decimals: " + std::string(text));
    }
    return Amount::from_raw(negative ? Raw(-raw) : raw);
}

}  // namespace margind::test
