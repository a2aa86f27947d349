// The words for every enumerator. One place, so that wires, pages and logs agree.
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

std::string_view name_of(core::EventKind kind) {
    switch (kind) {
        case core::EventKind::warning:
            return "warning";
        case core::EventKind::margin_call:
            return "margin_call";
        case core::EventKind::liquidation:
            return "liquidation";
        case core::EventKind::bankruptcy:
            return "bankruptcy";
        case core::EventKind::recovered:
            return "recovered";
        case core::EventKind::threshold_changed:
            return "threshold_changed";
        case core::EventKind::price_state:
            return "price_state";
        case core::EventKind::feed_state:
            return "feed_state";
        case core::EventKind::daemon_state:
            return "daemon_state";
        case core::EventKind::parameters_changed:
            return "parameters_changed";
        case core::EventKind::clock:
            return "clock";
        case core::EventKind::audit_failed:
            return "audit_failed";
        case core::EventKind::count_:
            break;
    }
    return "unknown";
}

std::string_view name_of(core::MarginState state) {
    switch (state) {
        case core::MarginState::healthy:
            return "healthy";
        case core::MarginState::warning:
            return "warning";
        case core::MarginState::margin_call:
            return "margin_call";
        case core::MarginState::liquidation:
            return "liquidation";
        case core::MarginState::bankrupt:
            return "bankrupt";
    }
    return "unknown";
}

std::string_view name_of(core::CauseKind kind) {
    switch (kind) {
        case core::CauseKind::price:
            return "price";
        case core::CauseKind::rate:
            return "rate";
        case core::CauseKind::account_update:
            return "account_update";
        case core::CauseKind::parameters:
            return "parameters";
        case core::CauseKind::hold_ended:
            return "hold_ended";
        case core::CauseKind::audit:
            return "audit";
    }
    return "unknown";
}

std::string_view name_of(core::AuditCheck check) {
    switch (check) {
        case core::AuditCheck::state:
            return "state";
        case core::AuditCheck::certificate:
            return "certificate";
        case core::AuditCheck::key:
            return "key";
        case core::AuditCheck::count_:
            break;
    }
    return "unknown";
}

std::string_view name_of(core::Side side) {
    return side == core::Side::buy ? "buy" : "sell";
}

std::string_view name_of(core::RateTerm term) {
    switch (term) {
        case core::RateTerm::floor:
            return "floor";
        case core::RateTerm::volatility:
            return "volatility";
        case core::RateTerm::cap:
            return "cap";
    }
    return "unknown";
}

std::string_view name_of(core::MarginLevel level) {
    switch (level) {
        case core::MarginLevel::initial:
            return "initial";
        case core::MarginLevel::maintenance:
            return "maintenance";
        case core::MarginLevel::close_out:
            return "close_out";
    }
    return "unknown";
}

std::string_view name_of(core::PriceState state) {
    switch (state) {
        case core::PriceState::good:
            return "good";
        case core::PriceState::suspect:
            return "suspect";
        case core::PriceState::frozen:
            return "frozen";
    }
    return "unknown";
}

std::string_view name_of(core::PriceReason reason) {
    switch (reason) {
        case core::PriceReason::none:
            return "none";
        case core::PriceReason::first_price:
            return "first_price";
        case core::PriceReason::no_quorum:
            return "no_quorum";
        case core::PriceReason::hold_expired:
            return "hold_expired";
        case core::PriceReason::quorum_restored:
            return "quorum_restored";
        case core::PriceReason::restarted:
            return "restarted";
    }
    return "unknown";
}

std::string_view name_of(core::FeedState state) {
    switch (state) {
        case core::FeedState::connecting:
            return "connecting";
        case core::FeedState::live:
            return "live";
        case core::FeedState::silent:
            return "silent";
        case core::FeedState::down:
            return "down";
    }
    return "unknown";
}

std::string_view name_of(core::FeedReason reason) {
    switch (reason) {
        case core::FeedReason::none:
            return "none";
        case core::FeedReason::started:
            return "started";
        case core::FeedReason::subscribed:
            return "subscribed";
        case core::FeedReason::connect_failed:
            return "connect_failed";
        case core::FeedReason::refused:
            return "refused";
        case core::FeedReason::closed_by_venue:
            return "closed_by_venue";
        case core::FeedReason::network_error:
            return "network_error";
        case core::FeedReason::silence:
            return "silence";
        case core::FeedReason::scheduled:
            return "scheduled";
        case core::FeedReason::stopped:
            return "stopped";
        case core::FeedReason::no_credentials:
            return "no_credentials";
    }
    return "unknown";
}

