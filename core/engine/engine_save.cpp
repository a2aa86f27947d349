// The engine's state as bytes.
#include <algorithm>

#include "core/assert.hpp"
#include "core/engine/engine_implementation.hpp"
#include "core/engine/state_fields.hpp"
#include "core/engine/state_names.hpp"
#include "core/market/market_memory.hpp"

namespace margind::core {

bool Engine::Implementation::pending() const noexcept {
    return parameter_staging_.overflowed || !parameter_staging_.records.empty() ||
           std::any_of(account_staging_.begin(), account_staging_.end(), [](const auto& staging) {
               return staging.number || staging.overflowed || !staging.records.empty();
           });
}

bool Engine::Implementation::can_save() const noexcept {
    return !has_events() && found_.empty() && inputs_since_audit_ < audit_rule_.every_inputs &&
           !pending();
}

bool Engine::Implementation::save(StateSink& sink) const {
    MARGIND_ASSERT(!has_events());
    StateWriter writer(sink);
    fields(writer,
           StateHeader{.format = kStateFormat,
                       .config_hash = config_hash_,
                       .input_seq = input_.input_seq,
                       .event_seq = event_seq_,
                       .engine_time = input_.engine_time,
                       .parameter_version = parameter_version_,
                       .parameter_changes = static_cast<std::uint32_t>(parameter_changes_.size()),
                       .accounts = book_.size(),
                       .daemon_state = daemon_state_,
                       .next_clock = next_clock_,
                       .inputs_since_audit = inputs_since_audit_,
                       .next_audited = next_audited_,
                       .fresh_from = market_.fresh_from(),
                       .source_numbers = source_numbers_});
    save_names(writer, parameters_);
    for (const ParameterInput& change : parameter_changes_) change_fields(writer, change);
    for (std::uint32_t s = 0; s < parameters_.sources.size(); ++s) {
        fields(writer, market_.memory(SourceId(s)));
    }
    for (std::uint32_t i = 0; i < parameters_.instruments.size(); ++i) {
        fields(writer, market_.memory(InstrumentId(i)));
    }
    for (std::uint32_t a = 0; a < parameters_.assets.size(); ++a) {
        fields(writer, market_.memory(AssetId(a)));
    }
    for (const FeedState state : feed_states_) writer.value(state, FeedState::down);
    for (std::uint32_t s = 0; s < book_.size() && writer.ok(); ++s) {
        const AccountView account = book_.view(AccountSlot(s));
        const Standing& standing = standings_[s];
        fields(writer,
               SavedAccount{.key = book_.key(AccountSlot(s)),
                            .number = standing.number,
                            .state = standing.state,
                            .held = standing.held,
                            .in_liquidation_since = standing.in_liquidation_since,
                            .isolated_in = book_.isolated_in(AccountSlot(s)),
                            .balances = static_cast<std::uint16_t>(account.balances.size()),
                            .positions = static_cast<std::uint16_t>(account.positions.size()),
                            .orders = static_cast<std::uint16_t>(account.orders.size())});
        for (const BalanceRow& row : account.balances) row_fields(writer, row);
        for (const PositionRow& row : account.positions) row_fields(writer, row);
        for (const OrderRow& row : account.orders) row_fields(writer, row);
    }
    writer.value(state_hash());
    return writer.ok() && sink.flush();
}

}  // namespace margind::core
