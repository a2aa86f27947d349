// One account against the market: equity and required margin at each level. These functions
// *define* health; everything faster only decides when to call them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/event.hpp"
#include "core/margin/accounts.hpp"
#include "core/margin/collateral.hpp"
#include "core/margin/level.hpp"
#include "core/margin/market_view.hpp"
#include "core/margin/per_balance.hpp"
#include "core/margin/position.hpp"
#include "core/margin/spot_orders.hpp"
#include "core/units.hpp"

namespace margind::core {

// An account at one level. Healthy at it: equity >= margin.
template <class N>
struct LevelFiguresOf {
    MoneyOf<N> equity;
    MoneyOf<N> margin;
};
using LevelFigures = LevelFiguresOf<Ledger>;

// Sees every item of an evaluation as it is added up: what an explanation prints. This one looks
// away, and costs nothing.
template <class N>
struct NoObserver {
    // Who is told the terms of the requirement of a position: see RequirementTerm.
    NoTerms<N> terms(std::uint32_t) { return {}; }
    void position(std::uint32_t, const PositionFigures<N>&) {}
    // What of the position's gain its settlement balance gets, or what it adds to equity itself.
    void settled(std::uint32_t, const ValueOf<N>&) {}
    void apart(std::uint32_t, const WeightedValueOf<N>&) {}
    // What the positions that settle in a balance's asset require: there, and in the valuation
    // currency.
    void required(std::uint32_t, const WeightedValueOf<N>&, const WeightedValueOf<N>&) {}
    void balance(std::uint32_t, const BalanceFigures<N>&) {}
    // What the close-out buffer adds: to what a position requires in its settlement asset, and for
    // debts and losses.
    void buffered(std::uint32_t, const WeightedValueOf<N>&) {}
    void buffer(const LevelSums<N>&) {}
    void spot_orders(const LevelSums<N>&) {}
    void keeper_reward(const MoneyOf<N>&) {}
};

namespace margin_detail {

// Worth more than this, an amount that comes of positions counts as if it were worth this: twice
// the largest exposure. What is admitted, and all it can lead to at prices that hang together, is
// worth less. But an inverse contract gains, loses and requires without bound where its mark falls
// towards one tick while the asset it settles in keeps its price; the account is then as rich or as
// ruined as figures can tell, and these still fit 128 bits, weighted ten times over in every
// balance.
inline constexpr Int128 kMostCounted = 2 * kMaxExposure;

// An amount of an asset with what positions gained in it. Numbers of any size need no end.
template <class N>
MoneyOf<N> countable(const typename N::WideRaw& amount, const UnitPriceOf<N>& price) {
    if constexpr (std::is_same_v<N, Ledger>) {
        const std::int64_t held = saturate_to_int64(amount);
        const Int128 value = Int128{held} * price.raw();
        if (value > kMostCounted)
            return Money::from_raw(saturate_to_int64(kMostCounted / price.raw()));
        if (value < -kMostCounted)
            return Money::from_raw(saturate_to_int64(-kMostCounted / price.raw()));
        return Money::from_raw(held);
    } else {
        return MoneyOf<N>::from_raw(N::narrow(amount));
    }
}

// What an amount that is required is worth; it may be more than Money holds. Requires: not
// negative.
template <class N>
ValueOf<N> countable_value(const typename N::WideRaw& amount, const UnitPriceOf<N>& price) {
    if constexpr (std::is_same_v<N, Ledger>) {
        if (price.raw() > 0 && amount > kMostCounted / price.raw()) {
            return Value::from_raw(kMostCounted);
        }
    }
    return ValueOf<N>::from_raw(amount * price.wide());
}

// Adds the positions and balances of an account up, one level at a time.
template <class N, class Observer>
class Evaluator {
  public:
    Evaluator(const AccountViewOf<N>& account, const MarketViewOf<N>& market, MarginLevel level,
              Observer& observer)
        : account_(account),
          market_(market),
          level_(level),
          observer_(observer),
          gains_(account.balances.size()),
          margins_(account.balances.size()),
          amounts_(account.balances.size()) {}

    LevelFiguresOf<N> run() {
        const std::size_t balances = account_.balances.size();
        for (std::uint32_t p = 0; p < account_.positions.size(); ++p) add_position(p);
        for (std::uint32_t b = 0; b < balances; ++b) {
            amounts_[b] = amount_with_gains(b);
            add_requirement(b);
        }
        if (!account_.spot_orders.empty()) {
            add_spot_orders();
        } else {
            for (std::uint32_t b = 0; b < balances; ++b) add_balance(b, amounts_[b]);
        }
        if (account_.terms != nullptr && account_.terms->keeper) {
            add_keeper_reward(*account_.terms->keeper);
        }
        return {round_down(sums_.equity), round_up(sums_.requirement)};
    }

  private:
    const AssetRowOf<N>& asset_of(std::uint32_t balance) const {
        return market_.assets[account_.balances[balance].asset.index()];
    }

    MoneyOf<N> amount_with_gains(std::uint32_t b) const {
        using Wide = typename N::WideRaw;
        const Wide amount =
            account_.balances[b].amount.wide() + div_floor<Wide>(gains_[b].raw(), Wide(N::scale()));
        return countable<N>(amount, balance_price(asset_of(b), amount >= 0, level_));
    }

