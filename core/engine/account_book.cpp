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
      size_max_(parameters.max_accounts),
      table_(std::bit_ceil(std::size_t{2} * std::max<std::size_t>(parameters.max_accounts, 1)),
             kEmpty) {
    keys_.reserve(parameters.max_accounts);
    holdings_.reserve(parameters.max_accounts);
    staged_balances_.reserve(kMaxBalancesPerAccount + kMaxEntriesPerUpdate);
    staged_positions_.reserve(kMaxPositionsPerAccount + kMaxEntriesPerUpdate);
    staged_orders_.reserve(kMaxOrdersPerAccount);
    staged_order_rows_.reserve(kMaxOrdersPerAccount);
    replaced_orders_.reserve(kMaxEntriesPerUpdate);
    factors_.reserve(kMaxPositionsPerAccount + kMaxBalancesPerAccount);
    shared_terms_.buffer[MarginLevel::close_out] = parameters.ladder.close_out_buffer;
    shared_terms_.keeper = parameters.keeper_reward;
    if (parameters.ladder.close_out_buffer.raw() > 0 || shared_terms_.keeper) {
        terms_ = &shared_terms_;
    }
}

Refusal AccountBook::update(std::span<const AccountInput> records, AccountSlot& slot) {
    if (const Refusal refusal = stage(records); refusal != Refusal::none) return refusal;
    slot = commit_staged(records.front().key);
    return Refusal::none;
}

// The staged account becomes the account.
AccountSlot AccountBook::commit_staged(const AccountKey& key) {
    const AccountSlot slot = find_or_add(key);
    Holdings& holdings = holdings_[slot.index()];
    balances_.assign(holdings.balances, staged_balances_);
    positions_.assign(holdings.positions, staged_positions_);
    orders_.assign(holdings.orders, staged_order_rows_);
    holdings.isolated_in = staged_isolated_in_;
    return slot;
}

Refusal AccountBook::stage_source(const AccountInput& from) {
    const std::optional<AccountSlot> source = find(from.key);
    if (!source) return Refusal::unknown_account;
    load_staging(*source);
    const auto owned =
        std::find_if(staged_balances_.begin(), staged_balances_.end(),
                     [&](const BalanceRow& row) { return row.asset.index() == from.id; });
    if (owned == staged_balances_.end() || owned->amount.raw() < from.amount) {
        return Refusal::transfer_not_owned;
    }
    owned->amount = owned->amount - Money::from_raw(from.amount);
    return finish_staging();
}

Refusal AccountBook::stage_receiver(const AccountInput& to) {
    const std::optional<AccountSlot> receiver = find(to.key);
    if (!receiver && size() >= size_max_) return Refusal::too_many_accounts;
    if (receiver) {
        load_staging(*receiver);
    } else {
        clear_staging();
    }
    const auto had =
        std::find_if(staged_balances_.begin(), staged_balances_.end(),
                     [&](const BalanceRow& row) { return row.asset.index() == to.id; });
    AccountInput balance = to;
    balance.amount = saturate_to_int64(Int128{to.amount} +
                                       (had == staged_balances_.end() ? 0 : had->amount.raw()));
    if (const Refusal refusal = stage_balance(balance); refusal != Refusal::none) return refusal;
    return finish_staging();
}

AccountView AccountBook::staged_view() const noexcept {
    return {.balances = staged_balances_,
            .positions = staged_positions_,
            .orders = staged_order_rows_,
            .spot_orders = {},
            .terms = terms_};
}

void AccountBook::clear_staging() noexcept {
    staged_balances_.clear();
    staged_positions_.clear();
    staged_orders_.clear();
    staged_isolated_in_ = InstrumentId::none();
}

// The account as it is.
void AccountBook::load_staging(AccountSlot slot) {
    const AccountView now = view(slot);
    staged_balances_.assign(now.balances.begin(), now.balances.end());
    staged_positions_.assign(now.positions.begin(), now.positions.end());
    staged_orders_.clear();
    for (const OrderRow& row : now.orders) {
        staged_orders_.push_back({now.positions[row.position].instrument, row.size, row.price});
    }
    staged_isolated_in_ = isolated_in(slot);
}

