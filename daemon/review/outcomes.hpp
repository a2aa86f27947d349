// What a run did to accounts: every margin call, liquidation and bankruptcy, with its money. Two
// runs over the same inputs can be compared.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "core/units.hpp"

namespace margind::daemon {

inline constexpr std::array kOutcomeKinds = {
    core::EventKind::margin_call, core::EventKind::liquidation, core::EventKind::bankruptcy};

// One account crossing one line. Money in the valuation currency.
struct Outcome {
    std::uint64_t event_seq = 0;
    std::uint64_t input_seq = 0;
    core::Timestamp time;  // engine time
    core::Money equity;
    core::Money maintenance_margin;
    core::Money shortfall;
    core::HealthFactor health;
    core::Money to_close;  // notional the plan closes and debt it repays, at marks; margin call: 0
    core::CauseKind cause = core::CauseKind::price;
    std::string instrument;  // of the cause; empty: none
    core::Rate rate;         // maintenance rate of its first tier
    core::RateTerm binding = core::RateTerm::floor;
};

using OutcomesByKind = std::array<std::vector<Outcome>, kOutcomeKinds.size()>;

class Outcomes {
  public:
    // Takes the event if it is an outcome. Requires: `engine` stands behind the event's input.
    void take(const core::Event& event, const core::Engine& engine);

    const std::map<core::AccountKey, OutcomesByKind>& accounts() const { return accounts_; }

  private:
    std::map<core::AccountKey, OutcomesByKind> accounts_;
};

// The first outcome of a kind of one account as recorded, beside its first with the other
// configuration; one of them may be missing. An account at the edge crosses it again and again:
// what matters is whether and when it came there, and what was at stake then.
struct OutcomePair {
    core::AccountKey key;
    core::EventKind kind = core::EventKind::margin_call;
    std::optional<Outcome> recorded;
    std::optional<Outcome> other;

    // Requires: both are there.
    core::Duration shift() const { return other->time - recorded->time; }
    const Outcome& any() const { return recorded ? *recorded : *other; }
};

struct SideTotals {
    std::uint64_t accounts = 0;
    std::uint64_t events = 0;    // repeats included
    core::Int128 shortfall = 0;  // sums of Money, raw, of each account's first
    core::Int128 to_close = 0;
    core::Int128 below_zero = 0;  // what equity is below zero
};

struct KindComparison {
    SideTotals recorded;
    SideTotals other;
    // Accounts, by their first:
    std::uint64_t same_time = 0;  // at the same input
    std::uint64_t moved = 0;
    std::uint64_t only_recorded = 0;
    std::uint64_t only_other = 0;
    core::Duration earliest;  // shift of a moved one: how much sooner the other configuration is
    core::Duration latest;    // and how much later; zero: none is
};

struct Comparison {
    std::array<KindComparison, kOutcomeKinds.size()> kinds;
    // All that is not at the same input on both sides: worst kind first, then by money.
    std::vector<OutcomePair> differences;
};

// Cost: linear in the outcomes, and a sort of the differences.
Comparison compare(const Outcomes& recorded, const Outcomes& other);

}  // namespace margind::daemon
