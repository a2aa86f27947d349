// The plain answer to "whom can this have changed": everyone whose health depends on the
// instrument. Always right, never clever; the reference that faster indexes are tested against.
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/affected_accounts.hpp"

namespace margind::core {

class HolderIndex final : public AffectedAccounts {
  public:
    HolderIndex(std::size_t instruments, std::size_t max_accounts);

    void account_changed(AccountSlot slot, std::span<const InstrumentId> factors) override;
    std::span<const AccountSlot> affected(const MarketChange& change) noexcept override;

  private:
    // That an account stands in an instrument's list, and where.
    struct Membership {
        InstrumentId instrument;
        std::uint32_t position = 0;
    };

    void leave(AccountSlot slot, const Membership& membership);

    std::vector<std::vector<AccountSlot>> holders_;     // by instrument
    std::vector<std::vector<Membership>> memberships_;  // by account, ascending by instrument
};

}  // namespace margind::core