Refusal AccountBook::stage(std::span<const AccountInput> records) {
    const AccountInput& first = records.front();
    clear_staging();
    replaced_orders_.clear();
    const std::optional<AccountSlot> known = find(first.key);
    if (!known && size() >= size_max_) return Refusal::too_many_accounts;
    if (known && first.mode == UpdateMode::patch) load_staging(*known);
    for (const AccountInput& record : records) {
        if (record.key != first.key || record.mode != first.mode) return Refusal::mixed_accounts;
        const Refusal refusal = stage_record(record);
        if (refusal != Refusal::none) return refusal;
    }
    return finish_staging();
}

Refusal AccountBook::stage_record(const AccountInput& record) {
    switch (record.record) {
        case AccountRecord::balance:
            return stage_balance(record);
        case AccountRecord::nothing:
            return Refusal::none;
        case AccountRecord::isolated:
            return stage_isolated(record);
        case AccountRecord::transfer_from:
        case AccountRecord::transfer_to:
            return Refusal::transfer_incomplete;
        case AccountRecord::source_number:  // the engine keeps these two to itself
        case AccountRecord::refused:
        case AccountRecord::count_:
            return Refusal::refused_before;
        case AccountRecord::position:
        case AccountRecord::order:
        case AccountRecord::accrued:
        case AccountRecord::leverage:
            break;
    }
    if (record.id >= parameters_.instruments.size() ||
        parameters_.instruments[record.id].kind == InstrumentKind::spot) {
        return Refusal::unknown_instrument;
    }
    return record.record == AccountRecord::position  ? stage_position(record)
           : record.record == AccountRecord::order   ? stage_order(record)
           : record.record == AccountRecord::accrued ? stage_accrued(record)
                                                     : stage_leverage(record);
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

PositionRow* AccountBook::staged_position(InstrumentId instrument) noexcept {
    const auto at =
        std::find_if(staged_positions_.begin(), staged_positions_.end(),
                     [&](const PositionRow& row) { return row.instrument == instrument; });
    return at == staged_positions_.end() ? nullptr : &*at;
}

// A row without a quantity stays only if orders need it.
PositionRow& AccountBook::staged_position_or_new(InstrumentId instrument) {
    if (PositionRow* row = staged_position(instrument)) return *row;
    PositionRow& row = staged_positions_.emplace_back();
    row.instrument = instrument;
    return row;
}

Refusal AccountBook::stage_position(const AccountInput& record) {
    const InstrumentId instrument(record.id);
    if (record.amount == 0) {
        if (PositionRow* row = staged_position(instrument)) {
            *row = PositionRow{};
            row->instrument = instrument;
        }
        return Refusal::none;
    }
    if (record.price <= 0) return Refusal::entry_price_not_positive;
    if (record.price > parameters_.instruments[record.id].price_max.raw()) {
        return Refusal::price_beyond_maximum;
    }
    PositionRow& row = staged_position_or_new(instrument);
    row.quantity = Quantity::from_raw(record.amount);
    row.entry_price = Price::from_raw(record.price);
    return Refusal::none;
}

Refusal AccountBook::stage_order(const AccountInput& record) {
    const InstrumentId instrument(record.id);
    if (std::find(replaced_orders_.begin(), replaced_orders_.end(), instrument) ==
        replaced_orders_.end()) {
        std::erase_if(staged_orders_,
                      [&](const StagedOrder& order) { return order.instrument == instrument; });
        replaced_orders_.push_back(instrument);
    }
    if (record.amount == 0) return Refusal::none;
    if (record.price <= 0) return Refusal::price_not_positive;
    if (record.price > parameters_.instruments[record.id].price_max.raw()) {
        return Refusal::price_beyond_maximum;
    }
    if (staged_orders_.size() >= kMaxOrdersPerAccount) return Refusal::too_many_orders;
    staged_position_or_new(instrument);
    staged_orders_.push_back(
        {instrument, Quantity::from_raw(record.amount), Price::from_raw(record.price)});
    return Refusal::none;
}

Refusal AccountBook::stage_accrued(const AccountInput& record) {
    PositionRow* row = staged_position(InstrumentId(record.id));
    if (row == nullptr) return Refusal::no_such_position;
    const AssetId settle = settlement_asset(parameters_.instruments[record.id]);
    if (magnitude_or_max(record.amount) > parameters_.assets[settle.index()].amount_max.raw()) {
        return Refusal::amount_beyond_maximum;
    }
    row->accrued = Money::from_raw(record.amount);
    return Refusal::none;
}

Refusal AccountBook::stage_leverage(const AccountInput& record) {
    PositionRow* row = staged_position(InstrumentId(record.id));
    if (row == nullptr) return Refusal::no_such_position;
    if (record.amount != 0 && record.amount < kScale) return Refusal::leverage_out_of_range;
    row->least_initial_rate = record.amount == 0
                                  ? Rate{}
                                  : quotient(kRateOne, Rate::from_raw(record.amount), Rounding::up);
    return Refusal::none;
}

Refusal AccountBook::stage_isolated(const AccountInput& record) {
    if (record.id != kCross && record.id >= parameters_.instruments.size()) {
        return Refusal::unknown_instrument;
    }
    staged_isolated_in_ = InstrumentId(record.id);
    return Refusal::none;
}

// Rows in the order of their ids, a balance for every settlement asset, none that is empty and
// unneeded: the same holdings always make the same rows.
Refusal AccountBook::finish_staging() {
    drop_empty_positions();
    if (staged_positions_.size() > kMaxPositionsPerAccount) return Refusal::too_many_positions;
    if (staged_isolated_in_.valid() &&
        std::any_of(staged_positions_.begin(), staged_positions_.end(),
                    [&](const auto& row) { return row.instrument != staged_isolated_in_; })) {
        return Refusal::second_instrument;
    }
    std::sort(
        staged_positions_.begin(), staged_positions_.end(),
        [](const PositionRow& a, const PositionRow& b) { return a.instrument < b.instrument; });
    settle_staged_positions();
    if (staged_balances_.size() > kMaxBalancesPerAccount) return Refusal::too_many_balances;
    std::stable_sort(staged_orders_.begin(), staged_orders_.end(),
                     [](const StagedOrder& a, const StagedOrder& b) {
                         if (a.instrument != b.instrument) return a.instrument < b.instrument;
                         const bool bid = a.size.raw() > 0;
                         if (bid != (b.size.raw() > 0)) return bid;
                         return a.price < b.price;
                     });
    if (!sizes_fit()) return Refusal::amount_beyond_maximum;
    staged_order_rows_.clear();
    for (const StagedOrder& order : staged_orders_) {
        const PositionRow* row = staged_position(order.instrument);
        staged_order_rows_.push_back(
            {.position = static_cast<std::uint32_t>(row - staged_positions_.data()),
             .size = order.size,
             .price = order.price});
    }
    return gross_exposure() > kMaxExposure ? Refusal::amount_beyond_maximum : Refusal::none;
}

void AccountBook::drop_empty_positions() {
    std::erase_if(staged_positions_, [&](const PositionRow& row) {
        return row.quantity.raw() == 0 &&
               std::none_of(
                   staged_orders_.begin(), staged_orders_.end(),
                   [&](const StagedOrder& order) { return order.instrument == row.instrument; });
    });
}

// Balances of what positions settle in, and none that is empty beside.
void AccountBook::settle_staged_positions() {
    const auto settle_of = [&](const PositionRow& row) {
        return settlement_asset(parameters_.instruments[row.instrument.index()]);
    };
    std::erase_if(staged_balances_, [&](const BalanceRow& balance) {
        return balance.amount.raw() == 0 &&
               std::none_of(
                   staged_positions_.begin(), staged_positions_.end(),
                   [&](const PositionRow& row) { return settle_of(row) == balance.asset; });
    });
    const auto balance_in = [&](AssetId asset) {
        return std::find_if(staged_balances_.begin(), staged_balances_.end(),
                            [&](const BalanceRow& row) { return row.asset == asset; });
    };
    for (const PositionRow& row : staged_positions_) {
        if (balance_in(settle_of(row)) == staged_balances_.end()) {
            staged_balances_.push_back({settle_of(row), Money{}});
        }
    }
    std::sort(staged_balances_.begin(), staged_balances_.end(),
              [](const BalanceRow& a, const BalanceRow& b) { return a.asset < b.asset; });
    for (PositionRow& row : staged_positions_) {
        row.balance =
            static_cast<std::uint32_t>(balance_in(settle_of(row)) - staged_balances_.begin());
    }
}

// Where price_max and the contract's factor are tiny, exposure alone admits any size. Requires:
// positions and orders are sorted.
bool AccountBook::sizes_fit() const noexcept {
    auto order = staged_orders_.begin();
    for (const PositionRow& row : staged_positions_) {
        Int128 size = magnitude_or_max(row.quantity.raw());
        for (; order != staged_orders_.end() && order->instrument == row.instrument; ++order) {
            size += magnitude_or_max(order->size.raw());
        }
        if (size > kMaxSize) return false;
    }
    return true;
}

// What the quantity can be worth in the valuation currency, or more than kMaxExposure.
Int128 AccountBook::exposure_of(InstrumentId id, Quantity quantity) const noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    const std::int64_t size = magnitude_or_max(quantity.raw());
    // An inverse contract is worth its face in the quote, and most of its settlement asset at the
    // lowest price there is, one tick.
    if (is_inverse(instrument.kind)) return bounded_product(size, instrument.scale.factor(), 1);
    const Int128 in_quote =
        bounded_product(instrument.price_max.raw(), size, instrument.scale.factor());
    const std::int64_t unit = exposure_of_unit(settlement_asset(instrument));
    if (in_quote > kMaxExposure / unit * kScale) return kMaxExposure + 1;
    return unit == kScale ? in_quote : in_quote / kScale * unit + unit;
}

