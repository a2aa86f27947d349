// One position with its resting orders at one level: the worse of what the orders may lead to, the
// minimum, the charges, and the venue's rounding.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/margin/accounts.hpp"
#include "core/margin/market_view.hpp"
#include "core/margin/requirement.hpp"
#include "core/units.hpp"

namespace margind::core {

namespace margin_detail {

// Everything that stays the same while outcomes of one position are compared.
template <class N>
class PositionAtLevel {
  public:
    PositionAtLevel(const AccountViewOf<N>& account, std::uint32_t index,
                    const InstrumentRowOf<N>& row, MarginLevel level)
        : account_(account),
          index_(index),
          position_(account.positions[index]),
          row_(row),
          terms_(row.terms == nullptr ? no_terms() : *row.terms),
          level_(level) {
        for (const OrderRowOf<N>& order : account.orders) {
            if (order.position != index) continue;
            (order.size.raw() > 0 ? bids_ : asks_) =
                (order.size.raw() > 0 ? bids_ : asks_) + order.size;
            orders_ += order.count;
        }
    }

    template <class Terms>
    PositionFigures<N> figures(Terms& seen) const {
        using Wide = typename N::WideRaw;
        PositionFigures<N> out = before_charges(seen);
        const auto add = [&](RequirementTerm term, const WeightedValueOf<N>& amount) {
            out.requirement += amount;
            if constexpr (Terms::kWanted) {
                if (amount.raw() != 0) seen.add(term, 0, {}, {}, amount);
            }
        };
        if (out.size.raw() != 0) add(RequirementTerm::minimum, weighted_value_of(terms_.minimum));
        add(RequirementTerm::provision, provision());
        out.order_charges = WeightedValueOf<N>::from_raw(
            weighted_value_of(terms_.order_charge).raw() * Wide(orders_));
        add(RequirementTerm::rounding,
            in_quanta(out.requirement, Rounding::up, terms_.rounding.requirement_step) -
                out.requirement);
        return out;
    }

  private:
    using Nobody = NoTerms<N>;

    static const PositionTermsOf<N>& no_terms() {
        static const PositionTermsOf<N> kNone;
        return kNone;
    }

    template <class Terms>
    PositionFigures<N> before_charges(Terms& seen) const {
        switch (terms_.orders[level_]) {
            case OrderRule::ignored:
                break;
            case OrderRule::by_side:
                return worse_side(seen);
            case OrderRule::worst_fill:
                if (bids_.raw() != 0 || asks_.raw() != 0) return worst_fill(seen);
                break;
            case OrderRule::beyond_position: {
                PositionFigures<N> out = outcome(position_.quantity, seen);
                add_orders_beyond_position(out.requirement, seen);
                return out;
            }
        }
        return outcome(position_.quantity, seen);
    }

    // Of the account, and at the initial level of the position's own leverage.
    RateOf<N> least_rate() const {
        const RateOf<N> own =
            level_ == MarginLevel::initial ? position_.least_initial_rate : RateOf<N>();
        return account_.terms == nullptr ? own : std::max(own, account_.terms->least_rate[level_]);
    }

    PriceOf<N> price(bool is_long) const {
        return terms_.margin_price == MarginPrice::entry ? position_.entry_price
                                                         : gain_price(is_long);
    }

    const PriceOf<N>& gain_price(bool is_long) const {
        return level_price(row_, terms_, is_long, level_);
    }

    // What `net` needs, and what the position has gained at the price such a net is valued at.
    template <class Terms>
    PositionFigures<N> outcome(const QuantityOf<N>& net, Terms& seen) const {
        const bool is_long = net.raw() >= 0;
        PositionFigures<N> out;
        out.size = net;
        out.gain =
            gain_of(row_, terms_, position_.entry_price, gain_price(is_long), position_.quantity) +
            value_of(position_.accrued);
        if (net.raw() == 0) return out;
        out.notional = notional_of(row_, terms_, price(is_long), net);
        out.requirement = requirement_of(row_, terms_, account_.terms, least_rate(), out.notional,
                                         net, level_, seen);
        return out;
    }

    // The outcome with `orders` filled: bids at the price of what is short, asks at that of what is
    // long, so that where the level has two prices a fill can lose the distance between them.
    template <class Terms>
    PositionFigures<N> filled(const QuantityOf<N>& orders, Terms& seen) const {
        const QuantityOf<N> net = position_.quantity + orders;
        PositionFigures<N> out = outcome(net, seen);
        const PriceOf<N>& paid = gain_price(orders.raw() < 0);
        const PriceOf<N>& valued = gain_price(net.raw() >= 0);
        if (paid != valued) out.gain += gain_of(row_, terms_, paid, valued, orders);
        return out;
    }

    // Equal outcomes: the asks'.
    template <class Terms>
    PositionFigures<N> worst_fill(Terms& seen) const {
        Nobody nobody;
        const PositionFigures<N> bought = filled(bids_, nobody);
        const PositionFigures<N> sold = filled(asks_, nobody);
        const auto burden = [](const PositionFigures<N>& f) {
            return f.requirement - f.gain * rate_one<N>();
        };
        const bool bids_are_worse = burden(bought) > burden(sold);
        if constexpr (Terms::kWanted) {
            seen.outcomes(bought, sold);
            return filled(bids_are_worse ? bids_ : asks_, seen);
        }
        return bids_are_worse ? bought : sold;
    }

