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
// leaves is used again. Room is exact up to 16 rows, and comes in multiples of 16 beyond.
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
    std::span<T> rows(const Run& run) { return {storage_.data() + run.offset, run.size}; }
    // By place: `offset` of its run and on.
    const T& operator[](std::uint32_t place) const { return storage_[place]; }
    T& operator[](std::uint32_t place) { return storage_[place]; }
    void reserve(std::size_t rows) { storage_.reserve(rows); }
    std::size_t size() const { return storage_.size(); }  // with what is free

    void assign(Run& run, std::span<const T> rows) {
        if (rows.size() > run.room) {
            release(run);
            run = acquire(rows.size());
        }
        std::copy(rows.begin(), rows.end(), storage_.begin() + run.offset);
        run.size = static_cast<std::uint16_t>(rows.size());
    }

  private:
    static constexpr std::size_t kExact = 16;
    static constexpr std::size_t kClasses = 2 * kExact + 32;
    static std::size_t room_for(std::size_t size) {
        return size <= kExact ? size : (size + kExact - 1) / kExact * kExact;
    }
    static std::size_t class_of(std::size_t room) {
        return room <= kExact ? room : kExact + room / kExact - 1;
    }

    Run acquire(std::size_t size) {
        const std::size_t room = room_for(size);
        std::vector<std::uint32_t>& free = free_[class_of(room)];
        if (!free.empty()) {
            const std::uint32_t offset = free.back();
            free.pop_back();
            return {offset, 0, static_cast<std::uint16_t>(room)};
        }
        const auto offset = static_cast<std::uint32_t>(storage_.size());
        storage_.resize(storage_.size() + room);
        return {offset, 0, static_cast<std::uint16_t>(room)};
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

    // A transfer, one account at a time, since another book may have the other one. Staging checks
    // whether the account can give or take the money and changes nothing; staged_view() shows it
    // afterwards; commit_staged() makes it so. Requires of commit_staged(): the account was staged
    // last, and accepted.
    Refusal stage_source(const AccountInput& from);
    Refusal stage_receiver(const AccountInput& to);
    AccountView staged_view() const noexcept;
    AccountSlot commit_staged(const AccountKey& key);

    // An account as another book had it, in this book's ids; orders name their position's place in
    // `positions`. Refuses what no update can have led to, and an account that is there already.
    struct Rows {
        InstrumentId isolated_in;
        std::vector<BalanceRow> balances;
        std::vector<PositionRow> positions;
        std::vector<OrderRow> orders;
    };
    Refusal restore(const AccountKey& key, const Rows& rows, AccountSlot& slot);

    // Accounts it may hold from now on; at first those that memory was reserved for. Beyond those
    // it reserves more when they come.
    void limit_size(std::uint32_t accounts) noexcept { size_max_ = accounts; }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(keys_.size()); }
    std::optional<AccountSlot> find(const AccountKey& key) const noexcept;
    const AccountKey& key(AccountSlot slot) const noexcept { return keys_[slot.index()]; }
    // The only instrument an isolated account may hold; none: an ordinary account.
    InstrumentId isolated_in(AccountSlot slot) const noexcept {
        return holdings_[slot.index()].isolated_in;
    }
    AccountView view(AccountSlot slot) const noexcept {
        const Holdings& holdings = holdings_[slot.index()];
        return {.balances = balances_.rows(holdings.balances),
                .positions = positions_.rows(holdings.positions),
                .orders = orders_.rows(holdings.orders),
                .spot_orders = {},
                .terms = terms_};
    }

    // Hints that view() will be called: first this, and a little later the second.
    void prefetch(AccountSlot slot) const noexcept { __builtin_prefetch(&holdings_[slot.index()]); }
    void prefetch_rows(AccountSlot slot) const noexcept {
        const Holdings& holdings = holdings_[slot.index()];
        const auto balances = balances_.rows(holdings.balances);
        const auto positions = positions_.rows(holdings.positions);
        __builtin_prefetch(balances.data());
        __builtin_prefetch(positions.data());
        __builtin_prefetch(positions.data() + positions.size());
    }

    // The instruments an account's health depends on, ascending. Borrowed until the next call.
    std::span<const InstrumentId> factors(AccountSlot slot);

  private:
    struct Holdings {
        RowPool<BalanceRow>::Run balances;
        RowPool<PositionRow>::Run positions;
        RowPool<OrderRow>::Run orders;
        InstrumentId isolated_in;
    };

    struct StagedOrder {
        InstrumentId instrument;
        Quantity size;
        Price price;
    };

    Refusal stage(std::span<const AccountInput> records);
    Refusal stage_record(const AccountInput& record);
    Refusal stage_balance(const AccountInput& record);
    Refusal stage_position(const AccountInput& record);
    Refusal stage_order(const AccountInput& record);
    Refusal stage_accrued(const AccountInput& record);
    Refusal stage_leverage(const AccountInput& record);
    Refusal stage_isolated(const AccountInput& record);
    void clear_staging() noexcept;
    void load_staging(AccountSlot slot);
    PositionRow* staged_position(InstrumentId instrument) noexcept;
    PositionRow& staged_position_or_new(InstrumentId instrument);
    Refusal stage_saved(const Rows& rows);
    Refusal finish_staging();
    void drop_empty_positions();
    void settle_staged_positions();
    bool sizes_fit() const noexcept;
    Int128 gross_exposure() const noexcept;
    Int128 exposure_of(InstrumentId instrument, Quantity quantity) const noexcept;
    std::int64_t exposure_of_unit(AssetId asset) const noexcept;
    AccountSlot find_or_add(const AccountKey& key);
    void grow_table();
    std::size_t bucket_of(const AccountKey& key) const noexcept;

    const RiskParameters& parameters_;
    std::uint32_t size_max_;
    std::vector<AccountKey> keys_;    // by slot
    std::vector<Holdings> holdings_;  // by slot
    RowPool<BalanceRow> balances_;
    RowPool<PositionRow> positions_;
    RowPool<OrderRow> orders_;
    AccountTerms shared_terms_;            // what the venue asks of every account
    const AccountTerms* terms_ = nullptr;  // those, or none where there is nothing to ask
    std::vector<std::uint32_t> table_;     // open addressing over keys_; kEmpty: free

    // The account as the update being checked would leave it.
    std::vector<BalanceRow> staged_balances_;
    std::vector<PositionRow> staged_positions_;
    std::vector<StagedOrder> staged_orders_;
    std::vector<OrderRow> staged_order_rows_;
    std::vector<InstrumentId> replaced_orders_;  // instruments whose orders this update names
    InstrumentId staged_isolated_in_;
    std::vector<InstrumentId> factors_;
};

}  // namespace margind::core
