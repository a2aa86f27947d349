// Ranges of prices and rates for accounts whose rules are not additive.
#include <algorithm>
#include <cmath>

#include "core/bands/band_index.hpp"
#include "core/bands/faults.hpp"
#include "core/bands/rough_root.hpp"

namespace margind::core {

std::int64_t BandIndex::price_of(FactorIndex factor) const noexcept {
    const MarketView market = market_.view();
    return factor < market.instruments.size()
               ? market.instruments[factor].mark.raw()
               : market.assets[factor - market.instruments.size()].price.raw();
}

PriceRange BandIndex::range_of(FactorIndex factor) const noexcept {
    const auto instruments = static_cast<std::uint32_t>(parameters_.instruments.size());
    const bool of_asset = factor >= instruments;
    return {.of_asset = of_asset, .id = of_asset ? factor - instruments : factor};
}

// Ranges as wide as the account's distance allows, narrowed until the worst corner of them is safe.
bool BandIndex::guard_ranges(Account& account, const AccountView& view, bool returning) noexcept {
    constexpr int kAttempts = 6;
    const Int128 slack = corner_.distance(view, market_.view(), account.state);
    if (slack <= 0 || !widths(account, view, slack)) return false;
    double part = 1;
    for (int attempt = 0; attempt < kAttempts; ++attempt, part /= 2) {
        if (!worth_ranging(account, view, part, returning) || !fill_ranges(account, part))
            return false;
        if (!MARGIND_FAULT(corner_unchecked) &&
            !corner_.safe(view, market_.view(), account.state, price_ranges_, rate_ranges_)) {
            continue;
        }
        ++statistics_.guards_set;
        return set_range_keys(account);
    }
    return false;
}

// How far each price may move by itself: its part of the distance over what it does to it.
bool BandIndex::widths(Account& account, const AccountView& view, Int128 slack) noexcept {
    constexpr std::int64_t kProbe = 128;  // a probe moves a price by a 128th
    constexpr double kPart = 0.6;         // of the distance; rates and bends have the rest
    constexpr double kWidest = 0.25;
    harm_.clear();
    width_.clear();
    double all = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        double harm = 0;
        if (slot.kind == Kind::range) {
            const std::int64_t price = price_of(slot.factor);
            const std::int64_t probe = std::max<std::int64_t>(price / kProbe, 1);
            if (price <= probe) return false;
            const PriceRange range = range_of(slot.factor);
            const auto lost = [&](std::int64_t at) {
                return static_cast<double>(
                    slack - corner_.distance_with(view, market_.view(), account.state, range, at));
            };
            const double by_rise = lost(price + probe);
            const double by_fall = lost(price - probe);
            const double scale = static_cast<double>(price) / static_cast<double>(probe);
            harm = by_rise > by_fall ? by_rise * scale : -by_fall * scale;
        }
        harm_.push_back(harm);
        const double spread = std::abs(harm) * spreads_[slot.factor].deviation /
                              std::max(1, coordinates_.at(slot.factor, kPriceUp));
        width_.push_back(rough_cube_root(spread * spread));
        if (slot.kind == Kind::range) all += width_.back();
    }
    for (std::size_t i = 0; i < width_.size(); ++i) {
        const double harm = std::abs(harm_[i]);
        const double share = kPart * static_cast<double>(slack) * width_[i] / all;
        width_[i] = harm > 0 && all > 0 ? std::min(kWidest, share / harm) : kWidest;
    }
    return true;
}

// Break-even as for guards; setting ranges anew costs some evaluations for each attempt.
bool BandIndex::worth_ranging(const Account& account, const AccountView& view, double part,
                              bool returning) const noexcept {
    constexpr double kAttempts = 2;
    constexpr double kBeside = 20;  // what else it costs, in evaluations
    constexpr double kReturn = 2;
    const double crossing =
        kBeside + kAttempts * static_cast<double>(corner_.evaluations(view, market_.view()));
    double crossings = 0;
    double ticks = 0;
    std::size_t i = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        const double width = width_[i++] * part;
        if (slot.kind != Kind::range) continue;
        const double deviation =
            spreads_[slot.factor].deviation / std::max(1, coordinates_.at(slot.factor, kPriceUp));
        crossings += deviation * deviation / (width * width);
        ticks += spreads_[slot.factor].share;
    }
    const double needed = returning ? kReturn * kReturn : 1.0;
    return crossings * crossing * needed <= ticks;
}