    // Equal sides: the long one.
    template <class Terms>
    PositionFigures<N> worse_side(Terms& seen) const {
        Nobody nobody;
        PositionFigures<N> out = outcome(position_.quantity, nobody);
        const WeightedValueOf<N> long_need = side_need(true, nobody);
        const WeightedValueOf<N> short_need = side_need(false, nobody);
        out.requirement = std::max(long_need, short_need);
        if constexpr (Terms::kWanted) side_need(long_need >= short_need, seen);
        return out;
    }

    template <class Terms>
    WeightedValueOf<N> side_need(bool is_long, Terms& seen) const {
        const QuantityOf<N> open = is_long ? position_.quantity : -position_.quantity;
        const QuantityOf<N> resting = magnitude(is_long ? bids_ : asks_);
        if ((open + resting).raw() <= 0) return {};
        WeightedValueOf<N> need;
        if (open.raw() > 0) {
            need = requirement_of(row_, terms_, account_.terms, least_rate(),
                                  notional_of(row_, terms_, price(is_long), position_.quantity),
                                  position_.quantity, level_, seen);
        }
        const RateOf<N> rate = row_.tiers[0].rate[level_] +
                               (is_long ? terms_.long_rate[level_] : terms_.short_rate[level_]);
        const ValueOf<N> value = orders_value(is_long, resting);
        if constexpr (Terms::kWanted) {
            if (resting.raw() != 0) {
                seen.add(RequirementTerm::resting_orders, 0, value, rate, value * rate);
            }
        }
        return need + value * rate;
    }

    ValueOf<N> orders_value(bool is_long, const QuantityOf<N>& resting) const {
        if (!terms_.in_auction) return notional_of(row_, terms_, price(is_long), resting);
        ValueOf<N> own;
        for (const OrderRowOf<N>& order : account_.orders) {
            if (order.position != index_ || (order.size.raw() > 0) != is_long) continue;
            own += notional_of(row_, terms_, order.price, order.size);
        }
        return std::max(own, notional_of(row_, terms_, terms_.auction_price, resting));
    }

    template <class Terms>
    void add_orders_beyond_position(WeightedValueOf<N>& requirement, Terms& seen) const {
        Nobody nobody;
        std::uint32_t index = 0;
        QuantityOf<N> covered_bids =
            position_.quantity.raw() < 0 ? -position_.quantity : QuantityOf<N>();
        QuantityOf<N> covered_asks =
            position_.quantity.raw() > 0 ? position_.quantity : QuantityOf<N>();
        for (const OrderRowOf<N>& order : account_.orders) {
            if (order.position != index_) continue;
            ++index;
            const bool is_bid = order.size.raw() > 0;
            QuantityOf<N>& covered = is_bid ? covered_bids : covered_asks;
            const QuantityOf<N> used = std::min(covered, magnitude(order.size));
            covered = covered - used;
            const QuantityOf<N> beyond = magnitude(order.size) - used;
            if (beyond.raw() == 0) continue;
            const QuantityOf<N> net = is_bid ? beyond : -beyond;
            const ValueOf<N> notional = notional_of(row_, terms_, price(is_bid), net);
            const WeightedValueOf<N> need = requirement_of(
                row_, terms_, account_.terms, least_rate(), notional, net, level_, nobody);
            seen.add(RequirementTerm::resting_orders, index, notional, {}, need);
            requirement += need;
        }
    }

    // What a position that pays is expected to pay: quantity * charge, where positive.
    WeightedValueOf<N> provision() const {
        using Wide = typename N::WideRaw;
        if (terms_.charge_per_unit.raw() == 0) return {};
        const Wide due = terms_.charge_per_unit.wide() * position_.quantity.wide();
        if (due <= 0) return {};
        return WeightedValueOf<N>::from_raw(
            div_ceil<Wide>(Wide(due * N::scale()), terms_.unit.wide()) * N::scale());
    }

    const AccountViewOf<N>& account_;
    std::uint32_t index_;
    const PositionRowOf<N>& position_;
    const InstrumentRowOf<N>& row_;
    const PositionTermsOf<N>& terms_;
    MarginLevel level_;
    QuantityOf<N> bids_;
    QuantityOf<N> asks_;  // negative
    std::uint32_t orders_ = 0;
};

}  // namespace margin_detail

// The position row `index` of the account at `level`. Cost: a few ns without terms; with resting
// orders, a pass over the account's orders.
template <class N, class Terms>
PositionFigures<N> position_figures(const AccountViewOf<N>& account, std::uint32_t index,
                                    const InstrumentRowOf<N>& row, MarginLevel level, Terms& seen) {
    if (row.terms == nullptr && account.terms == nullptr) {
        return plain_position(account.positions[index], row, level, seen);
    }
    return margin_detail::PositionAtLevel<N>(account, index, row, level).figures(seen);
}
template <class N>
PositionFigures<N> position_figures(const AccountViewOf<N>& account, std::uint32_t index,
                                    const InstrumentRowOf<N>& row, MarginLevel level) {
    NoTerms<N> nobody;
    return position_figures(account, index, row, level, nobody);
}

}  // namespace margind::core
