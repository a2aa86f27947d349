// What the engine says: events of the last input, and reports.
#include <utility>

#include "core/engine/engine.hpp"
#include "core/engine/engine_implementation.hpp"
#include "core/engine/ladder.hpp"
#include "core/engine/state_hash.hpp"

namespace margind::core {

bool Engine::Implementation::next_event(Event& event) noexcept {
    if (before_sent_ < before_.size()) {
        event = before_[before_sent_++];
    } else if (market_events_sent_ < market_.events().size()) {
        event = market_.events()[market_events_sent_++];
    } else if (transitions_sent_ < transitions_.size()) {
        describe(transitions_[transitions_sent_++], event);
    } else if (after_sent_ < after_.size()) {
        event = after_[after_sent_++];
        if (event.kind == EventKind::clock) event.clock.state_hash = state_hash();
    } else {
        return false;
    }
    stamp(event);
    return true;
}

void Engine::Implementation::stamp(Event& event) noexcept {
    event.parameter_version = parameter_version_;
    event.event_seq = ++event_seq_;
    event.input_seq = input_.input_seq;
    event.engine_time = input_.engine_time;
    event.receive_time = input_.receive_time;
    event.exchange_time = input_.exchange_time;
    ++statistics_.events;
    ++statistics_.events_by_kind[static_cast<std::size_t>(event.kind)];
}

void Engine::Implementation::describe(const Transition& transition, Event& event) noexcept {
    const AccountView account = book_.view(transition.slot);
    const Evaluation evaluation = evaluate(account, market_.view());
    event.kind = event_of(transition.from, transition.to);
    event.account = AccountEvent{};
    AccountEvent& out = event.account;
    out.key = book_.key(transition.slot);
    out.slot = AccountSlot(standings_[transition.slot.index()].number);
    out.from = transition.from;
    out.to = transition.to;
    out.equity = evaluation.equity;
    out.initial_equity = evaluation.initial_equity;
    out.initial_margin = evaluation.initial_margin;
    out.maintenance_margin = evaluation.maintenance_margin;
    out.shortfall = shortfall(evaluation);
    out.health_factor = health_factor(evaluation);
    out.cause = causes_[transition.cause];
    out.parameters_hash = parameters_hash_;
    out.market_hash = market_hash(account, book_.factors(transition.slot), market_);
    out.account_hash = standings_[transition.slot.index()].account_hash;
    if (event.kind == EventKind::margin_call) {
        out.deadline = input_.engine_time + parameters_.ladder.margin_call_deadline;
    }
    if (event.kind == EventKind::liquidation || event.kind == EventKind::bankruptcy) {
        const LiquidationPlan plan = this->plan(transition.slot);
        out.plan = plan.steps;
        out.plan_steps = plan.size;
        out.plan_complete = plan.complete;
    }
}

LiquidationPlan Engine::Implementation::plan(AccountSlot slot) const noexcept {
    const Timestamp since = standings_[slot.index()].in_liquidation_since;
    return plan_liquidation(book_.view(slot), market_.view(), parameters_,
                            since.stated() ? input_.engine_time - since : Duration{});
}

AccountReport Engine::Implementation::report(AccountSlot slot) const noexcept {
    const Standing& standing = standings_[slot.index()];
    const AccountView account = book_.view(slot);
    AccountReport report;
    report.key = book_.key(slot);
    report.slot = AccountSlot(standing.number);
    report.state = standing.state;
    report.held = standing.held;
    report.priced = priced(account, market_.view());
    if (report.priced) report.evaluation = evaluate(account, market_.view());
    report.in_liquidation_since = standing.in_liquidation_since;
    report.as_of_input_seq = input_.input_seq;
    report.as_of = input_.engine_time;
    return report;
}

Engine::Engine(RiskParameters parameters, const EngineOptions& options)
    : implementation_(std::make_unique<Implementation>(std::move(parameters), options)) {}
Engine::~Engine() = default;

Refusal Engine::apply(const Input& input) noexcept {
    return implementation_->apply(input);
}
bool Engine::may_add_account(const Input& input) const noexcept {
    return implementation_->may_add_account(input);
}
void Engine::count_elsewhere(std::uint32_t accounts, std::uint32_t accounts_max) noexcept {
    implementation_->count_elsewhere(accounts, accounts_max);
}
Refusal Engine::check_leg(TransferLeg leg, const Input& input) noexcept {
    return implementation_->check_leg(leg, input);
}
Refusal Engine::apply_leg(TransferLeg leg, const Input& input, Refusal agreed) noexcept {
    return implementation_->apply_leg(leg, input, agreed);
}
bool Engine::next_event(Event& event) noexcept {
    return implementation_->next_event(event);
}
bool Engine::unsettled() const noexcept {
    return implementation_->unsettled();
}
void Engine::settle() noexcept {
    implementation_->settle();
}
bool Engine::has_events() const noexcept {
    return implementation_->has_events();
}
const RiskParameters& Engine::parameters() const noexcept {
    return implementation_->parameters();
}
const MarketStage& Engine::market() const noexcept {
    return implementation_->market();
}
EngineStatistics Engine::statistics() const noexcept {
    return implementation_->statistics();
}
std::uint64_t Engine::evaluations() const noexcept {
    return implementation_->evaluations();
}
std::uint32_t Engine::account_count() const noexcept {
    return implementation_->book().size();
}
bool Engine::save(StateSink& sink) const {
    return implementation_->save(sink);
}
bool Engine::can_save() const noexcept {
    return implementation_->can_save();
}
std::unique_ptr<Engine> Engine::restore(RiskParameters parameters, const EngineOptions& options,
                                        StateSource& source, std::string& problem) {
    auto engine = std::make_unique<Engine>(std::move(parameters), options);
    if (!engine->load(source, {}, problem)) return nullptr;
    return engine;
}
bool Engine::load(StateSource& source, const StatePart& part, std::string& problem) {
    return implementation_->load(source, part, problem);
}
std::uint64_t Engine::input_seq() const noexcept {
    return implementation_->input_seq();
}
std::uint64_t Engine::event_seq() const noexcept {
    return implementation_->event_seq();
}
Timestamp Engine::engine_time() const noexcept {
    return implementation_->engine_time();
}
std::uint64_t Engine::source_number(std::uint8_t origin) const noexcept {
    return implementation_->source_number(origin);
}
std::uint64_t Engine::accounts_hash() const noexcept {
    return implementation_->accounts_hash();
}
std::uint64_t Engine::state_hash() const noexcept {
    return implementation_->state_hash();
}
BandStatistics Engine::band_statistics() const noexcept {
    return implementation_->band_statistics();
}
bool Engine::audit(AccountSlot slot) const noexcept {
    return implementation_->audit(slot);
}
AccountReport Engine::report(AccountSlot slot) const noexcept {
    return implementation_->report(slot);
}
LiquidationPlan Engine::plan(AccountSlot slot) const noexcept {
    return implementation_->plan(slot);
}
std::optional<AccountSlot> Engine::find(const AccountKey& key) const noexcept {
    return implementation_->book().find(key);
}
AccountView Engine::view(AccountSlot slot) const noexcept {
    return implementation_->book().view(slot);
}
InstrumentId Engine::isolated_in(AccountSlot slot) const noexcept {
    return implementation_->book().isolated_in(slot);
}
LevelFigures Engine::refused_transfer() const noexcept {
    return implementation_->refused_transfer();
}

}  // namespace margind::core
