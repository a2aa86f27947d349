#include "core/shards/event_merge.hpp"

#include <algorithm>
#include <tuple>

namespace margind::core {
namespace {

// An event's place within its input. The first shard's clock is told, after the others' were added
// to it.
std::uint32_t rank_of(const Event& event, std::uint32_t shard) noexcept {
    switch (event.kind) {
        case EventKind::audit_failed:
            return 0;
        case EventKind::threshold_changed:
        case EventKind::price_state:
        case EventKind::feed_state:
        case EventKind::parameters_changed:
            return 1;
        case EventKind::warning:
        case EventKind::margin_call:
        case EventKind::liquidation:
        case EventKind::bankruptcy:
        case EventKind::recovered:
            return 2;
        case EventKind::daemon_state:
            // That it goes on from a journal comes before what that means for anybody.
            return event.daemon_state.to == DaemonState::recovering ||
                           event.daemon_state.from == DaemonState::recovering
                       ? 1
                       : 3;
        case EventKind::clock:
            return shard == 0 ? 5 : 4;
        case EventKind::count_:
            break;
    }
    return 6;
}

std::tuple<std::uint64_t, std::uint32_t, std::uint32_t> place_of(const Event& event,
                                                                 std::uint32_t shard) noexcept {
    const std::uint32_t number = is_account_event(event.kind) ? event.account.slot.index() : shard;
    return {event.input_seq, rank_of(event, shard), number};
}

}  // namespace

bool EventMerge::next(ShardOutlets& outlets, Event& event) noexcept {
    for (;;) {
        fill(outlets);
        const std::uint32_t shard = first_shard();
        if (shard == heads_.size()) return false;
        Head& head = heads_[shard];
        const bool settled = std::all_of(heads_.begin(), heads_.end(), [&](const Head& other) {
            return other.present || other.passed >= head.event.input_seq;
        });
        if (!settled) return false;
        head.present = false;
        if (head.event.kind == EventKind::clock) {
            for (std::size_t s = 0; s < kMarginStates; ++s) {
                accounts_by_state_[s] += head.event.clock.accounts_by_state[s];
            }
            state_hash_ += head.event.clock.state_hash;
            if (shard != 0) continue;
            head.event.clock.accounts_by_state = accounts_by_state_;
            head.event.clock.state_hash = state_hash_;
            accounts_by_state_ = {};
            state_hash_ = 0;
        }
        event = head.event;
        stamp(event);
        last_shard_ = shard;
        return true;
    }
}

void EventMerge::fill(ShardOutlets& outlets) noexcept {
    for (std::uint32_t s = 0; s < heads_.size(); ++s) {
        Head& head = heads_[s];
        if (head.present) continue;
        // In this order: an event that comes in between is of a later input.
        head.passed = outlets.passed(s);
        head.present = outlets.try_take(s, head.event);
    }
}

std::uint32_t EventMerge::first_shard() const noexcept {
    auto first = static_cast<std::uint32_t>(heads_.size());
    for (std::uint32_t s = 0; s < heads_.size(); ++s) {
        if (!heads_[s].present) continue;
        if (first == heads_.size() ||
            place_of(heads_[s].event, s) < place_of(heads_[first].event, first)) {
            first = s;
        }
    }
    return first;
}

void EventMerge::stamp(Event& event) noexcept {
    event.event_seq = ++event_seq_;
    ++events_by_kind_[static_cast<std::size_t>(event.kind)];
}

bool EventMerge::holds_events() const noexcept {
    return std::any_of(heads_.begin(), heads_.end(), [](const Head& head) { return head.present; });
}

void EventMerge::count(EngineStatistics& statistics) const noexcept {
    statistics.events = event_seq_;
    statistics.events_by_kind = events_by_kind_;
}

}  // namespace margind::core
