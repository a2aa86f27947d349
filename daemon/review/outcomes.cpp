#include "daemon/review/outcomes.hpp"

#include <algorithm>
#include <tuple>

#include "core/margin/requirement.hpp"

namespace margind::daemon {
namespace {

std::size_t position_of(core::EventKind kind) {
    const auto found = std::find(kOutcomeKinds.begin(), kOutcomeKinds.end(), kind);
    return static_cast<std::size_t>(found - kOutcomeKinds.begin());
}

const core::PositionTerms& terms_of(const core::InstrumentRow& row) {
    static const core::PositionTerms kNone;
    return row.terms == nullptr ? kNone : *row.terms;
}

// Of an amount of an asset that is owed or required, so rounded up.
core::Int128 in_currency(core::Int128 money, core::UnitPrice price) {
    return core::div_ceil<core::Int128>(money * price.raw(), core::kScale);
}

core::Int128 value_of_step(const core::PlanStep& step, const core::Engine& engine) {
    const core::MarketView view = engine.market().view();
    if (step.action == core::PlanAction::repay_debt) {
        return in_currency(step.repaid.raw(), view.assets[step.debt.index()].price);
    }
    const core::InstrumentRow& row = view.instruments[step.instrument.index()];
    const core::Instrument& instrument = engine.parameters().instruments[step.instrument.index()];
    const core::Value notional =
        core::margin_detail::notional_of(row, terms_of(row), row.mark, step.quantity);
    const core::AssetId asset = core::settlement_asset(instrument);
    return in_currency(core::round_up(notional).raw(), view.assets[asset.index()].price);
}

core::Money value_of_plan(const core::AccountEvent& event, const core::Engine& engine) {
    core::Int128 sum = 0;
    for (std::size_t s = 0; s < event.plan_steps; ++s) sum += value_of_step(event.plan[s], engine);
    return core::Money::from_raw(core::saturate_to_int64(sum));
}

void add(SideTotals& totals, const std::vector<Outcome>& outcomes) {
    if (outcomes.empty()) return;
    const Outcome& first = outcomes.front();
    ++totals.accounts;
    totals.events += outcomes.size();
    totals.shortfall += first.shortfall.raw();
    totals.to_close += first.to_close.raw();
    totals.below_zero -= std::min<std::int64_t>(first.equity.raw(), 0);
}

void compare_account(const core::AccountKey& key, const OutcomesByKind& recorded,
                     const OutcomesByKind& other, Comparison& out) {
    for (std::size_t k = 0; k < kOutcomeKinds.size(); ++k) {
        KindComparison& kind = out.kinds[k];
        add(kind.recorded, recorded[k]);
        add(kind.other, other[k]);
        OutcomePair pair{.key = key, .kind = kOutcomeKinds[k], .recorded = {}, .other = {}};
        if (!recorded[k].empty()) pair.recorded = recorded[k].front();
        if (!other[k].empty()) pair.other = other[k].front();
        if (!pair.recorded && !pair.other) continue;
        if (!pair.other) {
            ++kind.only_recorded;
        } else if (!pair.recorded) {
            ++kind.only_other;
        } else if (pair.recorded->input_seq == pair.other->input_seq) {
            ++kind.same_time;
            continue;
        } else {
            ++kind.moved;
            kind.earliest = std::min(kind.earliest, pair.shift());
            kind.latest = std::max(kind.latest, pair.shift());
        }
        out.differences.push_back(std::move(pair));
    }
}

// What is at stake: the larger side's amount to close, or of a margin call what is due.
std::int64_t stake(const OutcomePair& pair) {
    const auto of = [](const std::optional<Outcome>& outcome) {
        if (!outcome) return std::int64_t{0};
        return std::max(outcome->to_close.raw(), outcome->shortfall.raw());
    };
    return std::max(of(pair.recorded), of(pair.other));
}

}  // namespace

void Outcomes::take(const core::Event& event, const core::Engine& engine) {
    const std::size_t kind = position_of(event.kind);
    if (kind == kOutcomeKinds.size()) return;
    const core::AccountEvent& account = event.account;
    Outcome outcome{.event_seq = event.event_seq,
                    .input_seq = event.input_seq,
                    .time = event.engine_time,
                    .equity = account.equity,
                    .maintenance_margin = account.maintenance_margin,
                    .shortfall = account.shortfall,
                    .health = account.health_factor,
                    .to_close = value_of_plan(account, engine),
                    .cause = account.cause.kind,
                    .instrument = {},
                    .rate = {},
                    .binding = core::RateTerm::floor};
    if (account.cause.instrument.valid()) {
        const core::InstrumentStatus& status = engine.market().status(account.cause.instrument);
        outcome.instrument = engine.parameters().instruments[account.cause.instrument.index()].name;
        outcome.rate = status.maintenance_rate;
        outcome.binding = status.binding_maintenance;
    }
    accounts_[account.key][kind].push_back(std::move(outcome));
}

Comparison compare(const Outcomes& recorded, const Outcomes& other) {
    static const OutcomesByKind kNone;
    Comparison out;
    for (const auto& [key, outcomes] : recorded.accounts()) {
        const auto found = other.accounts().find(key);
        compare_account(key, outcomes, found == other.accounts().end() ? kNone : found->second,
                        out);
    }
    for (const auto& [key, outcomes] : other.accounts()) {
        if (!recorded.accounts().contains(key)) compare_account(key, kNone, outcomes, out);
    }
    std::sort(out.differences.begin(), out.differences.end(),
              [](const OutcomePair& a, const OutcomePair& b) {
                  return std::tuple(b.kind, stake(b), a.key, a.any().input_seq) <
                         std::tuple(a.kind, stake(a), b.key, b.any().input_seq);
              });
    return out;
}

}  // namespace margind::daemon
