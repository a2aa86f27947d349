// One position at one level: its gain and what margin it needs.
//
//   notional     quantity at the level's price, as the payoff says
//   requirement  sum over tiers of the part of the notional in the tier * (its rate)
//                + notional * (side's rate + linear slippage + quadratic slippage * size + slope *
//                size) or, where that is more, notional * (size premium of the first tier's rate)
//                or notional * least rate of the account; plus minimum and charges
//
// Everything is exact but: rates that depend on size (up), an inverse payoff (gain down, notional
// up), and the venue's own rounding points (core/margin/rules.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/margin/accounts.hpp"
#include "core/margin/market_view.hpp"
#include "core/margin/quantum.hpp"
#include "core/margin/size_factor.hpp"
#include "core/margin/value_tiers.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct PositionFigures {
    ValueOf<N> notional;  // that the requirement is taken of
    ValueOf<N> gain;      // in the settlement asset
    WeightedValueOf<N> requirement;
    // That the requirement is for: the position, or the worse outcome of orders.
    QuantityOf<N> size;
    WeightedValueOf<N> order_charges = {};  // on top, in the valuation currency
};

// What a term of a requirement stands for.
enum class RequirementTerm : std::uint8_t {
    tier,       // of the part of the notional in tier `index`
    side_rate,  // of the whole notional, from here ...
    slippage,
    slippage_by_size,
    slope,
    largest_rate,            // the four above together, where they reach N's largest rate
    maintenance_of_initial,  // of an initial margin (`of`)
    size_premium,            // what these rates of the notional need beyond all terms before
    reduced_rate,
    least_rate,
    resting_orders,  // by_side: of the orders' value; beyond_position: of order `index`
    minimum,         // amounts from here
    provision,
    rounding,  // up to the venue's step
};

// Sees each term of a requirement: they add up to it exactly. This one looks away and costs
// nothing.
template <class N>
struct NoTerms {
    static constexpr bool kWanted = false;
    void add(RequirementTerm, std::uint32_t /*index*/, const ValueOf<N>& /*of*/,
             const RateOf<N>& /*rate*/, const WeightedValueOf<N>& /*amount*/) {}
    // worst_fill: what the position is with all bids, or all asks, filled.
    void outcomes(const PositionFigures<N>& /*bought*/, const PositionFigures<N>& /*sold*/) {}
};

