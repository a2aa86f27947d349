// Amounts from decimal text, whatever their numbers' width: decimals<MoneyOf<N>>("-1.25").
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "core/units.hpp"
#include "tests/support/extended.hpp"

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

// The same by name: money<N>("1.25").
template <class N>
core::MoneyOf<N> money(std::string_view text) {
    return decimals<core::MoneyOf<N>>(text);
}
template <class N>
core::RateOf<N> rate(std::string_view text) {
    return decimals<core::RateOf<N>>(text);
}
template <class N>
core::UnitPriceOf<N> unit_price(std::string_view text) {
    return decimals<core::UnitPriceOf<N>>(text);
}

// And by kind, for who needs them all: Decimals<N>::money("1.25"). Prices and quantities have N's
// decimals too, so that a contract of factor 1 turns them into values.
template <class N>
struct Decimals {
    using Text = std::string_view;
    static core::MoneyOf<N> money(Text text) { return decimals<core::MoneyOf<N>>(text); }
    static core::RateOf<N> rate(Text text) { return decimals<core::RateOf<N>>(text); }
    static core::PriceOf<N> price(Text text) { return decimals<core::PriceOf<N>>(text); }
    static core::UnitPriceOf<N> unit_price(Text text) {
        return decimals<core::UnitPriceOf<N>>(text);
    }
    static core::QuantityOf<N> quantity(Text text) { return decimals<core::QuantityOf<N>>(text); }
    static core::ContractScaleOf<N> contract() { return core::ContractScaleOf<N>::from_factor(1); }
};

}  // namespace margind::test