    void add_position(std::uint32_t p) {
        const PositionRowOf<N>& position = account_.positions[p];
        const InstrumentRowOf<N>& row = market_.instruments[position.instrument.index()];
        decltype(auto) terms = observer_.terms(p);
        PositionFigures<N> figures = position_figures(account_, p, row, level_, terms);
        if (row.terms != nullptr) {
            settle(p, figures, row.terms->gains);
        } else {
            gains_[position.balance] += figures.gain;
            observer_.settled(p, figures.gain);
        }
        margins_[position.balance] += figures.requirement;
        sums_.requirement += figures.order_charges;
        if (account_.terms != nullptr) {
            const WeightedValueOf<N> buffer = figures.notional * account_.terms->buffer[level_];
            margins_[position.balance] += buffer;
            observer_.buffered(p, buffer);
        }
        observer_.position(p, figures);
    }

    // A gain that is not simply added to the settlement asset's balance.
    void settle(std::uint32_t p, PositionFigures<N>& figures, const GainRule<N>& rule) {
        const std::uint32_t balance = account_.positions[p].balance;
        if (rule.net_of_margin) {
            WeightedValueOf<N> net = figures.gain * rate_one<N>() - figures.requirement;
            figures.requirement = {};
            if (net.raw() > 0) net = value_of(net, Rounding::down) * rule.weight[level_];
            gains_[balance] += value_of(net, Rounding::down);
            observer_.settled(p, value_of(net, Rounding::down));
        } else if (rule.apart) {
            add_apart(p, figures, rule, asset_of(balance));
        } else {
            gains_[balance] += figures.gain;
            observer_.settled(p, figures.gain);
        }
    }

    void add_apart(std::uint32_t p, const PositionFigures<N>& figures, const GainRule<N>& rule,
                   const AssetRowOf<N>& asset) {
        using Wide = typename N::WideRaw;
        const bool gained = figures.gain.raw() >= 0;
        const UnitPriceOf<N> price = balance_price(asset, gained, level_);
        const MoneyOf<N> gain =
            countable<N>(div_floor<Wide>(figures.gain.raw(), Wide(N::scale())), price);
        const ValueOf<N> value = gain * price;
        if (!gained) {
            sums_.equity += value * rate_one<N>();
            observer_.apart(p, value * rate_one<N>());
            if (account_.terms != nullptr) {
                sums_.equity += value * account_.terms->buffer[level_];
                observer_.buffer({value * account_.terms->buffer[level_], {}});
            }
            return;
        }
        RateOf<N> weight = rule.weight[level_];
        if (level_ == MarginLevel::initial) {
            weight = size_discount(rule.discount, weight, gain, money_one<N>());
        }
        WeightedValueOf<N> counted = value * weight;
        const MoneyOf<N>& cap = rule.cap[level_];
        if (cap.raw() > 0) counted = std::min(counted, weighted_value_of(cap));
        sums_.equity += counted;
        observer_.apart(p, counted);
    }

    // A requirement arises in the settlement asset; it is owed in the valuation currency.
    void add_requirement(std::uint32_t b) {
        using Wide = typename N::WideRaw;
        const UnitPriceOf<N> price = balance_price(asset_of(b), false, level_);
        WeightedValueOf<N> owed = margins_[b];
        if (price.wide() != N::scale()) {
            const Wide amount = div_ceil<Wide>(owed.raw(), Wide(N::scale() * N::scale()));
            owed = countable_value<N>(amount, price) * rate_one<N>();
        }
        sums_.requirement += owed;
        observer_.required(b, margins_[b], owed);
    }

    void add_balance(std::uint32_t b, const MoneyOf<N>& amount) {
        const BalanceFigures<N> figures =
            balance_figures(amount, asset_of(b), account_.terms, level_);
        add_figures(b, figures);
    }

    void add_figures(std::uint32_t b, const BalanceFigures<N>& figures) {
        sums_.equity += figures.equity;
        sums_.requirement += figures.required;
        if (account_.terms != nullptr && figures.value.raw() < 0) {
            sums_.requirement += (-figures.value) * account_.terms->buffer[level_];
            observer_.buffer({{}, (-figures.value) * account_.terms->buffer[level_]});
        }
        observer_.balance(b, figures);
    }

    void add_spot_orders() {
        std::array<const SpotOrderRowOf<N>*, kMaxBalancesPerAccount> in_base{};
        for (const SpotOrderRowOf<N>& order : account_.spot_orders) {
            if (order.bids.raw() != 0 || order.asks.raw() != 0) in_base[order.base] = &order;
            if (const BalanceTermsOf<N>* terms = asset_of(order.base).terms; terms != nullptr) {
                sums_.requirement +=
                    WeightedValueOf<N>::from_raw(weighted_value_of(terms->order_charge).raw() *
                                                 typename N::WideRaw(order.count));
            }
        }
        for (std::uint32_t b = 0; b < account_.balances.size(); ++b) {
            if (in_base[b] == nullptr) {
                add_balance(b, amounts_[b]);
                continue;
            }
            const SpotWorstCase<N> worst =
                spot_worst_case(amounts_[b], *in_base[b], asset_of(b), account_.terms, level_);
            add_figures(b, worst.balance);
            const WeightedValueOf<N> value = worst.orders_value * rate_one<N>();
            (value.raw() > 0 ? sums_.equity : sums_.requirement) +=
                value.raw() > 0 ? value : -value;
        }
        const LevelSums<N> before = sums_;
        add_reserved(account_, amounts_, market_, level_, sums_);
        observer_.spot_orders(
            {sums_.equity - before.equity, sums_.requirement - before.requirement});
    }

