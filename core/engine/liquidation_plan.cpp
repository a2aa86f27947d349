#include "core/engine/liquidation_plan.hpp"

#include <algorithm>

#include "core/engine/ladder.hpp"
#include "core/limits.hpp"

namespace margind::core {
namespace {

// What closing a position releases in maintenance margin, and what it costs.
struct Release {
    Money margin;
    Money cost;

    // More margin for each unit lost; then more margin.
    bool better_than(const Release& other) const noexcept {
        const Int128 a = margin.wide() * other.cost.wide();
        const Int128 b = other.margin.wide() * cost.wide();
        return a != b ? a > b : margin > other.margin;
    }
};

// The account as it would be after some of its positions were closed; lives on the stack.
class Hypothetical {
  public:
    Hypothetical(const AccountView& account, const MarketView& market,
                 const RiskParameters& parameters) noexcept
        : market_(market),
          parameters_(parameters),
          balance_count_(account.balances.size()),
          position_count_(account.positions.size()) {
        std::copy(account.balances.begin(), account.balances.end(), balances_.begin());
        std::copy(account.positions.begin(), account.positions.end(), positions_.begin());
    }

    std::size_t position_count() const noexcept { return position_count_; }
    const PositionRow& position(std::size_t p) const noexcept { return positions_[p]; }
    AccountView view() const noexcept {
        return {{balances_.data(), balance_count_}, {positions_.data(), position_count_}};
    }

    // Fee for closing `quantity` of position p at the mark, rounded up.
    Money fee(std::size_t p, Quantity quantity) const noexcept {
        const PositionRow& row = positions_[p];
        const InstrumentRow& instrument = market_.instruments[row.instrument.index()];
        const Rate rate = parameters_.instruments[row.instrument.index()].liquidation_fee;
        return round_up(magnitude(instrument.scale.value(instrument.mark, quantity)) * rate);
    }

    // Closes `quantity` (a magnitude) of position p at the mark: gain and fee go to the balance.
    void close(std::size_t p, Quantity quantity) noexcept {
        PositionRow& row = positions_[p];
        const InstrumentRow& instrument = market_.instruments[row.instrument.index()];
        const Quantity closed = row.quantity.raw() < 0 ? -quantity : quantity;
        BalanceRow& balance = balances_[row.balance];
        balance.amount =
            balance.amount +
            round_down(instrument.scale.gain(row.entry_price, instrument.mark, closed)) -
            fee(p, quantity);
        row.quantity = row.quantity - closed;
    }

    Release release(std::size_t p) const noexcept {
        const PositionRow& row = positions_[p];
        const PositionFigures<Ledger> figures =
            position_figures(view(), static_cast<std::uint32_t>(p),
                             market_.instruments[row.instrument.index()], MarginLevel::maintenance);
        return {round_up(figures.requirement), fee(p, magnitude(row.quantity))};
    }

    bool restored() const noexcept {
        LevelSet target;
        target.add(parameters_.ladder.target_of);
        return meets(evaluate(view(), market_, target), parameters_.ladder.liquidation_target,
                     parameters_.ladder.target_of);
    }
    bool restored_after(std::size_t p, Quantity quantity) const noexcept {
        Hypothetical after = *this;
        after.close(p, quantity);
        return after.restored();
    }

    // The least number of lots (the whole position as the last resort) that restores the account.
    // Requires: closing the whole position does. More closed is never worse than less as long as
    // the fee is below the margin released; where it is not, the search still ends on a quantity
    // that restores.
    Quantity least(std::size_t p) const noexcept {
        const std::int64_t whole = magnitude(positions_[p].quantity).raw();
        const std::int64_t lot =
            parameters_.instruments[positions_[p].instrument.index()].lot.raw();
        std::int64_t enough = whole / lot + 1;  // in lots; stands for the whole position
        std::int64_t too_few = 0;
        while (enough - too_few > 1) {
            const std::int64_t middle = too_few + (enough - too_few) / 2;
            (restored_after(p, Quantity::from_raw(middle * lot)) ? enough : too_few) = middle;
        }
        return Quantity::from_raw(std::min(enough > whole / lot ? whole : enough * lot, whole));
    }

  private:
    MarketView market_;
    const RiskParameters& parameters_;
    std::array<BalanceRow, kMaxBalancesPerAccount> balances_;
    std::array<PositionRow, kMaxPositionsPerAccount> positions_;
    std::size_t balance_count_;
    std::size_t position_count_;
};

}  // namespace

Price bankruptcy_price(const PositionRow& position, const Evaluation& evaluation,
                       const MarketView& market, AssetId quote) noexcept {
    const InstrumentRow& instrument = market.instruments[position.instrument.index()];
    const AssetRow& asset = market.assets[quote.index()];
    // How much a gain counts depends on whether the balance it meets is owned or owed; the answer
    // must hold for both, so the nearer price is given: the larger weight while something is left.
    const Rate weight = evaluation.equity.raw() >= 0
                            ? asset.liability_weight[MarginLevel::maintenance]
                            : asset.asset_weight[MarginLevel::maintenance];
    if (weight.raw() == 0) return {};
    // Equity at 1e-16 of the quote asset, rounded down; per unit of quantity, that is the distance.
    const Int128 unweighted = div_floor(Int128{evaluation.equity.raw()} * kScale, weight.raw());
    const Int128 equity = div_floor(unweighted * kScale, asset.price.raw()) * kScale;
    const Int128 step = Int128{magnitude(position.quantity).raw()} * instrument.scale.factor();
    Int128 distance = equity / step;                   // towards zero ...
    if (equity < 0 && equity % step != 0) --distance;  // ... but down for a negative equity
    const Int128 price = position.quantity.raw() > 0 ? instrument.mark.raw() - distance
                                                     : instrument.mark.raw() + distance;
    return price > 0 ? Price::from_raw(saturate_to_int64(price)) : Price{};
}

LiquidationPlan plan_liquidation(const AccountView& account, const MarketView& market,
                                 const RiskParameters& parameters) noexcept {
    LiquidationPlan plan;
    const Evaluation now = evaluate(account, market);
    Hypothetical rest(account, market, parameters);
    std::array<bool, kMaxPositionsPerAccount> done{};
    while (!rest.restored()) {
        std::size_t best = rest.position_count();
        Release most{Money::from_raw(-1), Money{}};
        for (std::size_t p = 0; p < rest.position_count(); ++p) {
            if (done[p]) continue;
            const Release release = rest.release(p);
            if (best == rest.position_count() || release.better_than(most)) {
                best = p;
                most = release;
            }
        }
        if (best == rest.position_count()) break;  // everything is closed: bankrupt
        if (plan.size == kMaxPlanSteps) {
            plan.complete = false;
            break;
        }
        const PositionRow row = rest.position(best);
        const Quantity whole = magnitude(row.quantity);
        const Quantity quantity = rest.restored_after(best, whole) ? rest.least(best) : whole;
        plan.steps[plan.size++] = {
            .instrument = row.instrument,
            .side = row.quantity.raw() > 0 ? Side::sell : Side::buy,
            .quantity = quantity,
            .bankruptcy_price = bankruptcy_price(
                row, now, market, parameters.instruments[row.instrument.index()].quote),
            .incentive = rest.fee(best, quantity)};
        rest.close(best, quantity);
        done[best] = true;
    }
    return plan;
}

}  // namespace margind::core