namespace margin_detail {

// The price of the level for what is long, or short: the mark where the level has none of its own.
template <class N>
const PriceOf<N>& level_price(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                              bool is_long, MarginLevel level) {
    const PriceOf<N>& price = is_long ? terms.long_price[level] : terms.short_price[level];
    return price.raw() == 0 ? row.mark : price;
}

// What `quantity` is worth at `price`, signed like the quantity, rounded as told where the payoff
// has no exact value. A capped short is worth what it still owes.
template <class N>
ValueOf<N> worth(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                 const PriceOf<N>& price, const QuantityOf<N>& quantity, Rounding rounding) {
    using Wide = typename N::WideRaw;
    switch (terms.payoff) {
        case Payoff::linear:
            break;
        case Payoff::inverse:
            return price.raw() == 0
                       ? ValueOf<N>()
                       : ValueOf<N>::from_raw(divide<Wide>(quantity.wide() * row.scale.factor(),
                                                           price.wide(), rounding));
        case Payoff::capped:
            if (quantity.raw() < 0) {
                return row.scale.value(
                    PriceOf<N>::from_raw(std::max<typename N::Raw>(
                        terms.payoff_cap.raw() - price.raw(), typename N::Raw(0))),
                    quantity);
            }
            break;
    }
    return row.scale.value(price, quantity);
}

// A notional: a magnitude, cut as the venue cuts it.
template <class N>
ValueOf<N> notional_of(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                       const PriceOf<N>& price, const QuantityOf<N>& quantity) {
    const ValueOf<N> exact = magnitude(
        worth(row, terms, price, quantity, quantity.raw() < 0 ? Rounding::down : Rounding::up));
    return in_quanta(exact, Rounding::down, terms.rounding.notional_step);
}

template <class N>
ValueOf<N> gain_of(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                   const PriceOf<N>& entry, const PriceOf<N>& price,
                   const QuantityOf<N>& quantity) {
    if (terms.payoff == Payoff::inverse) {
        return worth(row, terms, entry, quantity, Rounding::down) -
               worth(row, terms, price, quantity, Rounding::up);
    }
    if (terms.rounding.notional_step.raw() == 0) return row.scale.gain(entry, price, quantity);
    const ValueOf<N> now = in_quanta(row.scale.value(price, magnitude(quantity)), Rounding::down,
                                     terms.rounding.notional_step);
    return (quantity.raw() < 0 ? -now : now) - row.scale.value(entry, quantity);
}

// rate * size in whole units, rounded up, at most the largest rate.
template <class N>
RateOf<N> per_unit(const RateOf<N>& rate, const typename N::WideRaw& size,
                   const typename N::WideRaw& unit) {
    using Wide = typename N::WideRaw;
    if (rate.raw() == 0) return rate;
    return at_most_largest(
        RateOf<N>::from_raw(N::narrow(div_ceil<Wide>(Wide(rate.wide() * size), unit))));
}

// The slope's rate. An inverse contract's size is the base asset it stands for, at the ledger's
// decimals: its own quantities count contracts and may have none.
template <class N>
RateOf<N> slope_rate(const PositionTermsOf<N>& terms, const ValueOf<N>& notional,
                     const QuantityOf<N>& size, MarginLevel level) {
    using Wide = typename N::WideRaw;
    if (terms.slope.scale.raw() == 0) return {};
    Wide of = size.wide();
    Wide scale = terms.slope.scale.wide();
    if (terms.payoff == Payoff::inverse) {
        of = round_up(notional).wide();
        scale = std::max<Wide>(Wide(scale * N::scale()) / terms.unit.wide(), Wide(1));
    }
    return product(per_unit<N>(terms.slope.fraction, of, scale), terms.slope_share[level],
                   Rounding::up);
}

// Whether the account is one that the instrument offers reduced rates to.
template <class N>
bool has_reduced_rate(const PositionTermsOf<N>& terms, const AccountTermsOf<N>* account,
                      MarginLevel level) {
    return account != nullptr && account->high_leverage && terms.reduced_rate[level].raw() > 0;
}

// The rate that the first tier needs for this size and account, where that depends on size.
template <class N>
RateOf<N> size_dependent_rate(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                              const AccountTermsOf<N>* account, const QuantityOf<N>& size,
                              MarginLevel level) {
    const RateOf<N>& base = row.tiers[0].rate[level];
    if (!has_reduced_rate(terms, account, level))
        return size_premium(terms.premium, base, size, terms.unit);
    if (level == MarginLevel::maintenance) {
        return size_premium(terms.premium, terms.reduced_rate[level], size, terms.unit);
    }
    return reduced_size_premium(terms.premium, base, terms.reduced_rate[level], size, terms.unit);
}

// notional * rate, tier by tier: the part of the notional inside a tier needs that tier's rate.
template <class N, class Terms>
WeightedValueOf<N> tiered(const ValueOf<N>& notional, const InstrumentRowOf<N>& row,
                          MarginLevel level, Terms& seen) {
    return core::tiered(notional, std::span<const TierRowOf<N>>(row.tiers.data(), row.tier_count),
                        &TierRowOf<N>::notional_up_to, level,
                        [&](std::uint32_t index, const ValueOf<N>& part, const RateOf<N>& rate) {
                            if constexpr (Terms::kWanted) {
                                seen.add(RequirementTerm::tier, index, part, rate, part * rate);
                            }
                        });
}

// At least notional * rate.
template <class N, class Terms>
void raise(WeightedValueOf<N>& sum, const ValueOf<N>& notional, const RateOf<N>& rate,
           RequirementTerm term, Terms& seen) {
    const WeightedValueOf<N> least = notional * rate;
    if (!(sum < least)) return;
    if constexpr (Terms::kWanted) seen.add(term, 0, notional, rate, least - sum);
    sum = least;
}

// The rates that are added to the tiers': of the side, of slippage, of the slope.
template <class N, class Terms>
WeightedValueOf<N> added_rates(const PositionTermsOf<N>& terms, const ValueOf<N>& notional,
                               const QuantityOf<N>& quantity, MarginLevel level, Terms& seen) {
    const QuantityOf<N> size = magnitude(quantity);
    const RateOf<N>& side = quantity.raw() > 0 ? terms.long_rate[level] : terms.short_rate[level];
    const RateOf<N> by_size = per_unit<N>(terms.slippage.quadratic, size.wide(), terms.unit.wide());
    const RateOf<N> slope = slope_rate(terms, notional, size, level);
    const RateOf<N> sum = side + terms.slippage.linear + by_size + slope;
    const RateOf<N> added = at_most_largest(sum);
    if constexpr (Terms::kWanted) {
        const auto add = [&](RequirementTerm term, const RateOf<N>& rate) {
            if (rate.raw() != 0) seen.add(term, 0, notional, rate, notional * rate);
        };
        if (added < sum) {
            add(RequirementTerm::largest_rate, added);
        } else {
            add(RequirementTerm::side_rate, side);
            add(RequirementTerm::slippage, terms.slippage.linear);
            add(RequirementTerm::slippage_by_size, by_size);
            add(RequirementTerm::slope, slope);
        }
    }
    return notional * added;
}

// Maintenance as a fraction of the initial margin, each rounded for itself.
template <class N, class Terms>
WeightedValueOf<N> fraction_of_initial(const PositionTermsOf<N>& terms, const ValueOf<N>& notional,
                                       Terms& seen) {
    const WeightedValueOf<N> initial =
        in_quanta(notional * terms.maintenance_of_initial.initial_rate, Rounding::up,
                  terms.rounding.requirement_step);
    const ValueOf<N> of = value_of(initial, Rounding::up);
    const RateOf<N>& fraction = terms.maintenance_of_initial.fraction;
    seen.add(RequirementTerm::maintenance_of_initial, 0, of, fraction, of * fraction);
    return of * fraction;
}

template <class N, class Terms>
WeightedValueOf<N> requirement_by_rates(const InstrumentRowOf<N>& row,
                                        const PositionTermsOf<N>& terms,
                                        const AccountTermsOf<N>* account,
                                        const ValueOf<N>& notional, const QuantityOf<N>& quantity,
                                        MarginLevel level, Terms& seen) {
    const bool reduced = has_reduced_rate(terms, account, level);
    WeightedValueOf<N> sum;
    if (!reduced) sum = tiered(notional, row, level, seen);
    sum += added_rates(terms, notional, quantity, level, seen);
    if (!reduced && terms.premium.factor.raw() == 0) return sum;
    raise(sum, notional,
          at_most_largest(size_dependent_rate(row, terms, account, magnitude(quantity), level)),
          reduced ? RequirementTerm::reduced_rate : RequirementTerm::size_premium, seen);
    return sum;
}

}  // namespace margin_detail

