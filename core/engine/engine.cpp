#include "core/engine/engine.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "core/assert.hpp"
#include "core/engine/account_book.hpp"
#include "core/engine/holder_index.hpp"
#include "core/engine/ladder.hpp"
#include "core/engine/liquidation_plan.hpp"
#include "core/engine/parameter_change.hpp"
#include "core/engine/transfer.hpp"

namespace margind::core {
namespace {

constexpr Duration kClockInterval = Duration::from_seconds(1);

CauseKind cause_of(const MarketChange& change) {
    if (change.mark_moved || change.index_moved) return CauseKind::price;
    return change.rates_moved ? CauseKind::rate : CauseKind::hold_ended;
}

}  // namespace

class Engine::Implementation {
  public:
    explicit Implementation(RiskParameters parameters);

    Refusal apply(const Input& input) noexcept;
    bool next_event(Event& event) noexcept;
    bool has_events() const noexcept {
        return market_events_sent_ < market_.events().size() || before_sent_ < before_.size() ||
               transitions_sent_ < transitions_.size() || after_sent_ < after_.size();
    }

    const RiskParameters& parameters() const noexcept { return parameters_; }
    const MarketStage& market() const noexcept { return market_; }
    const AccountBook& book() const noexcept { return book_; }
    const LevelFigures& refused_transfer() const noexcept { return refused_transfer_; }
    EngineStatistics statistics() const noexcept {
        EngineStatistics copy = statistics_;
        copy.accounts = book_.size();
        return copy;
    }
    AccountReport report(AccountSlot slot) const noexcept;
    LiquidationPlan plan(AccountSlot slot) const noexcept;

  private:
    // What is remembered of an account between inputs.
    struct Standing {
        MarginState state = MarginState::healthy;
        bool held = false;
        bool unpriced = false;
        bool known_priced = false;       // what it holds has prices: true until its rows change
        std::uint64_t judged_at = 0;     // input_seq of the last judgement
        Timestamp in_liquidation_since;  // stated while in liquidation or bankrupt
    };
    // A crossing found by this input; its event is made when it is fetched.
    struct Transition {
        AccountSlot slot;
        MarginState from = MarginState::healthy;
        MarginState to = MarginState::healthy;
        std::uint32_t cause = 0;  // index into causes_
    };
    // Records of an update that is not complete yet.
    template <class Record>
    struct Staging {
        std::vector<Record> records;
        bool overflowed = false;

        void add(const Record& record, std::size_t limit) {
            if (records.size() < limit) {
                records.push_back(record);
            } else {
                overflowed = true;
            }
        }
        void clear() {
            records.clear();
            overflowed = false;
        }
    };

    Refusal dispatch(const Input& input) noexcept;
    Refusal apply_account(const AccountInput& record, std::uint8_t origin) noexcept;
    Refusal apply_transfer(std::span<const AccountInput> records) noexcept;
    void account_changed(AccountSlot slot, std::uint32_t cause) noexcept;
    Refusal apply_parameter(const ParameterInput& record) noexcept;
    Refusal apply_feed_state(const FeedStateInput& change) noexcept;
    void apply_timer() noexcept;

    void judge_changed_market() noexcept;
    void judge(AccountSlot slot, std::uint32_t cause) noexcept;
    bool liquidation_is_held(AccountSlot slot) noexcept;
    std::uint32_t add_cause(const Cause& cause) noexcept;
    void announce_live() noexcept;

    void stamp(Event& event) noexcept;
    void describe(const Transition& transition, Event& event) noexcept;
    static void set_flag(bool& flag, bool value, std::uint32_t& count) noexcept {
        if (flag == value) return;
        flag = value;
        if (value) {
            ++count;
        } else {
            --count;
        }
    }

    RiskParameters parameters_;
    std::uint32_t parameter_version_ = 1;
    const LevelSet levels_;  // that the ladder looks at; no parameter moves a rung to another one
    MarketStage market_;
    AccountBook book_;
    std::unique_ptr<AffectedAccounts> index_;
    std::vector<Standing> standings_;  // by slot
    std::vector<FeedState> feed_states_;
    DaemonState daemon_state_ = DaemonState::warming;
    Timestamp next_clock_;
    EngineStatistics statistics_;
    LevelFigures refused_transfer_;

