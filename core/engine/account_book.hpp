// Who the accounts are and what they hold: rows in two pools, so that an account's balances and its
// positions each lie side by side in memory.
//
// Thread: the engine's. Views are borrowed until the next change of any account.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"

namespace margind::core {

// Runs of T in one array; a run that outgrows its room moves to a larger one, and the room it
// leaves is used again. Room comes in powers of two.
template <class T>
class RowPool {
  public:
    struct Run {
        std::uint32_t offset = 0;
        std::uint16_t size = 0;
        std::uint16_t room = 0;
    };

    std::span<const T> rows(const Run& run) const {
        return {storage_.data() + run.offset, run.size};
    }

    void assign(Run& run, std::span<const T> rows) {
        if (rows.size() > run.room) {
            release(run);
            run = acquire(static_cast<std::uint16_t>(rows.size()));
        }
        std::copy(rows.begin(), rows.end(), storage_.begin() + run.offset);
        run.size = static_cast<std::uint16_t>(rows.size());
    }

  private:
    static constexpr std::size_t kClasses = 16;
    static std::size_t class_of(std::uint16_t room) {
        std::size_t c = 0;
        while ((std::size_t{1} << c) < room) ++c;
        return c;
    }

    Run acquire(std::uint16_t size) {
        const std::size_t c = class_of(size);
        const auto room = static_cast<std::uint16_t>(std::size_t{1} << c);
        if (!free_[c].empty()) {
            const std::uint32_t offset = free_[c].back();
            free_[c].pop_back();
            return {offset, 0, room};
        }
        const auto offset = static_cast<std::uint32_t>(storage_.size());
        storage_.resize(storage_.size() + room);
        return {offset, 0, room};
    }
    void release(const Run& run) {
        if (run.room > 0) free_[class_of(run.room)].push_back(run.offset);
    }

    std::vector<T> storage_;
    std::array<std::vector<std::uint32_t>, kClasses> free_;
};

class AccountBook {
  public:
    explicit AccountBook(const RiskParameters& parameters);

    // Applies one whole update (records of one account, in order) or refuses it whole.
    // Requires: not empty. On success `slot` is the account's.
    Refusal update(std::span<const AccountInput> records, AccountSlot& slot);

    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(keys_.size()); }
    std::optional<AccountSlot> find(const AccountKey& key) const noexcept;
    const AccountKey& key(AccountSlot slot) const noexcept { return keys_[slot.index()]; }
    AccountView view(AccountSlot slot) const noexcept {
        const Holdings& holdings = holdings_[slot.index()];
        return {balances_.rows(holdings.balances), positions_.rows(holdings.positions)};
    }

    // The instruments an account's health depends on, ascending. Borrowed until the next call.
    std::span<const InstrumentId> factors(AccountSlot slot);

  private:
    struct Holdings {
        RowPool<BalanceRow>::Run balances;
        RowPool<PositionRow>::Run positions;
    };

    Refusal stage(std::span<const AccountInput> records);
    Refusal stage_balance(const AccountInput& record);
    Refusal stage_position(const AccountInput& record);
    Refusal finish_staging();
    Int128 gross_exposure() const noexcept;
    UnitPrice unit_price_max(AssetId asset) const noexcept;
    AccountSlot find_or_add(const AccountKey& key);
    std::size_t bucket_of(const AccountKey& key) const noexcept;

    const RiskParameters& parameters_;
    std::vector<AccountKey> keys_;    // by slot
    std::vector<Holdings> holdings_;  // by slot
    RowPool<BalanceRow> balances_;
    RowPool<PositionRow> positions_;
    std::vector<std::uint32_t> table_;  // open addressing over keys_; kEmpty: free

    // The account as the update being checked would leave it.
    std::vector<BalanceRow> staged_balances_;
    std::vector<PositionRow> staged_positions_;
    std::vector<InstrumentId> factors_;
};

}  // namespace margind::core
