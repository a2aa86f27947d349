#include "core/engine/engine.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/assert.hpp"
#include "core/engine/engine_implementation.hpp"
#include "core/engine/holder_index.hpp"
#include "core/engine/ladder.hpp"
#include "core/engine/parameter_change.hpp"
#include "core/engine/state_hash.hpp"

namespace margind::core {
namespace {

constexpr Duration kClockInterval = Duration::from_seconds(1);

CauseKind cause_of(const MarketChange& change) {
    if (change.mark_moved || change.index_moved) return CauseKind::price;
    return change.rates_moved ? CauseKind::rate : CauseKind::hold_ended;
}

}  // namespace

Engine::Implementation::Implementation(RiskParameters parameters, const EngineOptions& options)
    : parameters_(std::move(parameters)),
      config_hash_(options.config_hash),
      parameters_hash_(parameters_hash(config_hash_, parameter_changes_)),
      levels_(levels_of(parameters_.ladder)),
      market_(parameters_),
      book_(parameters_),
      index_(make_index(options)),
      feed_states_(parameters_.feeds.size(), FeedState::connecting),
      audit_rule_(options.audit) {
    MARGIND_ASSERT(validate(parameters_).empty());
    MARGIND_ASSERT(audit_rule_.every_inputs > 0);
    standings_.reserve(parameters_.max_accounts);
    before_.reserve(3 + std::size_t{audit_rule_.accounts});
    found_.reserve(audit_rule_.accounts);
    told_.reserve(audit_rule_.accounts);
    causes_.reserve(parameters_.instruments.size() + 2);
    transitions_.reserve(parameters_.max_accounts);
    after_.reserve(2);
    for (auto& staging : account_staging_) staging.records.reserve(kMaxEntriesPerUpdate);
    parameter_staging_.records.reserve(kMaxParameterChanges);
}

std::unique_ptr<AffectedAccounts> Engine::Implementation::make_index(const EngineOptions& options) {
    if (options.search == Search::bands) {
        auto bands = std::make_unique<BandIndex>(parameters_, book_, market_, options.limits);
        bands_ = bands.get();
        return bands;
    }
    return std::make_unique<HolderIndex>(parameters_.instruments.size(), parameters_.max_accounts);
}

Refusal Engine::Implementation::apply(const Input& input) noexcept {
    if (const Refusal refusal = begin(input); refusal != Refusal::none) return finish(refusal);
    return finish(dispatch(input));
}

Refusal Engine::Implementation::begin(const Input& input) noexcept {
    MARGIND_ASSERT(!has_events());
    settle();
    if (input.input_seq <= input_.input_seq || input.engine_time < input_.engine_time) {
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
    ++inputs_since_audit_;
    tell_found();
    return Refusal::none;
}

Refusal Engine::Implementation::finish(Refusal refusal) noexcept {
    judge_told();
    if (refusal != Refusal::none) {
        ++statistics_.refused_total;
        ++statistics_.refused[static_cast<std::size_t>(refusal)];
    }
    std::sort(transitions_.begin(), transitions_.end(),
              [](const Transition& a, const Transition& b) { return a.slot < b.slot; });
    return refusal;
}

void Engine::Implementation::settle() noexcept {
    index_->settle();
    if (inputs_since_audit_ >= audit_rule_.every_inputs) audit_some();
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
        case InputKind::daemon:
            return apply_notice(input.daemon);
        case InputKind::count_:
            break;
    }
    return Refusal::none;
}

Refusal Engine::Implementation::apply_account(const AccountInput& record,
                                              std::uint8_t origin) noexcept {
    if (origin >= kMaxAccountSources) return Refusal::unknown_origin;
    auto& staging = account_staging_[origin];
    if (record.record == AccountRecord::source_number) {
        staging.number = static_cast<std::uint64_t>(record.amount);
        return Refusal::none;
    }
    if (record.record == AccountRecord::refused) {
        end_update(origin);
        return Refusal::refused_before;
    }
    staging.add(record, kMaxEntriesPerUpdate);
    if (record.last == Last::no) return Refusal::none;

    AccountSlot slot;
    const bool moves_money = staging.records.front().record == AccountRecord::transfer_from;
    const Refusal refusal = staging.overflowed ? Refusal::too_many_entries
                            : moves_money      ? apply_transfer(staging.records)
                                               : book_.update(staging.records, slot);
    end_update(origin);
    if (refusal == Refusal::none && !moves_money) {
        add_cause({.kind = CauseKind::account_update});
        account_changed(slot);
    }
    return refusal;
}

void Engine::Implementation::end_update(std::uint8_t origin) noexcept {
    auto& staging = account_staging_[origin];
    if (staging.number) source_numbers_[origin] = *staging.number;
    staging.clear();
}

void Engine::Implementation::account_changed(AccountSlot slot) noexcept {
    if (slot.index() == standings_.size()) {
        standings_.emplace_back().number = elsewhere_ + slot.index();
        transitions_.reserve(standings_.capacity());
        ++statistics_.accounts_by_state[0];
    } else {
        accounts_hash_ -= part_of_hash(standings_[slot.index()]);
    }
    Standing& standing = standings_[slot.index()];
    standing.known_priced = false;
    standing.account_hash =
        account_hash(book_.key(slot), book_.isolated_in(slot), book_.view(slot));
    accounts_hash_ += part_of_hash(standing);
    index_->account_changed(slot, book_.factors(slot));
    judge(slot);
}

Refusal Engine::Implementation::apply_parameter(const ParameterInput& record) noexcept {
    parameter_staging_.add(record, kMaxParameterChanges);
    if (record.last == Last::no) return Refusal::none;
    const Refusal refusal = parameter_staging_.overflowed
                                ? Refusal::too_many_entries
                                : change_parameters(parameters_, parameter_staging_.records);
    const auto changes = static_cast<std::uint32_t>(parameter_staging_.records.size());
    if (refusal == Refusal::none) note_changes(parameter_staging_.records);
    parameter_staging_.clear();
    if (refusal != Refusal::none) return refusal;

    ++parameter_version_;
    Event event;
    event.kind = EventKind::parameters_changed;
    event.parameters = {.version = parameter_version_, .changes = changes};
    before_.push_back(event);
    market_.refresh();
    add_cause({.kind = CauseKind::parameters});
    index_->parameters_changed();
    for (std::uint32_t s = 0; s < book_.size(); ++s) {
        index_->account_changed(AccountSlot(s), book_.factors(AccountSlot(s)));
        judge(AccountSlot(s));
    }
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
                   .state_hash = 0,  // when it leaves, and all is judged
                   .accounts_by_state = statistics_.accounts_by_state};
    after_.push_back(event);
}

