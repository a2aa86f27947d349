#include "core/engine/account_book.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "core/limits.hpp"

namespace margind::core {
namespace {

constexpr std::uint32_t kEmpty = std::numeric_limits<std::uint32_t>::max();

// Multiply-and-fold over the key's eight words. Lookups only: no order follows from it.
std::uint64_t hash_of(const AccountKey& key) noexcept {
    std::array<std::uint64_t, 8> words{};
    static_assert(sizeof words == sizeof key);
    std::memcpy(words.data(), &key, sizeof key);
    std::uint64_t h = 0x9e3779b97f4a7c15ULL;
    for (const std::uint64_t word : words) {
        h = (h ^ word) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }
    return h;
}

std::int64_t magnitude_or_max(std::int64_t value) noexcept {
    if (value == std::numeric_limits<std::int64_t>::min()) {
        return std::numeric_limits<std::int64_t>::max();
    }
    return value < 0 ? -value : value;
}

// a * b * c, or more than kMaxExposure where that is not certain to fit 128 bits.
Int128 bounded_product(std::int64_t a, std::int64_t b, std::int64_t c) noexcept {
    const Int128 ab = Int128{a} * b;
    return ab > kMaxExposure / c ? kMaxExposure + 1 : ab * c;
}

}  // namespace

AccountBook::AccountBook(const RiskParameters& parameters)
    : parameters_(parameters),
      table_(std::bit_ceil(std::size_t{2} * std::max<std::size_t>(parameters.max_accounts, 1)),
             kEmpty) {
    keys_.reserve(parameters.max_accounts);
    holdings_.reserve(parameters.max_accounts);
    staged_balances_.reserve(kMaxBalancesPerAccount + kMaxEntriesPerUpdate);
    staged_positions_.reserve(kMaxPositionsPerAccount + kMaxEntriesPerUpdate);
    factors_.reserve(kMaxPositionsPerAccount + kMaxBalancesPerAccount);
}

Refusal AccountBook::update(std::span<const AccountInput> records, AccountSlot& slot) {
    if (const Refusal refusal = stage(records); refusal != Refusal::none) return refusal;
    slot = find_or_add(records.front().key);
    Holdings& holdings = holdings_[slot.index()];
    balances_.assign(holdings.balances, staged_balances_);
    positions_.assign(holdings.positions, staged_positions_);
    return Refusal::none;
}

Refusal AccountBook::stage(std::span<const AccountInput> records) {
    const AccountInput& first = records.front();
    staged_balances_.clear();
    staged_positions_.clear();
    const std::optional<AccountSlot> known = find(first.key);
    if (!known && size() >= parameters_.max_accounts) return Refusal::too_many_accounts;
    if (known && first.mode == UpdateMode::patch) {
        const AccountView now = view(*known);
        staged_balances_.assign(now.balances.begin(), now.balances.end());
        staged_positions_.assign(now.positions.begin(), now.positions.end());
    }
    for (const AccountInput& record : records) {
        if (record.key != first.key || record.mode != first.mode) return Refusal::mixed_accounts;
        Refusal refusal = Refusal::none;
        switch (record.record) {
            case AccountRecord::balance:
                refusal = stage_balance(record);
                break;
            case AccountRecord::position:
                refusal = stage_position(record);
                break;
            case AccountRecord::nothing:
                break;
        }
        if (refusal != Refusal::none) return refusal;
    }
    return finish_staging();
}

Refusal AccountBook::stage_balance(const AccountInput& record) {
    if (record.id >= parameters_.assets.size()) return Refusal::unknown_asset;
    const AssetId asset(record.id);
    if (magnitude_or_max(record.amount) > parameters_.assets[record.id].amount_max.raw()) {
        return Refusal::amount_beyond_maximum;
    }
    const auto at = std::find_if(staged_balances_.begin(), staged_balances_.end(),
                                 [&](const BalanceRow& row) { return row.asset == asset; });
    if (at != staged_balances_.end()) {
        at->amount = Money::from_raw(record.amount);
    } else {
        staged_balances_.push_back({asset, Money::from_raw(record.amount)});
    }
    return Refusal::none;
}

Refusal AccountBook::stage_position(const AccountInput& record) {
    if (record.id >= parameters_.instruments.size() ||
        parameters_.instruments[record.id].kind == InstrumentKind::spot) {
        return Refusal::unknown_instrument;
    }
    const InstrumentId instrument(record.id);
    const auto at =
        std::find_if(staged_positions_.begin(), staged_positions_.end(),
                     [&](const PositionRow& row) { return row.instrument == instrument; });
    if (record.amount == 0) {
        if (at != staged_positions_.end()) staged_positions_.erase(at);
        return Refusal::none;
    }
    if (record.entry_price <= 0) return Refusal::entry_price_not_positive;
    if (record.entry_price > parameters_.instruments[record.id].price_max.raw()) {
        return Refusal::price_beyond_maximum;
    }
    const PositionRow row{.instrument = instrument,
                          .balance = 0,
                          .quantity = Quantity::from_raw(record.amount),
                          .entry_price = Price::from_raw(record.entry_price)};
    if (at != staged_positions_.end()) {
        *at = row;
    } else {
        staged_positions_.push_back(row);
    }
    return Refusal::none;
}

// Rows in the order of their ids, a balance for every settlement asset, none that is empty and
// unneeded: the same holdings always make the same rows.
Refusal AccountBook::finish_staging() {
    if (staged_positions_.size() > kMaxPositionsPerAccount) return Refusal::too_many_positions;
    std::sort(
        staged_positions_.begin(), staged_positions_.end(),
        [](const PositionRow& a, const PositionRow& b) { return a.instrument < b.instrument; });
    const auto settles = [&](AssetId asset) {
        return std::any_of(
            staged_positions_.begin(), staged_positions_.end(), [&](const PositionRow& row) {
                return parameters_.instruments[row.instrument.index()].quote == asset;
            });
    };
    std::erase_if(staged_balances_, [&](const BalanceRow& row) {
        return row.amount.raw() == 0 && !settles(row.asset);
    });
    const auto holds = [&](AssetId asset) {
        return std::any_of(staged_balances_.begin(), staged_balances_.end(),
                           [&](const BalanceRow& row) { return row.asset == asset; });
    };
    for (const PositionRow& row : staged_positions_) {
        const AssetId asset = parameters_.instruments[row.instrument.index()].quote;
        if (!holds(asset)) staged_balances_.push_back({asset, Money{}});
    }
    if (staged_balances_.size() > kMaxBalancesPerAccount) return Refusal::too_many_balances;
    std::sort(staged_balances_.begin(), staged_balances_.end(),
              [](const BalanceRow& a, const BalanceRow& b) { return a.asset < b.asset; });
    for (PositionRow& row : staged_positions_) {
        const AssetId asset = parameters_.instruments[row.instrument.index()].quote;
        const auto at = std::find_if(staged_balances_.begin(), staged_balances_.end(),
                                     [&](const BalanceRow& b) { return b.asset == asset; });
        row.balance = static_cast<std::uint32_t>(at - staged_balances_.begin());
    }
    return gross_exposure() > kMaxExposure ? Refusal::amount_beyond_maximum : Refusal::none;
}

Int128 AccountBook::gross_exposure() const noexcept {
    Int128 total = 0;
    for (const PositionRow& row : staged_positions_) {
        const Instrument& instrument = parameters_.instruments[row.instrument.index()];
        const Int128 in_quote =
            bounded_product(instrument.price_max.raw(), magnitude_or_max(row.quantity.raw()),
                            instrument.scale.factor());
        const std::int64_t unit = unit_price_max(instrument.quote).raw();
        if (in_quote > kMaxExposure / unit * kScale) return kMaxExposure + 1;
        total += unit == kScale ? in_quote : in_quote / kScale * unit + unit;
        if (total > kMaxExposure) return total;
    }
    for (const BalanceRow& row : staged_balances_) {
        total +=
            bounded_product(magnitude_or_max(row.amount.raw()), unit_price_max(row.asset).raw(), 1);
        if (total > kMaxExposure) return total;
    }
    return total;
}

// The largest price the asset's instrument admits, at 1e-8, rounded up.
UnitPrice AccountBook::unit_price_max(AssetId asset) const noexcept {
    const InstrumentId by = parameters_.assets[asset.index()].priced_by;
    if (!by.valid()) return kUnitPriceOne;
    const Instrument& instrument = parameters_.instruments[by.index()];
    Int128 raw = instrument.price_max.raw();
    for (int d = instrument.price_decimals; d < kScaleDecimals; ++d) raw *= 10;
    for (int d = instrument.price_decimals; d > kScaleDecimals; --d) raw = raw / 10 + 1;
    return UnitPrice::from_raw(std::max<std::int64_t>(saturate_to_int64(raw), 1));
}

std::size_t AccountBook::bucket_of(const AccountKey& key) const noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t bucket = hash_of(key) & mask;
    while (table_[bucket] != kEmpty && keys_[table_[bucket]] != key) bucket = (bucket + 1) & mask;
    return bucket;
}

std::optional<AccountSlot> AccountBook::find(const AccountKey& key) const noexcept {
    const std::uint32_t slot = table_[bucket_of(key)];
    if (slot == kEmpty) return std::nullopt;
    return AccountSlot(slot);
}

AccountSlot AccountBook::find_or_add(const AccountKey& key) {
    std::uint32_t& slot = table_[bucket_of(key)];
    if (slot == kEmpty) {
        slot = size();
        keys_.push_back(key);
        holdings_.emplace_back();
    }
    return AccountSlot(slot);
}

std::span<const InstrumentId> AccountBook::factors(AccountSlot slot) {
    factors_.clear();
    const AccountView account = view(slot);
    for (const PositionRow& row : account.positions) factors_.push_back(row.instrument);
    for (const BalanceRow& row : account.balances) {
        const InstrumentId by = parameters_.assets[row.asset.index()].priced_by;
        if (by.valid()) factors_.push_back(by);
    }
    std::sort(factors_.begin(), factors_.end());
    factors_.erase(std::unique(factors_.begin(), factors_.end()), factors_.end());
    return factors_;
}

}  // namespace margind::core
