// The price of one instrument at which an account reaches a level, other prices held: where its
// equity is as large as what the level requires.
//
//   linear:   equity + (P - price) quantity          = requirement + |quantity| P rate
//   inverse:  equity + face (1/price - 1/P)          = requirement + |face|/P rate
//
// Solved for P:
//
//   linear:   P = (requirement - equity + price quantity) / (quantity - |quantity| rate)
//   inverse:  P = (face + |face| rate) / (equity - requirement + face/price)
//
// Everything that does not follow the price is in `equity` and `requirement`: other positions, the
// deduction of a tier (it lowers the requirement), a margin that stands fixed since the entry. What
// follows it is in `rate`: maintenance, the fee of closing. With a requirement and a rate of zero
// this is the bankruptcy price.
//
// Sources: Binance, "How to Calculate Liquidation Price of USD-M Futures Contracts"; Gate and OKX,
// "Estimated liquidation price" (maintenance and taker fee in one rate); Bybit, "Liquidation Price
// Calculation" (margins fixed at the entry; inverse contracts); Hyperliquid docs, "Liquidations".
#pragma once

#include <optional>

#include "core/units.hpp"

namespace margind::core {

// Where the account stands, and what the level asks for.
template <class N>
struct LevelTerms {
    MoneyOf<N> equity;       // at the price given beside it, the position's profit in it
    MoneyOf<N> requirement;  // the part that does not follow the price
    RateOf<N> rate;          // the part that does: of the position's notional
};

// numerator / denominator, whichever sign they have. Nothing if the denominator is zero.
template <class N>
constexpr std::optional<PriceOf<N>> price_quotient(typename N::WideRaw numerator,
                                                   typename N::WideRaw denominator,
                                                   Rounding rounding) {
    if (denominator == 0) {
        return {};
    }
    if (denominator < 0) {
        numerator = -numerator;
        denominator = -denominator;
    }
    return PriceOf<N>::from_raw(
        N::narrow(divide<typename N::WideRaw>(numerator, denominator, rounding)));
}

// In ticks, rounded once. Zero or less: no price of the market reaches the level (a long position
// that its own margin covers). Nothing: the difference does not depend on the price.
// Requires: quantity not zero; |quantity| * price at most kMaxExposure (for Ledger).
template <class N>
constexpr std::optional<PriceOf<N>> linear_crossing_price(const ContractScaleOf<N>& scale,
                                                          const PriceOf<N>& price,
                                                          const QuantityOf<N>& quantity,
                                                          const LevelTerms<N>& terms,
                                                          Rounding rounding) {
    using Wide = typename N::WideRaw;
    const ValueOf<N> short_of = value_of(terms.requirement) - value_of(terms.equity);
    const Wide above = (short_of + scale.value(price, quantity)).raw() * N::scale();
    const Wide slope =
        quantity.wide() * N::scale() - magnitude(quantity).wide() * terms.rate.wide();
    return price_quotient<N>(above, slope * scale.factor(), rounding);
}

// `face` is what the contracts are worth in the currency that prices are quoted in, signed: long
// positive; `value` is |face|/price in the currency of equity and requirement, as the venue books
// it; `one` is the price of 1 in ticks. In ticks, rounded once.
// Zero or less: no price reaches the level. Nothing: there is no such price at all.
// Requires: face not zero; |face| below 2^62 / one (for Ledger: 4.6e10 at eight price decimals).
template <class N>
constexpr std::optional<PriceOf<N>> inverse_crossing_price(const MoneyOf<N>& face,
                                                           const MoneyOf<N>& value,
                                                           const PriceOf<N>& one,
                                                           const LevelTerms<N>& terms,
                                                           Rounding rounding) {
    using Wide = typename N::WideRaw;
    const MoneyOf<N> own = face.raw() < 0 ? -value : value;
    const Wide below = (terms.equity - terms.requirement + own).wide();
    const Wide above = face.wide() * N::scale() + magnitude(face).wide() * terms.rate.wide();
    // Both multiplied by 10^kDecimals: of the rate above, of nothing below.
    return price_quotient<N>(above * one.wide(), below * N::scale(), rounding);
}

}  // namespace margind::core
