#include "core/engine/liquidation_plan.hpp"

#include <algorithm>
#include <optional>

#include "core/engine/hypothetical.hpp"
#include "core/engine/plan_prices.hpp"
#include "core/limits.hpp"
#include "core/margin/lending.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/liquidation_window.hpp"

namespace margind::core {
namespace {

// A step that could come next, taken as far as it may go.
struct Candidate {
    PlanAction action = PlanAction::close_position;
    std::size_t index = 0;       // of the position, or of the balance that is owed
    std::size_t collateral = 0;  // repay: of the balance that pays
    std::int64_t most = 0;       // lots (one more than there are whole ones: all of it), or money
    bool limited = false;        // the venue allows no more in this round
    Money released = {};
    Money cost = {};

    bool better_than(const Candidate& other) const noexcept {
        const Int128 a = released.wide() * other.cost.raw();
        const Int128 b = other.released.wide() * cost.raw();
        return a != b ? a > b : released > other.released;
    }
};

// The room at which a plan ends: none missing, or as much as may not be cured yet. What the account
// was relieved of before is not known: the share is of what is short now.
Int128 end_of_round(const Hypothetical& account, const RiskParameters& parameters,
                    Duration in_liquidation) noexcept {
    const Int128 room = account.room();
    if (!parameters.liquidation_ramp || room >= 0) return 0;
    const Money shortage = account.shortage();
    const Rate share = liquidation_share<Ledger>(*parameters.liquidation_ramp, shortage, Money{},
                                                 in_liquidation.ns());
    return div_ceil(room * (kRateOne - share).raw(), kScale);
}

class Planner {
  public:
    Planner(const AccountView& account, const MarketView& market, const RiskParameters& parameters,
            Duration in_liquidation) noexcept
        : rest_(account, market, parameters, in_liquidation),
          now_(rest_),
          end_(end_of_round(rest_, parameters, in_liquidation)) {}

    LiquidationPlan run() noexcept {
        while (!ended(rest_)) {
            const std::optional<Candidate> best = choose();
            if (!best) break;  // everything that may be done is in the plan
            if (plan_.size == kMaxPlanSteps) {
                plan_.complete = false;
                break;
            }
            take(*best);
        }
        // Limited to a part, by steps or by time: more may follow.
        const bool partly = limited_ || (end_ < 0 && ended(rest_));
        if (partly && rest_.room() < 0) plan_.complete = false;
        return plan_;
    }

  private:
    bool ended(const Hypothetical& account) const noexcept { return account.room() >= end_; }

    std::optional<Candidate> choose() const noexcept {
        std::optional<Candidate> best;
        const auto consider = [&](Candidate candidate) {
            if (candidate.most == 0) return;
            weigh(candidate);
            if (!best || candidate.better_than(*best)) best = candidate;
        };
        for (std::size_t p = 0; p < rest_.position_count(); ++p) {
            if (!position_done_[p]) consider(whole_position(p));
        }
        for (std::size_t b = 0; b < rest_.balance_count(); ++b) {
            if (rest_.balance(b).amount.raw() >= 0 || debt_done_[b]) continue;
            for (std::size_t c = 0; c < rest_.balance_count(); ++c) {
                if (rest_.balance(c).amount.raw() > 0) consider(whole_debt(c, b));
            }
        }
        return best;
    }

    std::int64_t lot(std::size_t p) const noexcept { return rest_.instrument(p).lot.raw(); }

    Candidate whole_position(std::size_t p) const noexcept {
        const PositionRow& row = rest_.position(p);
        const std::int64_t size = magnitude(row.quantity).raw();
        Candidate candidate;
        candidate.index = p;
        candidate.most = size == 0 ? 0 : size / lot(p) + 1;
        if (size == 0) return candidate;
        const Quantity allowed = std::min(allowed_by_notional(p), allowed_by_window(p));
        if (allowed.raw() >= size) return candidate;
        candidate.most = std::max<std::int64_t>(allowed.raw() / lot(p), 1);
        candidate.limited = true;
        return candidate;
    }

    // What one round may close of position p, as a magnitude: by its notional, ...
    Quantity allowed_by_notional(std::size_t p) const noexcept {
        const LiquidationLimits<Ledger>& limits = rest_.instrument(p).liquidation_limits;
        const Quantity size = rest_.position(p).quantity;
        if (limits.max_portion.raw() == 0) return magnitude(size);
        return magnitude(liquidation_quantity(
            limits, rest_.row_of(p).scale, rest_.row_of(p).mark, size, rest_.instrument(p).lot,
            rest_.instrument(p).rules.terms.rounding.notional_step));
    }
    // ... and by what the market may close in a window. Not all of it is left where others are
    // being liquidated too: who trades is told by the venue, not by the engine.
    Quantity allowed_by_window(std::size_t p) const noexcept {
        const LiquidationCapacity<Ledger>& capacity = rest_.instrument(p).liquidation_capacity;
        if (capacity.skew_scale.raw() == 0) return magnitude(rest_.position(p).quantity);
        return capacity_per_window(capacity);
    }

