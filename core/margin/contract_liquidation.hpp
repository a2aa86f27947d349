// Liquidation of a perpetual whose profit and loss counts towards the balance of its settlement
// asset: a loss in full, a profit only in part, until somebody settles it.
//
// One lot moved to the liquidator changes the position's risk-weighted profit and loss ("risk pnl":
// cash + weighted value) by
//   long   lot value (1 - fees - owned weight)         short   lot value (owed weight - 1 - fees)
// and taking over one unit of profit changes the account's balance by 1 - profit_fee -
// profit_weight. In this order, each only while health is below zero and its limit lasts:
//   1. a negative risk pnl: reduce until it is zero;
//   2. a positive one: let it be taken over;
//   3. reduce further, as far as the profit that makes can still be taken over;
//   4. let that be taken over;
//   5. if unsettled profit counts at all: reduce further.
//
// Lots are whole, rounded up; cash and balances are rounded down, amounts to cure up.
// Source: Mango v4, perp_liq_base_or_positive_pnl.
#pragma once

#include "core/margin/weighted_balance.hpp"
#include "core/units.hpp"

namespace margind::core {

// At the level where a liquidation ends.
template <class N>
struct ContractLiquidationRule {
    RateOf<N> fees;           // of the value of the lots moved
    RateOf<N> profit_fee;     // of the profit taken over
    RateOf<N> owned_weight;   // of a long position's value
    RateOf<N> owed_weight;    // of a short position's
    RateOf<N> profit_weight;  // of a positive risk pnl
};

// What is to be liquidated. Amounts in the settlement asset; health in the valuation currency.
template <class N>
struct LiquidatedContract {
    QuantityOf<N> quantity;  // one raw unit is one lot
    ValueOf<N> lot_value;    // of one raw unit, above zero
    MoneyOf<N> cash;         // the position's own
    MoneyOf<N> risk_pnl;
    MoneyOf<N> balance;                 // of the settlement asset
    MoneyOf<N> balance_with_contracts;  // and with all contracts settled in it, profits weighted
    MoneyOf<N> health;
};

// The liquidator's limits: the signed quantity by which to reduce (nothing if it is of the other
// sign than the position), and the profit to take over (not below zero).
template <class N>
struct LiquidatorLimits {
    QuantityOf<N> quantity;
    MoneyOf<N> profit;
};

namespace detail {

template <class N>
class ContractLiquidation {
  public:
    ContractLiquidation(const ContractLiquidationRule<N>& rule, const SidedWeights<N>& settlement,
                        const LiquidatedContract<N>& start, const LiquidatorLimits<N>& limits)
        : rule_(rule),
          settlement_(settlement),
          now_(start),
          profit_left_(limits.profit),
          rest_(worth_of(start.health) - worth(settlement, start.balance_with_contracts)) {
        const QuantityOf<N> none;
        const bool same_side = (start.quantity >= none) == (limits.quantity >= none);
        const QuantityOf<N> held = magnitude(start.quantity);
        const QuantityOf<N> asked = same_side ? magnitude(limits.quantity) : none;
        lots_left_ = held < asked ? held : asked;
    }

    LiquidatedContract<N> run() {
        if (now_.risk_pnl < MoneyOf<N>{}) {
            reduce_for(cure(-now_.risk_pnl));
        }
        take_over();
        if (takeover_gain().raw() > 0) {
            const RateOf<N> kept = rate_one<N>() - rule_.profit_fee;
            reduce_for(whole(cure(product(profit_left_, kept, Rounding::down)), kept));
            take_over();
        }
        if (rule_.profit_weight.raw() > 0) {
            const MoneyOf<N> most = round_down(lots_value(lots_left_) * lot_gain());
            reduce_for(
                whole(cure(product(most, rule_.profit_weight, Rounding::up)), rule_.profit_weight));
        }
        return now_;
    }

  private:
    using Wide = typename N::WideRaw;

    static WeightedValueOf<N> worth_of(const MoneyOf<N>& amount) {
        return value_of(amount) * rate_one<N>();
    }
    static MoneyOf<N> lesser(const MoneyOf<N>& a, const MoneyOf<N>& b) { return b < a ? b : a; }
    // The amount of which `part` is `rate`, rounded up. Requires: rate above zero.
    static MoneyOf<N> whole(const MoneyOf<N>& part, const RateOf<N>& rate) {
        return MoneyOf<N>::from_raw(
            N::narrow(div_ceil<Wide>(Wide(part.wide() * N::scale()), rate.wide())));
    }