bool BandIndex::fill_ranges(const Account& account, double part) noexcept {
    constexpr double kOtherWay = 4;  // times as far where it does no harm
    constexpr double kRates = 0.1;   // how far rates may rise, at first
    price_ranges_.clear();
    rate_ranges_.clear();
    rate_keys_.clear();
    std::size_t i = 0;
    for (const Slot& slot : slots_.rows(account.run)) {
        const std::size_t at = i++;
        if (slot.kind == Kind::range) {
            PriceRange range = range_of(slot.factor);
            const auto price = static_cast<double>(price_of(slot.factor));
            const double to_harm = width_[at] * part;
            const double other = std::min(0.5, to_harm * kOtherWay);
            range.high = static_cast<std::int64_t>(price * (1 + (harm_[at] > 0 ? to_harm : other)));
            range.low = static_cast<std::int64_t>(price * (1 - (harm_[at] > 0 ? other : to_harm)));
            if (range.low < 1) return false;
            price_ranges_.push_back(range);
        } else if (slot.kind == Kind::rules) {
            const BandKey now = coordinates_.at(slot.factor, kRulesUp);
            const BandKey most = now + static_cast<BandKey>(now * kRates * part);
            rate_keys_.push_back(most);
            if (slot.factor < parameters_.instruments.size()) {
                rate_ranges_.push_back({.instrument = slot.factor,
                                        .anchors = coordinates_.anchored_rates(slot.factor),
                                        .most = most});
            }
        }
    }
    return true;
}

bool BandIndex::set_range_keys(Account& account) noexcept {
    const std::span<Slot> slots = slots_.rows(account.run);
    std::size_t price = 0;
    std::size_t rate = 0;
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        Slot& slot = slots[i];
        const std::uint32_t place = account.run.offset + i;
        if (slot.kind == Kind::range) {
            const PriceRange& range = price_ranges_[price++];
            const BandKey up = coordinates_.key_for_high(slot.factor, range.high);
            const BandKey down = coordinates_.key_for_low(slot.factor, range.low);
            if (up < coordinates_.at(slot.factor, kPriceUp) ||
                down < coordinates_.at(slot.factor, kPriceDown) ||
                !set_key(slot, place, 0, kPriceUp, up) ||
                !set_key(slot, place, 1, kPriceDown, down)) {
                return false;
            }
        } else if (slot.kind == Kind::rules &&
                   !set_key(slot, place, 0, kRulesUp, rate_keys_[rate++])) {
            return false;
        }
    }
    return true;
}

std::optional<AuditCheck> BandIndex::broken_range(const Account& account,
                                                  const AccountView& view) const noexcept {
    audit_prices_.clear();
    audit_rates_.clear();
    for (const Slot& slot : slots_.rows(account.run)) {
        const bool range = slot.kind == Kind::range;
        if (coordinates_.at(slot.factor, range ? kPriceUp : kRulesUp) > slot.key[0]) {
            return AuditCheck::key;
        }
        if (range) {
            if (coordinates_.at(slot.factor, kPriceDown) > slot.key[1]) return AuditCheck::key;
            PriceRange prices = range_of(slot.factor);
            prices.high = coordinates_.price_at_most(slot.factor, slot.key[0]);
            prices.low = coordinates_.price_at_least(slot.factor, slot.key[1]);
            audit_prices_.push_back(prices);
        } else if (slot.factor < parameters_.instruments.size()) {
            audit_rates_.push_back({.instrument = slot.factor,
                                    .anchors = coordinates_.anchored_rates(slot.factor),
                                    .most = slot.key[0]});
        }
    }
    const bool safe =
        corner_.safe(view, market_.view(), account.state, audit_prices_, audit_rates_);
    return safe ? std::nullopt : std::optional(AuditCheck::certificate);
}

}  // namespace margind::core