    std::array<Staging<AccountInput>, kMaxAccountSources> account_staging_;
    Staging<ParameterInput> parameter_staging_;

    // The input at work and what it has led to; events leave in this order.
    Input input_;
    std::vector<Event> before_;  // feed_state, parameters_changed
    std::vector<Cause> causes_;
    std::vector<Transition> transitions_;
    std::vector<Event> after_;  // daemon_state, clock
    std::size_t before_sent_ = 0;
    std::size_t market_events_sent_ = 0;
    std::size_t transitions_sent_ = 0;
    std::size_t after_sent_ = 0;
    std::uint64_t event_seq_ = 0;
};

Engine::Implementation::Implementation(RiskParameters parameters)
    : parameters_(std::move(parameters)),
      levels_(levels_of(parameters_.ladder)),
      market_(parameters_),
      book_(parameters_),
      index_(
          std::make_unique<HolderIndex>(parameters_.instruments.size(), parameters_.max_accounts)),
      feed_states_(parameters_.feeds.size(), FeedState::connecting) {
    MARGIND_ASSERT(validate(parameters_).empty());
    standings_.reserve(parameters_.max_accounts);
    before_.reserve(2);
    causes_.reserve(parameters_.instruments.size() + 1);
    transitions_.reserve(parameters_.max_accounts);
    after_.reserve(2);
    for (auto& staging : account_staging_) staging.records.reserve(kMaxEntriesPerUpdate);
    parameter_staging_.records.reserve(kMaxParameterChanges);
}

Refusal Engine::Implementation::apply(const Input& input) noexcept {
    MARGIND_ASSERT(!has_events());
    if (input.input_seq <= input_.input_seq || input.engine_time < input_.engine_time) {
        ++statistics_.refused_total;
        ++statistics_.refused[static_cast<std::size_t>(Refusal::time_went_back)];
        return Refusal::time_went_back;
    }
    input_ = input;
    market_.clear_changes();
    before_.clear();
    causes_.clear();
    transitions_.clear();
    after_.clear();
    before_sent_ = market_events_sent_ = transitions_sent_ = after_sent_ = 0;

    ++statistics_.inputs;
    const Refusal refusal = dispatch(input);
    if (refusal != Refusal::none) {
        ++statistics_.refused_total;
        ++statistics_.refused[static_cast<std::size_t>(refusal)];
    }
    std::sort(transitions_.begin(), transitions_.end(),
              [](const Transition& a, const Transition& b) { return a.slot < b.slot; });
    return refusal;
}

Refusal Engine::Implementation::dispatch(const Input& input) noexcept {
    switch (input.kind) {
        case InputKind::price: {
            const Refusal refusal = market_.apply(input.price, input);
            if (refusal == Refusal::none) judge_changed_market();
            announce_live();
            return refusal;
        }
        case InputKind::account:
            return apply_account(input.account, input.origin);
        case InputKind::parameter:
            return apply_parameter(input.parameter);
        case InputKind::feed_state:
            return apply_feed_state(input.feed_state);
        case InputKind::timer:
            apply_timer();
            return Refusal::none;
        case InputKind::statistic: {
            const Refusal refusal = market_.apply(input.statistic, input.engine_time);
            if (refusal == Refusal::none) judge_changed_market();
            return refusal;
        }
    }
    return Refusal::none;
}

Refusal Engine::Implementation::apply_account(const AccountInput& record,
                                              std::uint8_t origin) noexcept {
    if (origin >= kMaxAccountSources) return Refusal::unknown_origin;
    auto& staging = account_staging_[origin];
    staging.add(record, kMaxEntriesPerUpdate);
    if (record.last == Last::no) return Refusal::none;

    AccountSlot slot;
    const bool moves_money = staging.records.front().record == AccountRecord::transfer_from;
    const Refusal refusal = staging.overflowed ? Refusal::too_many_entries
                            : moves_money      ? apply_transfer(staging.records)
                                               : book_.update(staging.records, slot);
    staging.clear();
    if (refusal == Refusal::none && !moves_money) {
        account_changed(slot, add_cause({.kind = CauseKind::account_update}));
    }
    return refusal;
}

void Engine::Implementation::account_changed(AccountSlot slot, std::uint32_t cause) noexcept {
    if (slot.index() == standings_.size()) {
        standings_.emplace_back();
        ++statistics_.accounts_by_state[0];
    }
    standings_[slot.index()].known_priced = false;
    index_->account_changed(slot, book_.factors(slot));
    judge(slot, cause);
}

Refusal Engine::Implementation::apply_transfer(std::span<const AccountInput> records) noexcept {
    Refusal refusal = book_.stage_transfer(records);
    if (refusal == Refusal::none) {
        refusal = check_transfer(book_.staged_view(), market_.view(), refused_transfer_);
    }
    AccountBook::Transferred slots;
    if (refusal == Refusal::none) refusal = book_.transfer(records, slots);
    if (refusal != Refusal::none) return refusal;
    const std::uint32_t cause = add_cause({.kind = CauseKind::account_update});
    account_changed(slots.from, cause);
    account_changed(slots.to, cause);
    return Refusal::none;
}

Refusal Engine::Implementation::apply_parameter(const ParameterInput& record) noexcept {
    parameter_staging_.add(record, kMaxParameterChanges);
    if (record.last == Last::no) return Refusal::none;
    const Refusal refusal = parameter_staging_.overflowed
                                ? Refusal::too_many_entries
                                : change_parameters(parameters_, parameter_staging_.records);
    const auto changes = static_cast<std::uint32_t>(parameter_staging_.records.size());
    parameter_staging_.clear();
    if (refusal != Refusal::none) return refusal;

    ++parameter_version_;
    Event event;
    event.kind = EventKind::parameters_changed;
    event.parameters = {.version = parameter_version_, .changes = changes};
    before_.push_back(event);
    market_.refresh();
    const std::uint32_t cause = add_cause({.kind = CauseKind::parameters});
    for (std::uint32_t s = 0; s < book_.size(); ++s) judge(AccountSlot(s), cause);
    return Refusal::none;
}

Refusal Engine::Implementation::apply_feed_state(const FeedStateInput& change) noexcept {
    if (change.feed.index() >= feed_states_.size()) return Refusal::unknown_source;
    FeedState& state = feed_states_[change.feed.index()];
    if (state == change.state && change.reason != FeedReason::started) return Refusal::none;
    Event event;
    event.kind = EventKind::feed_state;
    event.feed_state = {
        .feed = change.feed, .from = state, .to = change.state, .reason = change.reason};
    before_.push_back(event);
    if (change.state == FeedState::connecting) market_.feed_restarted(change.feed);
    state = change.state;
    return Refusal::none;
}

void Engine::Implementation::apply_timer() noexcept {
    market_.advance(input_.engine_time);
    judge_changed_market();
    announce_live();
    if (input_.engine_time < next_clock_) return;
    const std::int64_t second = input_.engine_time.ns() / kClockInterval.ns();
    next_clock_ = Timestamp::from_ns((second + 1) * kClockInterval.ns());
    Event event;
    event.kind = EventKind::clock;
    event.clock = {.last_input_seq = input_.input_seq - 1,
                   .accounts_by_state = statistics_.accounts_by_state};
    after_.push_back(event);
}

void Engine::Implementation::announce_live() noexcept {
    if (daemon_state_ == DaemonState::live || !market_.all_priced()) return;
    Event event;
    event.kind = EventKind::daemon_state;
    event.daemon_state = {.from = daemon_state_, .to = DaemonState::live};
    after_.push_back(event);
    daemon_state_ = DaemonState::live;
}

std::uint32_t Engine::Implementation::add_cause(const Cause& cause) noexcept {
    causes_.push_back(cause);
    return static_cast<std::uint32_t>(causes_.size() - 1);
}

void Engine::Implementation::judge_changed_market() noexcept {
    for (const MarketChange& change : market_.changes()) {
        const std::uint32_t cause = add_cause(
            {.kind = cause_of(change),
             .instrument = change.instrument,
             .source = input_.kind == InputKind::price ? input_.price.source : SourceId::none(),
             .mark = market_.status(change.instrument).mark});
        for (const AccountSlot slot : index_->affected(change)) judge(slot, cause);
    }
}

// One exact evaluation; at most one per account and input, since all prices of the input are in.
void Engine::Implementation::judge(AccountSlot slot, std::uint32_t cause) noexcept {
    Standing& standing = standings_[slot.index()];
    if (standing.judged_at == input_.input_seq) return;
    standing.judged_at = input_.input_seq;
    const AccountView account = book_.view(slot);
    if (!standing.known_priced) {
        standing.known_priced = priced(account, market_.view());
        set_flag(standing.unpriced, !standing.known_priced, statistics_.accounts_unpriced);
        if (!standing.known_priced) {
            set_flag(standing.held, false, statistics_.accounts_held);
            return;
        }
    }

    ++statistics_.evaluations;
    const Evaluation evaluation = evaluate(account, market_.view(), levels_);
    MarginState to = next_state(standing.state, evaluation, parameters_.ladder);
    const bool held =
        to > standing.state && to >= MarginState::liquidation && liquidation_is_held(slot);
    if (held) to = std::max(standing.state, MarginState::margin_call);
    set_flag(standing.held, held, statistics_.accounts_held);
    if (to == standing.state) return;
    transitions_.push_back({slot, standing.state, to, cause});
    --statistics_.accounts_by_state[static_cast<std::size_t>(standing.state)];
    ++statistics_.accounts_by_state[static_cast<std::size_t>(to)];
    standing.state = to;
    if (to < MarginState::liquidation) {
        standing.in_liquidation_since = {};
    } else if (!standing.in_liquidation_since.stated()) {
        standing.in_liquidation_since = input_.engine_time;
    }
}

// A price that is not trusted liquidates nobody who depends on it, for as long as its hold lasts.
bool Engine::Implementation::liquidation_is_held(AccountSlot slot) noexcept {
    const auto frozen = [&](InstrumentId id) {
        return market_.status(id).state == PriceState::frozen;
    };
    const std::span<const InstrumentId> factors = book_.factors(slot);
    return std::any_of(factors.begin(), factors.end(), frozen);
}

bool Engine::Implementation::next_event(Event& event) noexcept {
    if (before_sent_ < before_.size()) {
        event = before_[before_sent_++];
    } else if (market_events_sent_ < market_.events().size()) {
        event = market_.events()[market_events_sent_++];
    } else if (transitions_sent_ < transitions_.size()) {
        describe(transitions_[transitions_sent_++], event);
    } else if (after_sent_ < after_.size()) {
        event = after_[after_sent_++];
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
    out.slot = transition.slot;
    out.from = transition.from;
    out.to = transition.to;
    out.equity = evaluation.equity;
    out.initial_equity = evaluation.initial_equity;
    out.initial_margin = evaluation.initial_margin;
    out.maintenance_margin = evaluation.maintenance_margin;
    out.shortfall = shortfall(evaluation);
    out.health_factor = health_factor(evaluation);
    out.cause = causes_[transition.cause];
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
    report.slot = slot;
    report.state = standing.state;
    report.held = standing.held;
    report.priced = priced(account, market_.view());
    if (report.priced) report.evaluation = evaluate(account, market_.view());
    report.in_liquidation_since = standing.in_liquidation_since;
    report.as_of_input_seq = input_.input_seq;
    report.as_of = input_.engine_time;
    return report;
}

Engine::Engine(RiskParameters parameters)
    : implementation_(std::make_unique<Implementation>(std::move(parameters))) {}
Engine::~Engine() = default;

Refusal Engine::apply(const Input& input) noexcept {
    return implementation_->apply(input);
}
bool Engine::next_event(Event& event) noexcept {
    return implementation_->next_event(event);
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
std::uint32_t Engine::account_count() const noexcept {
    return implementation_->book().size();
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
