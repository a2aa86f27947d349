#include "core/engine/holder_index.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace margind::core {

HolderIndex::HolderIndex(std::size_t instruments, std::size_t max_accounts)
    : holders_(instruments), memberships_(max_accounts) {}

// Both lists are ascending: one walk finds who left and who joined.
void HolderIndex::account_changed(AccountSlot slot, std::span<const InstrumentId> factors) {
    if (slot.index() >= memberships_.size()) memberships_.resize(slot.index() + 1);
    std::vector<Membership>& memberships = memberships_[slot.index()];
    const auto stays = [&](const Membership& m) {
        return std::binary_search(factors.begin(), factors.end(), m.instrument);
    };
    for (const Membership& m : memberships) {
        if (!stays(m)) leave(slot, m);
    }
    std::erase_if(memberships, [&](const Membership& m) { return !stays(m); });
    const auto by_instrument = [](const Membership& m, InstrumentId id) {
        return m.instrument < id;
    };
    for (const InstrumentId id : factors) {
        const auto at = std::lower_bound(memberships.begin(), memberships.end(), id, by_instrument);
        if (at != memberships.end() && at->instrument == id) continue;
        std::vector<AccountSlot>& list = holders_[id.index()];
        memberships.insert(at, {id, static_cast<std::uint32_t>(list.size())});
        list.push_back(slot);
    }
}

// The last of the list takes the leaver's place.
void HolderIndex::leave(AccountSlot slot, const Membership& membership) {
    std::vector<AccountSlot>& list = holders_[membership.instrument.index()];
    MARGIND_ASSERT(list[membership.position] == slot);
    const AccountSlot moved = list.back();
    list[membership.position] = moved;
    list.pop_back();
    if (moved == slot) return;
    for (Membership& m : memberships_[moved.index()]) {
        if (m.instrument == membership.instrument) m.position = membership.position;
    }
}

std::span<const AccountSlot> HolderIndex::affected(const MarketChange& change) noexcept {
    return holders_[change.instrument.index()];
}

}  // namespace margind::core