std::string_view name_of(core::DaemonState state) {
    switch (state) {
        case core::DaemonState::recovering:
            return "recovering";
        case core::DaemonState::warming:
            return "warming";
        case core::DaemonState::live:
            return "live";
        case core::DaemonState::degraded:
            return "degraded";
    }
    return "unknown";
}

std::string_view name_of(core::DaemonReason reason) {
    switch (reason) {
        case core::DaemonReason::none:
            return "none";
        case core::DaemonReason::restarted:
            return "restarted";
        case core::DaemonReason::event_queue_full:
            return "event_queue_full";
        case core::DaemonReason::disk_low:
            return "disk_low";
        case core::DaemonReason::count_:
            break;
    }
    return "unknown";
}

std::string_view name_of(config::Durability durability) {
    switch (durability) {
        case config::Durability::none:
            return "none";
        case config::Durability::memory:
            return "memory";
        case config::Durability::group:
            return "group";
    }
    return "unknown";
}

namespace {

using core::Refusal;
using RefusalName = std::pair<Refusal, std::string_view>;
constexpr std::array<RefusalName, static_cast<std::size_t>(Refusal::count_)> kRefusals{{
    {Refusal::none, "none"},
    {Refusal::unknown_source, "unknown_source"},
    {Refusal::price_not_positive, "price_not_positive"},
    {Refusal::price_beyond_maximum, "price_beyond_maximum"},
    {Refusal::price_jump, "price_jump"},
    {Refusal::book_crossed, "book_crossed"},
    {Refusal::out_of_order, "out_of_order"},
    {Refusal::from_the_future, "from_the_future"},
    {Refusal::time_went_back, "time_went_back"},
    {Refusal::unknown_origin, "unknown_origin"},
    {Refusal::unknown_asset, "unknown_asset"},
    {Refusal::unknown_instrument, "unknown_instrument"},
    {Refusal::mixed_accounts, "mixed_accounts"},
    {Refusal::entry_price_not_positive, "entry_price_not_positive"},
    {Refusal::amount_beyond_maximum, "amount_beyond_maximum"},
    {Refusal::too_many_entries, "too_many_entries"},
    {Refusal::too_many_positions, "too_many_positions"},
    {Refusal::too_many_balances, "too_many_balances"},
    {Refusal::too_many_orders, "too_many_orders"},
    {Refusal::too_many_accounts, "too_many_accounts"},
    {Refusal::unknown_parameter, "unknown_parameter"},
    {Refusal::parameter_out_of_range, "parameter_out_of_range"},
    {Refusal::no_such_position, "no_such_position"},
    {Refusal::leverage_out_of_range, "leverage_out_of_range"},
    {Refusal::unknown_statistic, "unknown_statistic"},
    {Refusal::statistic_out_of_range, "statistic_out_of_range"},
    {Refusal::second_instrument, "second_instrument"},
    {Refusal::transfer_incomplete, "transfer_incomplete"},
    {Refusal::unknown_account, "unknown_account"},
    {Refusal::transfer_not_owned, "transfer_not_owned"},
    {Refusal::transfer_needs_prices, "transfer_needs_prices"},
    {Refusal::transfer_below_initial, "transfer_below_initial"},
    {Refusal::refused_before, "refused_before"},
    {Refusal::unknown_notice, "unknown_notice"},
}};
constexpr bool in_order() {
    for (std::size_t i = 0; i < kRefusals.size(); ++i) {
        if (kRefusals[i].first != static_cast<Refusal>(i) || kRefusals[i].second.empty())
            return false;
    }
    return true;
}
static_assert(in_order(), "each refusal has its word, at its place");

}  // namespace

std::string_view name_of(core::Refusal refusal) {
    const auto index = static_cast<std::size_t>(refusal);
    return index < kRefusals.size() ? kRefusals[index].second : "unknown";
}

std::string_view name_of(core::Channel channel) {
    switch (channel) {
        case core::Channel::book_top:
            return "book_top";
        case core::Channel::trade:
            return "trade";
        case core::Channel::mark:
            return "mark";
        case core::Channel::index:
            return "index";
        case core::Channel::oracle:
            return "oracle";
    }
    return "unknown";
}

}  // namespace margind::daemon
