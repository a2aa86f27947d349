// The parts of a saved state that are one record each, for saving and loading alike. In order: the
// header, names (state_names.hpp), parameter changes, the market (market_memory.hpp: sources,
// instruments, assets), feeds, accounts, and the state's hash.
#pragma once

#include <array>
#include <cstdint>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/limits.hpp"
#include "core/margin/accounts.hpp"
#include "core/time.hpp"

namespace margind::core {

inline constexpr std::uint32_t kStateFormat = 1;

struct StateHeader {
    std::uint32_t format = kStateFormat;
    std::uint64_t config_hash = 0;
    std::uint64_t input_seq = 0;
    std::uint64_t event_seq = 0;
    Timestamp engine_time;
    std::uint32_t parameter_version = 1;
    std::uint32_t parameter_changes = 0;
    std::uint32_t accounts = 0;
    DaemonState daemon_state = DaemonState::warming;
    Timestamp next_clock;
    std::uint32_t inputs_since_audit = 0;
    std::uint32_t next_audited = 0;
    Timestamp fresh_from;
    std::array<std::uint64_t, kMaxAccountSources> source_numbers{};
};

// What comes before an account's rows.
struct SavedAccount {
    AccountKey key;
    std::uint32_t number = 0;
    MarginState state = MarginState::healthy;
    bool held = false;
    Timestamp in_liquidation_since;
    InstrumentId isolated_in;
    std::uint16_t balances = 0;
    std::uint16_t positions = 0;
    std::uint16_t orders = 0;
};

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<StateHeader> header) {
    archive.value(header.format);
    archive.value(header.config_hash);
    archive.value(header.input_seq);
    archive.value(header.event_seq);
    archive.value(header.engine_time);
    archive.value(header.parameter_version);
    archive.value(header.parameter_changes);
    archive.value(header.accounts);
    archive.value(header.daemon_state, DaemonState::degraded);
    archive.value(header.next_clock);
    archive.value(header.inputs_since_audit);
    archive.value(header.next_audited);
    archive.value(header.fresh_from);
    for (auto& number : header.source_numbers) archive.value(number);
}

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<SavedAccount> account) {
    archive.value(account.key.owner);
    archive.value(account.key.sub_account);
    archive.value(account.number);
    archive.value(account.state, MarginState::bankrupt);
    archive.value(account.held);
    archive.value(account.in_liquidation_since);
    archive.value(account.isolated_in);
    archive.value(account.balances);
    archive.value(account.positions);
    archive.value(account.orders);
}

template <class Archive>
void change_fields(Archive& archive, typename Archive::template Ref<ParameterInput> change) {
    archive.value(change.parameter, Parameter::level_hysteresis);
    archive.value(change.tier);
    archive.value(change.target);
    archive.value(change.value);
}

template <class Archive>
void row_fields(Archive& archive, typename Archive::template Ref<BalanceRow> row) {
    archive.value(row.asset);
    archive.value(row.amount);
}

// The balance a position settles in follows from its instrument.
template <class Archive>
void row_fields(Archive& archive, typename Archive::template Ref<PositionRow> row) {
    archive.value(row.instrument);
    archive.value(row.quantity);
    archive.value(row.entry_price);
    archive.value(row.accrued);
    archive.value(row.least_initial_rate);
}

template <class Archive>
void row_fields(Archive& archive, typename Archive::template Ref<OrderRow> row) {
    archive.value(row.position);
    archive.value(row.size);
    archive.value(row.price);
}

}  // namespace margind::core