    WeightedValueOf<N> health() const {
        return rest_ + worth(settlement_, now_.balance_with_contracts);
    }
    // What the balance must gain for health to be zero; at most `most`.
    MoneyOf<N> cure(const MoneyOf<N>& most) const {
        return health().raw() >= 0
                   ? MoneyOf<N>{}
                   : amount_to_gain(settlement_, now_.balance_with_contracts, -health(), most);
    }
    RateOf<N> takeover_gain() const {
        return rate_one<N>() - rule_.profit_fee - rule_.profit_weight;
    }
    bool is_long() const { return now_.quantity.raw() > 0; }
    // Risk pnl per value of the lots moved.
    RateOf<N> lot_gain() const {
        return is_long() ? rate_one<N>() - rule_.fees - rule_.owned_weight
                         : rule_.owed_weight - rate_one<N>() - rule_.fees;
    }
    ValueOf<N> lots_value(const QuantityOf<N>& lots) const {
        return ValueOf<N>::from_raw(now_.lot_value.raw() * lots.wide());
    }
    MoneyOf<N> counted(const MoneyOf<N>& risk_pnl) const {
        return risk_pnl.raw() > 0 ? product(risk_pnl, rule_.profit_weight, Rounding::down)
                                  : risk_pnl;
    }
    void set_risk_pnl(const MoneyOf<N>& risk_pnl) {
        now_.balance_with_contracts =
            now_.balance_with_contracts - counted(now_.risk_pnl) + counted(risk_pnl);
        now_.risk_pnl = risk_pnl;
    }

    // Moves as many lots as raise the risk pnl by `wanted`.
    void reduce_for(const MoneyOf<N>& wanted) {
        const WeightedValueOf<N> gain = now_.lot_value * lot_gain();
        if (wanted.raw() <= 0 || gain.raw() <= 0) {
            return;
        }
        const Wide needed = div_ceil<Wide>(worth_of(wanted).raw(), gain.raw());
        const QuantityOf<N> lots =
            needed < lots_left_.wide() ? QuantityOf<N>::from_raw(N::narrow(needed)) : lots_left_;
        const RateOf<N> paid = is_long() ? rate_one<N>() - rule_.fees : -rate_one<N>() - rule_.fees;
        now_.cash = now_.cash + round_down(lots_value(lots) * paid);
        set_risk_pnl(now_.risk_pnl + round_down(lots_value(lots) * lot_gain()));
        now_.quantity = is_long() ? now_.quantity - lots : now_.quantity + lots;
        lots_left_ = lots_left_ - lots;
        now_.health = round_down(health());
    }

    void take_over() {
        const RateOf<N> gain = takeover_gain();
        const MoneyOf<N> most = lesser(now_.risk_pnl, profit_left_);
        if (most.raw() <= 0 || gain.raw() <= 0) {
            return;
        }
        const MoneyOf<N> wanted = cure(product(most, gain, Rounding::up));
        const MoneyOf<N> taken = lesser(whole(wanted, gain), most);
        const MoneyOf<N> received =
            product(taken, rate_one<N>() - rule_.profit_fee, Rounding::down);
        now_.balance = now_.balance + received;
        now_.balance_with_contracts = now_.balance_with_contracts + received;
        now_.cash = now_.cash - taken;
        set_risk_pnl(now_.risk_pnl - taken);
        profit_left_ = profit_left_ - taken;
        now_.health = round_down(health());
    }

    const ContractLiquidationRule<N>& rule_;
    const SidedWeights<N>& settlement_;
    LiquidatedContract<N> now_;
    QuantityOf<N> lots_left_;
    MoneyOf<N> profit_left_;
    WeightedValueOf<N> rest_;  // health without the settlement asset
};

}  // namespace detail

// The contract and the account after the steps above.
template <class N>
LiquidatedContract<N> liquidate_contract(const ContractLiquidationRule<N>& rule,
                                         const SidedWeights<N>& settlement,
                                         const LiquidatedContract<N>& start,
                                         const LiquidatorLimits<N>& limits) {
    return detail::ContractLiquidation<N>(rule, settlement, start, limits).run();
}

}  // namespace margind::core
