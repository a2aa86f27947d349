// Every bound of the core in one place, with what it costs and how the bounds hang together.
#pragma once

#include <cstddef>
#include <cstdint>

namespace margind::core {

inline constexpr std::size_t kCacheLine = 64;

// Price sources of one instrument. The weighted median sorts this many on the stack.
inline constexpr std::size_t kMaxSourcesPerInstrument = 16;

// Size tiers of one instrument: 48 bytes each in the instrument's row.
inline constexpr std::size_t kMaxTiers = 32;

// Positions and balances of one margin account; an evaluation keeps one sum per balance on the
// stack.
inline constexpr std::size_t kMaxPositionsPerAccount = 256;
inline constexpr std::size_t kMaxBalancesPerAccount = 32;

// Resting orders of one margin account, a row for each instrument, side and price.
inline constexpr std::size_t kMaxOrdersPerAccount = 512;

// Steps of a liquidation plan carried in one event: 72 bytes each.
inline constexpr std::size_t kMaxPlanSteps = 8;

// Account records that one atomic update may consist of; staged in memory until the last arrives.
inline constexpr std::size_t kMaxEntriesPerUpdate =
    3 * kMaxPositionsPerAccount + kMaxBalancesPerAccount + kMaxOrdersPerAccount;

// Independent senders of account updates, each with its own staging area.
inline constexpr std::size_t kMaxAccountSources = 16;

// Parameter changes applied as one: all or nothing.
inline constexpr std::size_t kMaxParameterChanges = 4096;

}  // namespace margind::core