// What one unit of the asset adds to exposure: its largest price, and at least par, because amounts
// are added up before they are worth anything, and those sums must fit too.
std::int64_t AccountBook::exposure_of_unit(AssetId asset) const noexcept {
    return std::max(largest_unit_price(parameters_, asset), kUnitPriceOne).raw();
}

Int128 AccountBook::gross_exposure() const noexcept {
    Int128 total = 0;
    for (const PositionRow& row : staged_positions_) {
        total += exposure_of(row.instrument, row.quantity);
        total += bounded_product(
            magnitude_or_max(row.accrued.raw()),
            exposure_of_unit(settlement_asset(parameters_.instruments[row.instrument.index()])), 1);
        if (total > kMaxExposure) return total;
    }
    for (const StagedOrder& order : staged_orders_) {
        total += exposure_of(order.instrument, order.size);
        if (total > kMaxExposure) return total;
    }
    for (const BalanceRow& row : staged_balances_) {
        total +=
            bounded_product(magnitude_or_max(row.amount.raw()), exposure_of_unit(row.asset), 1);
        if (total > kMaxExposure) return total;
    }
    return total;
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
    const std::size_t bucket = bucket_of(key);
    if (table_[bucket] != kEmpty) return AccountSlot(table_[bucket]);
    const std::uint32_t slot = size();
    table_[bucket] = slot;
    keys_.push_back(key);
    holdings_.emplace_back();
    if (2 * keys_.size() > table_.size()) grow_table();
    return AccountSlot(slot);
}

// More accounts than memory was reserved for: see limit_size().
void AccountBook::grow_table() {
    table_.assign(2 * table_.size(), kEmpty);
    for (std::uint32_t slot = 0; slot < size(); ++slot) table_[bucket_of(keys_[slot])] = slot;
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