    Candidate whole_debt(std::size_t c, std::size_t b) const noexcept {
        Candidate candidate;
        candidate.action = PlanAction::repay_debt;
        candidate.index = b;
        candidate.collateral = c;
        const Evaluation evaluation = rest_.evaluation();
        const LendingHealth<Ledger> health{.collateral = value_of(evaluation.equity) * kRateOne,
                                           .debt = value_of(evaluation.maintenance_margin)};
        const Money owed = -rest_.balance(b).amount;
        const Money most =
            closable<Ledger>(rest_.asset(c).liquidation.close, health,
                             {rest_.balance(c).amount, rest_.price(c)}, {owed, rest_.price(b)});
        candidate.most = rest_.swap(c, b, most).cover.raw();
        candidate.limited = most < owed;
        return candidate;
    }

    Quantity quantity(std::size_t p, std::int64_t lots) const noexcept {
        const std::int64_t size = magnitude(rest_.position(p).quantity).raw();
        return Quantity::from_raw(lots > size / lot(p) ? size : lots * lot(p));
    }

    // `rest` after `amount` (lots or money) of the candidate.
    void apply(const Candidate& candidate, std::int64_t amount, Hypothetical& rest) const noexcept {
        if (candidate.action == PlanAction::close_position) {
            rest.close(candidate.index, quantity(candidate.index, amount));
        } else {
            rest.repay(candidate.collateral, candidate.index, Money::from_raw(amount));
        }
    }
    Hypothetical after(const Candidate& candidate, std::int64_t amount) const noexcept {
        Hypothetical rest = rest_;
        apply(candidate, amount, rest);
        return rest;
    }

    // What the step releases, and what it costs.
    void weigh(Candidate& candidate) const noexcept {
        const Int128 gained = after(candidate, candidate.most).room() - rest_.room();
        if (candidate.action == PlanAction::close_position) {
            const Quantity size = quantity(candidate.index, candidate.most);
            candidate.cost =
                rest_.fee(candidate.index, size, rest_.liquidation_fee(candidate.index)) +
                rest_.fee(candidate.index, size, rest_.insurance_fee(candidate.index));
        } else {
            candidate.cost = bonus(candidate, Money::from_raw(candidate.most));
        }
        candidate.released =
            Money::from_raw(saturate_to_int64(gained / kScale + candidate.cost.raw()));
    }

    // What the collateral given for `amount` of the debt is worth above it.
    Money bonus(const Candidate& candidate, Money amount) const noexcept {
        const LendingLiquidation<Ledger> swap =
            rest_.swap(candidate.collateral, candidate.index, amount);
        return std::max(Money{}, round_up(swap.seized * rest_.price(candidate.collateral) -
                                          swap.cover * rest_.price(candidate.index)));
    }

    // The least amount that restores the account. Requires: the most does. More is never worse than
    // less as long as the cost is below what is released; where it is not, the search still ends on
    // an amount that restores.
    std::int64_t least(const Candidate& candidate) const noexcept {
        std::int64_t enough = candidate.most;
        std::int64_t too_little = 0;
        while (enough - too_little > 1) {
            const std::int64_t middle = too_little + (enough - too_little) / 2;
            (ended(after(candidate, middle)) ? enough : too_little) = middle;
        }
        return enough;
    }

    void take(const Candidate& candidate) noexcept {
        const bool last = ended(after(candidate, candidate.most));
        const std::int64_t amount = last ? least(candidate) : candidate.most;
        PlanStep& step = plan_.steps[plan_.size++];
        step = {};
        step.action = candidate.action;
        if (candidate.action == PlanAction::close_position) {
            describe_close(candidate.index, quantity(candidate.index, amount), step);
            position_done_[candidate.index] = true;
        } else {
            describe_repay(candidate, Money::from_raw(amount), step);
            debt_done_[candidate.index] = candidate.limited;
        }
        limited_ = limited_ || candidate.limited;
        apply(candidate, amount, rest_);
    }

    void describe_close(std::size_t p, Quantity size, PlanStep& step) const noexcept {
        const PositionRow& row = rest_.position(p);
        step.instrument = row.instrument;
        step.side = row.quantity.raw() > 0 ? Side::sell : Side::buy;
        step.quantity = size;
        step.limit_price = limit_price(now_, p);
        step.bankruptcy_price = bankruptcy_price(now_, p);
        step.incentive = rest_.fee(p, size, rest_.liquidation_fee(p));
        step.insurance_fee = rest_.fee(p, size, rest_.insurance_fee(p));
    }

    void describe_repay(const Candidate& candidate, Money amount, PlanStep& step) const noexcept {
        const LendingLiquidation<Ledger> swap =
            rest_.swap(candidate.collateral, candidate.index, amount);
        step.debt = rest_.balance(candidate.index).asset;
        step.repaid = swap.cover;
        step.collateral = rest_.balance(candidate.collateral).asset;
        step.seized = swap.seized;
        step.incentive = bonus(candidate, amount);
    }

    Hypothetical rest_;
    const Hypothetical now_;  // before any step, orders cancelled
    const Int128 end_;        // the room that is enough for now
    std::array<bool, kMaxPositionsPerAccount> position_done_{};
    std::array<bool, kMaxBalancesPerAccount> debt_done_{};
    bool limited_ = false;
    LiquidationPlan plan_;
};

}  // namespace

Price bankruptcy_price(const AccountView& account, std::size_t position, const MarketView& market,
                       const RiskParameters& parameters) noexcept {
    const Hypothetical now(account, market, parameters);
    return bankruptcy_price(now, position);
}

LiquidationPlan plan_liquidation(const AccountView& account, const MarketView& market,
                                 const RiskParameters& parameters,
                                 Duration in_liquidation) noexcept {
    return Planner(account, market, parameters, in_liquidation).run();
}

}  // namespace margind::core
