#include "core/journal/event_codec.hpp"

#include <algorithm>

#include "core/journal/archive.hpp"

namespace margind::core {
namespace {

template <class Archive, class T>
using Ref = typename Archive::template Ref<T>;

// The last enumerator before count_.
constexpr EventKind kLastEventKind =
    static_cast<EventKind>(static_cast<int>(EventKind::count_) - 1);

template <class Archive>
void fields(Archive& archive, Ref<Archive, AccountKey> key) {
    archive.value(key.owner);
    archive.value(key.sub_account);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, Cause> cause) {
    archive.value(cause.kind, CauseKind::audit);
    archive.value(cause.instrument);
    archive.value(cause.source);
    archive.value(cause.mark);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, PlanStep> step) {
    archive.value(step.action, PlanAction::repay_debt);
    archive.value(step.side, Side::sell);
    archive.value(step.instrument);
    archive.value(step.debt);
    archive.value(step.collateral);
    archive.value(step.quantity);
    archive.value(step.limit_price);
    archive.value(step.bankruptcy_price);
    archive.value(step.incentive);
    archive.value(step.insurance_fee);
    archive.value(step.repaid);
    archive.value(step.seized);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, AccountEvent> account) {
    fields(archive, account.key);
    archive.value(account.slot);
    archive.value(account.from, MarginState::bankrupt);
    archive.value(account.to, MarginState::bankrupt);
    archive.value(account.equity);
    archive.value(account.initial_equity);
    archive.value(account.initial_margin);
    archive.value(account.maintenance_margin);
    archive.value(account.shortfall);
    archive.value(account.health_factor.raw);
    fields(archive, account.cause);
    archive.value(account.deadline);
    archive.value(account.parameters_hash);
    archive.value(account.market_hash);
    archive.value(account.account_hash);
    archive.value(account.plan_complete);
    archive.value(account.plan_steps);
    if (account.plan_steps > kMaxPlanSteps) return archive.fail();
    for (std::size_t i = 0; i < account.plan_steps; ++i) fields(archive, account.plan[i]);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, ThresholdEvent> threshold) {
    archive.value(threshold.instrument);
    archive.value(threshold.level, MarginLevel::close_out);
    archive.value(threshold.binding, RateTerm::cap);
    archive.value(threshold.from);
    archive.value(threshold.to);
    archive.value(threshold.sigma_annual);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, PriceStateEvent> price) {
    archive.value(price.instrument);
    archive.value(price.from, PriceState::frozen);
    archive.value(price.to, PriceState::frozen);
    archive.value(price.reason, PriceReason::restarted);
    archive.value(price.live_sources);
    archive.value(price.quorum);
    archive.value(price.mark);
    archive.value(price.index);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, FeedStateEvent> feed) {
    archive.value(feed.feed);
    archive.value(feed.from, FeedState::down);
    archive.value(feed.to, FeedState::down);
    archive.value(feed.reason, FeedReason::no_credentials);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, DaemonStateEvent> daemon) {
    archive.value(daemon.from, DaemonState::degraded);
    archive.value(daemon.to, DaemonState::degraded);
    archive.value(daemon.reason, DaemonReason::disk_low);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, ParametersEvent> parameters) {
    archive.value(parameters.version);
    archive.value(parameters.changes);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, ClockEvent> clock) {
    archive.value(clock.last_input_seq);
    archive.value(clock.state_hash);
    for (auto& accounts : clock.accounts_by_state) archive.value(accounts);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, AuditEvent> audit) {
    fields(archive, audit.key);
    archive.value(audit.slot);
    archive.value(audit.check, AuditCheck::key);
    archive.value(audit.state, MarginState::bankrupt);
    archive.value(audit.due, MarginState::bankrupt);
    archive.value(audit.last_input_seq);
    archive.value(audit.equity);
    archive.value(audit.initial_equity);
    archive.value(audit.initial_margin);
    archive.value(audit.maintenance_margin);
    archive.value(audit.health_factor.raw);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, Event> event) {
    archive.value(event.parameter_version);
    archive.value(event.input_seq);
    archive.value(event.receive_time);
    archive.value(event.exchange_time);
    archive.value(event.engine_time);
    switch (event.kind) {
        case EventKind::warning:
        case EventKind::margin_call:
        case EventKind::liquidation:
        case EventKind::bankruptcy:
        case EventKind::recovered:
            return fields(archive, event.account);
        case EventKind::threshold_changed:
            return fields(archive, event.threshold);
        case EventKind::price_state:
            return fields(archive, event.price_state);
        case EventKind::feed_state:
            return fields(archive, event.feed_state);
        case EventKind::daemon_state:
            return fields(archive, event.daemon_state);
        case EventKind::parameters_changed:
            return fields(archive, event.parameters);
        case EventKind::clock:
            return fields(archive, event.clock);
        case EventKind::audit_failed:
            return fields(archive, event.audit);
        case EventKind::count_:
            break;
    }
    archive.fail();
}

// Begins the part of the union that `event.kind` says.
void begin_part(Event& event) noexcept {
    switch (event.kind) {
        case EventKind::warning:
        case EventKind::margin_call:
        case EventKind::liquidation:
        case EventKind::bankruptcy:
        case EventKind::recovered:
            event.account = AccountEvent{};
            return;
        case EventKind::threshold_changed:
            event.threshold = ThresholdEvent{};
            return;
        case EventKind::price_state:
            event.price_state = PriceStateEvent{};
            return;
        case EventKind::feed_state:
            event.feed_state = FeedStateEvent{};
            return;
        case EventKind::daemon_state:
            event.daemon_state = DaemonStateEvent{};
            return;
        case EventKind::parameters_changed:
            event.parameters = ParametersEvent{};
            return;
        case EventKind::clock:
            event.clock = ClockEvent{};
            return;
        case EventKind::audit_failed:
            event.audit = AuditEvent{};
            return;
        case EventKind::count_:
            return;
    }
}

}  // namespace

std::size_t encode_event(const Event& event, std::span<std::byte> room) noexcept {
    SpanSink sink(room);
    SpanWriter writer(sink);
    writer.value(event.kind, kLastEventKind);
    fields(writer, event);
    return writer.ok() ? sink.used() : 0;
}

bool decode_event(std::uint64_t event_seq, std::span<const std::byte> payload,
                  Event& event) noexcept {
    SpanSource source(payload);
    SpanReader reader(source);
    event = Event();
    reader.value(event.kind, kLastEventKind);
    begin_part(event);
    event.event_seq = event_seq;
    fields(reader, event);
    return reader.ok() && source.left() == 0;
}

std::optional<std::uint64_t> input_of_event(std::span<const std::byte> payload) noexcept {
    constexpr std::size_t kAt = 1 + 4;  // behind kind and parameter_version
    if (payload.size() < kAt + sizeof(std::uint64_t)) return std::nullopt;
    return load_little<std::uint64_t>(payload.data() + kAt);
}

}  // namespace margind::core
