#include "core/bands/coordinates.hpp"

#include <algorithm>
#include <cmath>

namespace margind::core {
namespace {

constexpr double kOne = static_cast<double>(kScale);

// Rounded up; what does not fit stands above every key.
BandKey step_above(double steps) noexcept {
    constexpr double kHighest = Coordinates::kLimit;
    if (!(steps < kHighest)) return Coordinates::kLimit + 1;
    if (steps < -kHighest) return -Coordinates::kLimit;
    const auto floor = static_cast<BandKey>(steps);
    return static_cast<double>(floor) < steps ? floor + 1 : floor;
}

constexpr bool goes_down(std::size_t threshold) {
    return threshold < kThresholds / 2;
}

}  // namespace

Multiples multiples_of(const Ladder& ladder) noexcept {
    const auto enter = [](const Level& level) { return level.multiplier.raw() * kScale; };
    const auto leave = [](const Level& level) {
        return level.multiplier.raw() * (kScale + level.hysteresis.raw());
    };
    return {enter(ladder.warning),     enter(ladder.margin_call),
            enter(ladder.liquidation), 0,
            leave(ladder.warning),     leave(ladder.margin_call),
            leave(ladder.liquidation), ladder.liquidation.hysteresis.raw() * kScale};
}

Coordinates::Coordinates(const RiskParameters& parameters)
    : instruments_(static_cast<std::uint32_t>(parameters.instruments.size())),
      factors_(parameters.instruments.size() + parameters.assets.size()),
      anchors_(factors_.size()) {
    // The most that a coordinate can be with rates of 100 %; higher rates only leave the grid. So
    // does a debt that weighs more than it did at the start.
    constexpr double kLargestMultiple = 2;
    for (std::uint32_t i = 0; i < instruments_; ++i) {
        const Instrument& instrument = parameters.instruments[i];
        Factor& factor = factors_[i];
        factor.value_per_tick = static_cast<double>(instrument.scale.factor());
        choose_step(factor, static_cast<double>(instrument.price_max.raw()) *
                                factor.value_per_tick * kLargestMultiple);
    }
    for (std::uint32_t a = 0; a < parameters.assets.size(); ++a) {
        const auto largest = static_cast<double>(largest_unit_price(parameters, AssetId(a)).raw());
        const double weight =
            static_cast<double>(
                parameters.assets[a].liability_weight[MarginLevel::maintenance].raw()) /
            kOne;
        choose_step(factors_[instruments_ + a], largest * kLargestMultiple * std::max(weight, 1.0));
    }
    for (Anchor& anchor : anchors_) anchor.rates.reserve(kMaxTiers);
    set_ladder(parameters.ladder);
}

// The smallest power of two with which `largest` stays inside the grid.
void Coordinates::choose_step(Factor& factor, double largest) noexcept {
    factor.step_log2 = -30;
    factor.steps_per_value = static_cast<double>(std::int64_t{1} << 30);
    while (largest * factor.steps_per_value >= static_cast<double>(kLimit)) {
        ++factor.step_log2;
        factor.steps_per_value /= 2;
    }
}

void Coordinates::set_ladder(const Ladder& ladder) noexcept {
    multiples_ = multiples_of(ladder);
    for (std::size_t t = 0; t < kThresholds; ++t) {
        fractions_[t] = static_cast<double>(multiples_[t]) / (kOne * kOne);
    }
}

void Coordinates::update(InstrumentId id, const InstrumentRow& row) noexcept {
    Factor& factor = factors_[of(id)];
    const double price = static_cast<double>(row.mark.raw()) * factor.value_per_tick;
    const double steps = price * factor.steps_per_value;
    const double rate =
        row.tier_count == 0
            ? 0
            : static_cast<double>(row.tiers[0].rate[MarginLevel::maintenance].raw()) / kOne;
    for (std::size_t t = 0; t < kThresholds; ++t) {
        const double required = fractions_[t] * rate;
        const double of_long = steps * (1 - required);
        const double of_short = steps * (1 + required);
        factor.now[rising(t)] = step_above(goes_down(t) ? -of_long : of_long);
        factor.now[falling(t)] = step_above(goes_down(t) ? of_short : -of_short);
    }
    factor.now[kPriceUp] = step_above(steps);
    factor.now[kPriceDown] = step_above(-steps);
}

void Coordinates::update(AssetId id, const AssetRow& row) noexcept {
    Factor& factor = factors_[of(id)];
    const double steps = static_cast<double>(row.price.raw()) * factor.steps_per_value;
    const auto weighted = [&](const PerLevel<Rate>& weight) {
        return steps * (static_cast<double>(weight[MarginLevel::maintenance].raw()) / kOne);
    };
    const double owned = weighted(row.asset_weight);
    const double owed = weighted(row.liability_weight);
    for (std::size_t t = 0; t < kThresholds; ++t) {
        factor.now[rising(t)] = step_above(goes_down(t) ? -owned : owned);
        factor.now[falling(t)] = step_above(goes_down(t) ? owed : -owed);
    }
    factor.now[kPriceUp] = step_above(steps);
    factor.now[kPriceDown] = step_above(-steps);
}

void Coordinates::anchor(FactorIndex factor, const InstrumentRow& row) {
    Anchor& anchor = anchors_[factor];
    anchor.rates.clear();
    for (std::uint32_t t = 0; t < row.tier_count; ++t) anchor.rates.push_back(row.tiers[t].rate);
    anchor.terms = row.terms;
    if (row.terms != nullptr) {
        anchor.charge_per_unit = row.terms->charge_per_unit;
        anchor.in_auction = row.terms->in_auction;
        anchor.auction_price = row.terms->auction_price;
    }
    factors_[factor].now[kRulesUp] = static_cast<BandKey>(kUnmoved);
}

Coordinates::Rules Coordinates::update_rules(InstrumentId id, const InstrumentRow& row) {
    const FactorIndex factor = of(id);
    const Anchor& before = anchors_[factor];
    bool same = before.terms == row.terms && before.rates.size() == row.tier_count;
    if (same && row.terms != nullptr) {
        same = before.charge_per_unit == row.terms->charge_per_unit &&
               before.in_auction == row.terms->in_auction &&
               before.auction_price == row.terms->auction_price;
    }
    std::int64_t largest = 0;
    for (std::uint32_t t = 0; same && t < row.tier_count; ++t) {
        for (const MarginLevel level : kAllMarginLevels) {
            const std::int64_t anchored = before.rates[t][level].raw();
            const std::int64_t now = row.tiers[t].rate[level].raw();
            if (anchored == now) {
                largest = std::max(largest, kUnmoved);
            } else if (anchored == 0) {
                same = false;
            } else {
                // Two above the double's floor: never below the true ratio.
                const double ratio = static_cast<double>(now) / static_cast<double>(anchored);
                largest =
                    std::max(largest, ratio < 4 ? static_cast<std::int64_t>(ratio * kUnmoved) + 2
                                                : 4 * kUnmoved);
            }
        }
    }
    if (same && largest <= 2 * kUnmoved && largest >= kUnmoved / 2) {
        factors_[factor].now[kRulesUp] = static_cast<BandKey>(largest);
        return Rules::hold;
    }
    const bool replaced = before.terms != row.terms;
    anchor(factor, row);
    return replaced ? Rules::replaced : Rules::changed;
}

Coordinates::Rules Coordinates::update_rules(AssetId id, const AssetRow& row) {
    Anchor& anchor = anchors_[of(id)];
    factors_[of(id)].now[kRulesUp] = static_cast<BandKey>(kUnmoved);
    const bool same =
        anchor.asset_weight == row.asset_weight && anchor.liability_weight == row.liability_weight;
    const bool replaced = anchor.terms != row.terms;
    anchor.terms = row.terms;
    anchor.asset_weight = row.asset_weight;
    anchor.liability_weight = row.liability_weight;
    return replaced ? Rules::replaced : same ? Rules::hold : Rules::changed;
}

std::int64_t Coordinates::price_at_most(FactorIndex factor, BandKey up) const noexcept {
    const double price = std::floor(static_cast<double>(up) / steps_per_raw(factor));
    return static_cast<std::int64_t>(std::min(price, 9e18));
}
std::int64_t Coordinates::price_at_least(FactorIndex factor, BandKey down) const noexcept {
    const double price = std::ceil(-static_cast<double>(down) / steps_per_raw(factor));
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(price));
}
BandKey Coordinates::key_for_high(FactorIndex factor, std::int64_t price) const noexcept {
    const double steps = std::floor(static_cast<double>(price) * steps_per_raw(factor));
    return static_cast<BandKey>(std::min(steps, static_cast<double>(kLimit)));
}
BandKey Coordinates::key_for_low(FactorIndex factor, std::int64_t price) const noexcept {
    const double steps = std::floor(-static_cast<double>(price) * steps_per_raw(factor));
    return static_cast<BandKey>(std::max(steps, -static_cast<double>(kLimit)));
}

}  // namespace margind::core
