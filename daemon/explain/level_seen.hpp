// Everything that an evaluation of one account at one level adds up, as it was seen doing so.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/margin/evaluate.hpp"

namespace margind::daemon {

// A term of a position's requirement: see core::RequirementTerm.
struct TermSeen {
    core::RequirementTerm kind;
    std::uint32_t index = 0;
    core::Value of;
    core::Rate rate;
    core::WeightedValue amount;
};

// What the position is with all bids, or all asks, filled.
struct OutcomesSeen {
    core::PositionFigures<core::Ledger> bought;
    core::PositionFigures<core::Ledger> sold;
};

struct PositionSeen {
    static constexpr bool kWanted = true;
    void add(core::RequirementTerm kind, std::uint32_t index, const core::Value& of,
             const core::Rate& rate, const core::WeightedValue& amount) {
        terms.push_back({kind, index, of, rate, amount});
    }
    void outcomes(const core::PositionFigures<core::Ledger>& bought,
                  const core::PositionFigures<core::Ledger>& sold) {
        both_outcomes = OutcomesSeen{bought, sold};
    }

    std::vector<TermSeen> terms;
    std::optional<OutcomesSeen> both_outcomes;
    core::PositionFigures<core::Ledger> figures;
    core::Value settled;                       // what its settlement balance gets of the gain
    std::optional<core::WeightedValue> apart;  // or what it adds to equity itself
    core::WeightedValue buffer;                // the close-out buffer on its notional
};

struct BalanceSeen {
    core::BalanceFigures<core::Ledger> figures;
    core::WeightedValue required_there;  // by the positions that settle in the asset, in it
    core::WeightedValue required;        // in the valuation currency
};

class LevelSeen : public core::NoObserver<core::Ledger> {
  public:
    LevelSeen(const core::AccountView& account, const core::MarketView& market,
              core::MarginLevel of)
        : level(of), positions(account.positions.size()), balances(account.balances.size()) {
        figures = core::evaluate_level(account, market, of, *this);
    }

    // For the evaluation.
    PositionSeen& terms(std::uint32_t p) { return positions[p]; }
    void position(std::uint32_t p, const core::PositionFigures<core::Ledger>& f) {
        positions[p].figures = f;
    }
    void buffered(std::uint32_t p, const core::WeightedValue& v) { positions[p].buffer = v; }
    void settled(std::uint32_t p, const core::Value& gain) { positions[p].settled = gain; }
    void apart(std::uint32_t p, const core::WeightedValue& v) { positions[p].apart = v; }
    void required(std::uint32_t b, const core::WeightedValue& there, const core::WeightedValue& v) {
        balances[b].required_there = there;
        balances[b].required = v;
    }
    void balance(std::uint32_t b, const core::BalanceFigures<core::Ledger>& f) {
        balances[b].figures = f;
    }
    void buffer(const core::LevelSums<core::Ledger>& added) {
        buffers.equity += added.equity;
        buffers.requirement += added.requirement;
    }

    void keeper_reward(const core::Money& reward) { keeper = reward; }

    core::MarginLevel level;
    core::LevelFigures figures;
    std::vector<PositionSeen> positions;
    std::vector<BalanceSeen> balances;
    core::LevelSums<core::Ledger> buffers;
    core::Money keeper;
};

}  // namespace margind::daemon