Refusal Engine::Implementation::apply_notice(const DaemonInput& input) noexcept {
    switch (input.notice) {
        case DaemonNotice::restarted:
            for (auto& staging : account_staging_) staging.clear();
            parameter_staging_.clear();
            before_.push_back(moved_to(DaemonState::recovering, input.reason));
            before_.push_back(moved_to(DaemonState::warming, DaemonReason::none));
            market_.restarted(input_.engine_time);
            // The configuration may be another one; the index was made with it.
            add_cause({.kind = CauseKind::parameters});
            for (std::uint32_t s = 0; s < book_.size(); ++s) judge(AccountSlot(s));
            announce_live();
            return Refusal::none;
        case DaemonNotice::degraded:
            // Degraded already, it is told with another reason.
            after_.push_back(moved_to(DaemonState::degraded, input.reason));
            return Refusal::none;
        case DaemonNotice::restored:
            if (daemon_state_ == DaemonState::degraded) {
                after_.push_back(
                    moved_to(market_.all_trusted_once() ? DaemonState::live : DaemonState::warming,
                             DaemonReason::none));
            }
            return Refusal::none;
        case DaemonNotice::count_:
            break;
    }
    return Refusal::unknown_notice;
}

void Engine::Implementation::announce_live() noexcept {
    if (daemon_state_ != DaemonState::warming || !market_.all_trusted_once()) return;
    after_.push_back(moved_to(DaemonState::live, DaemonReason::none));
}

Event Engine::Implementation::moved_to(DaemonState to, DaemonReason reason) noexcept {
    Event event;
    event.kind = EventKind::daemon_state;
    event.daemon_state = {.from = daemon_state_, .to = to, .reason = reason};
    daemon_state_ = to;
    return event;
}

void Engine::Implementation::add_cause(const Cause& cause) noexcept {
    causes_.push_back(cause);
}

void Engine::Implementation::judge_changed_market() noexcept {
    for (const MarketChange& change : market_.changes()) {
        add_cause(
            {.kind = cause_of(change),
             .instrument = change.instrument,
             .source = input_.kind == InputKind::price ? input_.price.source : SourceId::none(),
             .mark = market_.status(change.instrument).mark});
    }
    for (const MarketChange& change : market_.changes()) judge(index_->affected(change));
}

// Accounts lie anywhere in memory: those that come next are on their way while one is judged.
void Engine::Implementation::judge(std::span<const AccountSlot> slots) noexcept {
    constexpr std::size_t kSoon = 6;
    constexpr std::size_t kLater = 12;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (i + kLater < slots.size()) {
            book_.prefetch(slots[i + kLater]);
            __builtin_prefetch(&standings_[slots[i + kLater].index()], 1);
        }
        if (i + kSoon < slots.size()) book_.prefetch_rows(slots[i + kSoon]);
        judge(slots[i]);
    }
}

// What moved the account: the first change to anything it depends on, whoever noticed.
std::uint32_t Engine::Implementation::cause_for(AccountSlot slot) noexcept {
    if (causes_.size() == 1) return 0;
    const std::span<const InstrumentId> factors = book_.factors(slot);
    const auto moves = [&](const Cause& cause) {
        return !cause.instrument.valid() ||
               std::binary_search(factors.begin(), factors.end(), cause.instrument);
    };
    const auto first = std::find_if(causes_.begin(), causes_.end(), moves);
    MARGIND_ASSERT(first != causes_.end());
    return static_cast<std::uint32_t>(first - causes_.begin());
}

// One exact evaluation; at most one per account and input, since all prices of the input are in.
void Engine::Implementation::judge(AccountSlot slot) noexcept {
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
    index_->judged(slot, to, evaluation);
    if (to == standing.state) return;
    transitions_.push_back({slot, standing.state, to, cause_for(slot)});
    move_to(standing, to);
}

void Engine::Implementation::move_to(Standing& standing, MarginState to) noexcept {
    accounts_hash_ -= part_of_hash(standing);
    --statistics_.accounts_by_state[static_cast<std::size_t>(standing.state)];
    ++statistics_.accounts_by_state[static_cast<std::size_t>(to)];
    standing.state = to;
    if (to < MarginState::liquidation) {
        standing.in_liquidation_since = {};
    } else if (!standing.in_liquidation_since.stated()) {
        standing.in_liquidation_since = input_.engine_time;
    }
    accounts_hash_ += part_of_hash(standing);
}

// A price that is not trusted liquidates nobody who depends on it, for as long as its hold lasts.
bool Engine::Implementation::liquidation_is_held(AccountSlot slot) noexcept {
    const auto frozen = [&](InstrumentId id) {
        return market_.status(id).state == PriceState::frozen;
    };
    const std::span<const InstrumentId> factors = book_.factors(slot);
    return std::any_of(factors.begin(), factors.end(), frozen);
}

}  // namespace margind::core
