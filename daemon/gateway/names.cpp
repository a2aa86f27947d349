// The words for every enumerator. One place, so that wires, pages and logs agree.
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

std::string_view name_of(core::Refusal refusal) {
    switch (refusal) {
        case core::Refusal::none:
            return "none";
        case core::Refusal::unknown_source:
            return "unknown_source";
        case core::Refusal::price_not_positive:
            return "price_not_positive";
        case core::Refusal::price_beyond_maximum:
            return "price_beyond_maximum";
        case core::Refusal::price_jump:
            return "price_jump";
        case core::Refusal::book_crossed:
            return "book_crossed";
        case core::Refusal::out_of_order:
            return "out_of_order";
        case core::Refusal::from_the_future:
            return "from_the_future";
        case core::Refusal::time_went_back:
            return "time_went_back";
        case core::Refusal::unknown_origin:
            return "unknown_origin";
        case core::Refusal::unknown_asset:
            return "unknown_asset";
        case core::Refusal::unknown_instrument:
            return "unknown_instrument";
        case core::Refusal::mixed_accounts:
            return "mixed_accounts";
        case core::Refusal::entry_price_not_positive:
            return "entry_price_not_positive";
        case core::Refusal::amount_beyond_maximum:
            return "amount_beyond_maximum";
        case core::Refusal::too_many_entries:
            return "too_many_entries";
        case core::Refusal::too_many_positions:
            return "too_many_positions";
        case core::Refusal::too_many_balances:
            return "too_many_balances";
        case core::Refusal::too_many_orders:
            return "too_many_orders";
        case core::Refusal::too_many_accounts:
            return "too_many_accounts";
        case core::Refusal::unknown_parameter:
            return "unknown_parameter";
        case core::Refusal::parameter_out_of_range:
            return "parameter_out_of_range";
        case core::Refusal::no_such_position:
            return "no_such_position";
        case core::Refusal::leverage_out_of_range:
            return "leverage_out_of_range";
        case core::Refusal::unknown_statistic:
            return "unknown_statistic";
        case core::Refusal::statistic_out_of_range:
            return "statistic_out_of_range";
        case core::Refusal::second_instrument:
            return "second_instrument";
        case core::Refusal::transfer_incomplete:
            return "transfer_incomplete";
        case core::Refusal::unknown_account:
            return "unknown_account";
        case core::Refusal::transfer_not_owned:
            return "transfer_not_owned";
        case core::Refusal::transfer_needs_prices:
            return "transfer_needs_prices";
        case core::Refusal::transfer_below_initial:
            return "transfer_below_initial";
        case core::Refusal::refused_before:
            return "refused_before";
        case core::Refusal::unknown_notice:
            return "unknown_notice";
        case core::Refusal::count_:
            break;
    }
    return "unknown";
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