// What `quantity` (signed, not zero) needs by itself, without minimum and charges, and not less
// than `least_rate` of its notional (see notional_of()).
template <class N, class Terms>
WeightedValueOf<N> requirement_of(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                                  const AccountTermsOf<N>* account, const RateOf<N>& least_rate,
                                  const ValueOf<N>& notional, const QuantityOf<N>& quantity,
                                  MarginLevel level, Terms& seen) {
    const bool of_initial =
        level == MarginLevel::maintenance && terms.maintenance_of_initial.fraction.raw() > 0;
    WeightedValueOf<N> sum = of_initial ? margin_detail::fraction_of_initial(terms, notional, seen)
                                        : margin_detail::requirement_by_rates(
                                              row, terms, account, notional, quantity, level, seen);
    margin_detail::raise(sum, notional, least_rate, RequirementTerm::least_rate, seen);
    return sum;
}
template <class N>
WeightedValueOf<N> requirement_of(const InstrumentRowOf<N>& row, const PositionTermsOf<N>& terms,
                                  const AccountTermsOf<N>* account, const RateOf<N>& least_rate,
                                  const ValueOf<N>& notional, const QuantityOf<N>& quantity,
                                  MarginLevel level) {
    NoTerms<N> nobody;
    return requirement_of(row, terms, account, least_rate, notional, quantity, level, nobody);
}

// A position of an instrument that has nothing but tiers.
template <class N, class Terms>
PositionFigures<N> plain_position(const PositionRowOf<N>& position, const InstrumentRowOf<N>& row,
                                  MarginLevel level, Terms& seen) {
    const ValueOf<N> notional = magnitude(row.scale.value(row.mark, position.quantity));
    WeightedValueOf<N> requirement = margin_detail::tiered(notional, row, level, seen);
    if (level == MarginLevel::initial && position.least_initial_rate.raw() > 0) {
        margin_detail::raise(requirement, notional, position.least_initial_rate,
                             RequirementTerm::least_rate, seen);
    }
    return {notional,
            row.scale.gain(position.entry_price, row.mark, position.quantity) +
                value_of(position.accrued),
            requirement, position.quantity};
}

}  // namespace margind::core
