#include "core/engine/state_hash.hpp"

#include <algorithm>
#include <string_view>

#include "core/journal/archive.hpp"

namespace margind::core {
namespace {

// Up to eight bytes as a word, the first lowest.
std::uint64_t word_of(const std::byte* bytes, std::size_t count) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
        word |= std::uint64_t{std::to_integer<std::uint8_t>(bytes[i])} << (8 * i);
    }
    return word;
}

void add_text(Mixer& mixer, std::string_view text) noexcept {
    const auto bytes = std::as_bytes(std::span(text));
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        mixer.add(word_of(bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at)));
    }
}

template <class Number>
void add_raw(Mixer& mixer, const Number& number) noexcept {
    mixer.add(static_cast<std::uint64_t>(number.raw()));
}

template <class Number>
void add_levels(Mixer& mixer, const PerLevel<Number>& levels) noexcept {
    for (const MarginLevel level : kAllMarginLevels) add_raw(mixer, levels[level]);
}

void add_instrument(Mixer& mixer, const InstrumentRow& row, const InstrumentStatus& status) {
    add_raw(mixer, row.mark);
    add_raw(mixer, status.index);
    mixer.add(static_cast<std::uint64_t>(status.state));
    for (std::uint32_t t = 0; t < row.tier_count; ++t) add_levels(mixer, row.tiers[t].rate);
    mixer.add(row.terms == nullptr ? 0 : 1);
    if (row.terms == nullptr) return;
    // What of the terms moves with the market; the rest are parameters.
    add_levels(mixer, row.terms->long_price);
    add_levels(mixer, row.terms->short_price);
    add_raw(mixer, row.terms->charge_per_unit);
    add_raw(mixer, row.terms->auction_price);
}

void add_asset(Mixer& mixer, const AssetRow& row) {
    add_raw(mixer, row.price);
    add_levels(mixer, row.asset_weight);
    add_levels(mixer, row.liability_weight);
    mixer.add(row.terms == nullptr ? 0 : 1);
    if (row.terms == nullptr) return;
    add_levels(mixer, row.terms->asset_price);
    add_levels(mixer, row.terms->liability_price);
}

}  // namespace

bool HashSink::put(const std::byte* bytes, std::size_t count) noexcept {
    for (std::size_t at = 0; at < count; at += 8) {
        mixer_.add(word_of(bytes + at, std::min<std::size_t>(8, count - at)));
    }
    return true;
}

std::uint64_t account_hash(const AccountKey& key, InstrumentId isolated_in,
                           const AccountView& account) noexcept {
    Mixer mixer;
    const std::string_view owner = key.owner.view();
    const std::string_view sub_account = key.sub_account.view();
    mixer.add(owner.size() | std::uint64_t{sub_account.size()} << 32);
    add_text(mixer, owner);
    add_text(mixer, sub_account);
    mixer.add(isolated_in.index() | std::uint64_t{account.balances.size()} << 32);
    mixer.add(account.positions.size() | std::uint64_t{account.orders.size()} << 32);
    for (const BalanceRow& row : account.balances) {
        mixer.add(row.asset.index());
        add_raw(mixer, row.amount);
    }
    for (const PositionRow& row : account.positions) {
        mixer.add(row.instrument.index());
        add_raw(mixer, row.quantity);
        add_raw(mixer, row.entry_price);
        add_raw(mixer, row.accrued);
        add_raw(mixer, row.least_initial_rate);
    }
    for (const OrderRow& row : account.orders) {
        mixer.add(row.position | std::uint64_t{row.count} << 32);
        add_raw(mixer, row.size);
        add_raw(mixer, row.price);
    }
    return mixer.value();
}

std::uint64_t market_hash(const AccountView& account, std::span<const InstrumentId> factors,
                          const MarketStage& market) noexcept {
    const MarketView view = market.view();
    Mixer mixer;
    for (const InstrumentId id : factors) {
        mixer.add(id.index());
        add_instrument(mixer, view.instruments[id.index()], market.status(id));
    }
    for (const BalanceRow& row : account.balances) {
        mixer.add(row.asset.index());
        add_asset(mixer, view.assets[row.asset.index()]);
    }
    return mixer.value();
}

std::uint64_t parameters_hash(std::uint64_t config_hash,
                              std::span<const ParameterInput> changes) noexcept {
    Mixer mixer;
    mixer.add(config_hash);
    for (const ParameterInput& change : changes) {
        mixer.add(static_cast<std::uint64_t>(change.parameter) | std::uint64_t{change.tier} << 16 |
                  std::uint64_t{change.target} << 32);
        mixer.add(static_cast<std::uint64_t>(change.value));
    }
    return mixer.value();
}

}  // namespace margind::core
