// Numbers of 30 decimals as the ledger and its config have them: exactly, or BeyondLedger is
// thrown.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/extended.hpp"

namespace margind::test {

inline constexpr int kLedgerDecimalsMax = 16;  // of prices and quantities, and of both together
inline constexpr int kConfigDigitsMax = 18;    // of a number in a config file

Extended::Raw power_of_ten(int exponent);
// How many decimals a number of 30 needs.
int decimals_of(Extended::Raw raw);
// A count of 10^-decimals that fits 64 bits.
std::int64_t ledger_count(const Extended::Raw& raw, int decimals);
// As a config file says it.
std::string decimal_text(const Extended::Raw& raw, int decimals_max);

}  // namespace margind::test