    // Of the positions that are held, orders aside, and of what is owned before gains.
    void add_keeper_reward(const KeeperRule<N>& rule) {
        KeeperCosts<N> costs{rule.flag_cost, rule.liquidate_cost};
        WeightedValueOf<N> flag_reward;
        for (const PositionRowOf<N>& position : account_.positions) {
            if (position.quantity.raw() == 0) continue;
            ++costs.feeds;
            flag_reward += flag_reward_of(position);
        }
        if (costs.feeds == 0) return;
        ValueOf<N> owned;
        for (std::uint32_t b = 0; b < account_.balances.size(); ++b) {
            const MoneyOf<N>& amount = account_.balances[b].amount;
            if (amount.raw() > 0) owned += amount * asset_of(b).price;
        }
        const MoneyOf<N> reward =
            keeper_reward(rule.reward, keeper_cost(costs), flag_reward, round_down(owned));
        sums_.requirement += weighted_value_of(reward);
        observer_.keeper_reward(reward);
    }

    // In the valuation currency; rounded up to 1e-8 of a settlement asset that is not at par.
    WeightedValueOf<N> flag_reward_of(const PositionRowOf<N>& position) const {
        const InstrumentRowOf<N>& row = market_.instruments[position.instrument.index()];
        if (row.terms == nullptr || row.terms->flag_reward.raw() == 0) return {};
        using Wide = typename N::WideRaw;
        ValueOf<N> worth = notional_of(row, *row.terms, row.mark, position.quantity);
        const UnitPriceOf<N>& price = asset_of(position.balance).price;
        if (price.wide() != N::scale()) {
            worth = countable_value<N>(div_ceil<Wide>(worth.raw(), Wide(N::scale())), price);
        }
        return worth * row.terms->flag_reward;
    }

    const AccountViewOf<N>& account_;
    const MarketViewOf<N>& market_;
    MarginLevel level_;
    Observer& observer_;
    LevelSums<N> sums_;
    PerBalance<ValueOf<N>> gains_;
    PerBalance<WeightedValueOf<N>> margins_;
    PerBalance<MoneyOf<N>> amounts_;
};

}  // namespace margin_detail

// Equity and margin at a level. Exact until one rounding each: equity down, margin up; gains of an
// asset are summed exactly and rounded down to 1e-8 of it first; a requirement in an asset that is
// not at par is rounded up to 1e-8 of it first. Venues' own rounding points come before.
// Requires: every row's instrument and asset is priced in `market`.
template <class N, class Observer>
LevelFiguresOf<N> evaluate_level(const AccountViewOf<N>& account, const MarketViewOf<N>& market,
                                 MarginLevel level, Observer& observer) {
    return margin_detail::Evaluator<N, Observer>(account, market, level, observer).run();
}
template <class N>
LevelFiguresOf<N> evaluate_level(const AccountViewOf<N>& account, const MarketViewOf<N>& market,
                                 MarginLevel level) {
    NoObserver<N> nobody;
    return evaluate_level(account, market, level, nobody);
}

// The engine's own, compiled once. Cost: about 3 ns a plain row, three 128-bit divisions.
LevelFigures evaluate_level(const AccountView& account, const MarketView& market,
                            MarginLevel level) noexcept;

// An account at several levels. Equity differs between them where a venue's weights or prices do.
struct Evaluation {
    Money equity;  // at the maintenance level
    Money initial_margin;
    Money maintenance_margin;
    Money initial_equity = {};
    Money close_out_equity = {};
    Money close_out_margin = {};

    constexpr LevelFigures at(MarginLevel level) const noexcept {
        return level == MarginLevel::initial ? LevelFigures{initial_equity, initial_margin}
               : level == MarginLevel::maintenance
                   ? LevelFigures{equity, maintenance_margin}
                   : LevelFigures{close_out_equity, close_out_margin};
    }
};
// Levels that are not asked for stay zero.
Evaluation evaluate(const AccountView& account, const MarketView& market,
                    LevelSet levels = LevelSet::all()) noexcept;

// Whether all that the account holds has a price yet.
bool priced(const AccountView& account, const MarketView& market) noexcept;

// Equity / maintenance margin, rounded down; infinite without a requirement. For people: decisions
// compare equity with multiples of the requirement and divide nothing.
HealthFactor health_factor(const Evaluation& evaluation) noexcept;

// max(0, initial margin - initial equity).
Money shortfall(const Evaluation& evaluation) noexcept;

}  // namespace margind::core
