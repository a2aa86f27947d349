// The seam between "which accounts can this input have changed" and "evaluate one account". The
// reference index answers "everyone who holds it"; a faster index answers with fewer, and must
// never leave out an account whose state changes.
#pragma once

#include <span>

#include "core/ids.hpp"
#include "core/margin/evaluate.hpp"
#include "core/market/market_stage.hpp"

namespace margind::core {

class AffectedAccounts {
  public:
    virtual ~AffectedAccounts() = default;

    // The account's rows changed; `factors` are the instruments its health now depends on
    // (positions, and what prices its balances and settlement assets), ascending, no repeats. May
    // allocate.
    virtual void account_changed(AccountSlot slot, std::span<const InstrumentId> factors) = 0;

    // Accounts whose state this change can have moved, in any order, no repeats. Borrowed until the
    // next call. Allocates nothing.
    virtual std::span<const AccountSlot> affected(const MarketChange& change) noexcept = 0;
};

}  // namespace margind::core
