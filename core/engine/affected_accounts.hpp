// The seam between "which accounts can this input have changed" and "evaluate one account". The
// reference index answers "everyone who holds it"; a faster index answers with fewer, and must
// never leave out an account whose state changes.
#pragma once

#include <optional>
#include <span>

#include "core/event.hpp"
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

    // The account was evaluated and stands at `state` now: what the evaluation comes to, or a
    // better one while its liquidation is held.
    virtual void judged(AccountSlot, MarginState /*state*/, const Evaluation&) noexcept {}

    // Whether settle() has something to do.
    virtual bool unsettled() const noexcept { return false; }
    // Does what was put off until the events of the last input are out. Before the next input.
    virtual void settle() noexcept {}

    // Which promise the index has made about the account no longer holds, none if all do: for
    // audits. Requires: settle() was called, and the account was judged with `evaluation`.
    virtual std::optional<AuditCheck> broken_promise(AccountSlot,
                                                     const Evaluation&) const noexcept {
        return std::nullopt;
    }

    // An audit of the account failed: from now on it is named by every change to any of `factors`,
    // whatever the index would make of it, until parameters change. May allocate.
    virtual void distrust(AccountSlot, std::span<const InstrumentId> /*factors*/) {}

    // Risk parameters changed: account_changed() and judged() follow for every account.
    virtual void parameters_changed() {}
};

}  // namespace margind::core
