// What can move an account, as numbers that many accounts share: for each instrument, what one unit
// of a long or a short position adds to equity less a multiple of the margin it requires; for each
// asset, what one unit of it owned or owed adds. Price and margin rate, price and haircut, collapse
// into one coordinate each, so a rate may move with every tick at no extra cost.
//
//   long   U_k = price * (1 - k * rate)      short  V_k = price * (1 + k * rate)
//   owned  price * asset weight              owed   price * liability weight
//
// One for each threshold k of the ladder, counted in grid steps and turned so that it rises when
// the accounts that watch it come nearer to the threshold. A coordinate is at least its exact value
// and at most 2 steps above it (kSlop): who keeps a distance in coordinates keeps kSlop more.
//
// Thread: the engine's. Cost: about 20 ns to bring one factor up to date.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/event.hpp"
#include "core/ids.hpp"
#include "core/limits.hpp"
#include "core/margin/market_view.hpp"
#include "core/parameters.hpp"
#include "core/units.hpp"

namespace margind::core {

using BandKey = std::int32_t;

// The lines an account can cross. Going down the ladder it enters a state, going up it leaves one.
inline constexpr std::size_t kThresholds = 8;
constexpr std::size_t entering(MarginState state) {  // Requires: not healthy
    return static_cast<std::size_t>(state) - 1;
}
constexpr std::size_t leaving(MarginState state) {  // Requires: not healthy
    return static_cast<std::size_t>(state) + 3;
}

// Beside the thresholds' coordinates each factor has its price both ways, and how far its rules
// have moved.
enum : std::size_t { kPriceUp = 2 * kThresholds, kPriceDown, kRulesUp, kCoordinatesPerFactor };

// Multiples of the maintenance margin at 1e-16, by threshold.
using Multiples = std::array<std::int64_t, kThresholds>;
Multiples multiples_of(const Ladder& ladder) noexcept;

// An instrument (its positions), or an asset (its balances).
using FactorIndex = std::uint32_t;

class Coordinates {
  public:
    static constexpr std::size_t kPerFactor = kCoordinatesPerFactor;
    // A ratio of one in the coordinate of rules.
    static constexpr std::int64_t kUnmoved = std::int64_t{1} << 24;
    static constexpr BandKey kSlop = 2;
    // Keys lie within [-kLimit, kLimit]; a coordinate beyond is above every key.
    static constexpr BandKey kLimit = BandKey{1} << 30;

    explicit Coordinates(const RiskParameters& parameters);

    std::size_t factors() const noexcept { return factors_.size(); }
    std::size_t bytes() const noexcept { return factors_.size() * sizeof(Factor); }
    FactorIndex of(InstrumentId id) const noexcept { return id.index(); }
    FactorIndex of(AssetId id) const noexcept { return instruments_ + id.index(); }
    // Of what is worth more when the price rises (long, owned), and of what is worth less.
    static std::size_t rising(std::size_t threshold) noexcept { return threshold; }
    static std::size_t falling(std::size_t threshold) noexcept { return kThresholds + threshold; }

    // The ladder's multiples changed.
    void set_ladder(const Ladder& ladder) noexcept;
    void update(InstrumentId id, const InstrumentRow& row) noexcept;
    void update(AssetId id, const AssetRow& row) noexcept;
    // Brings the coordinate of the factor's rules up to date: of an instrument, the largest ratio
    // of a rate to what it was when they were anchored.
    enum class Rules : std::uint8_t {
        hold,      // the coordinate says how far they have moved
        changed,   // in another way, or too far: anchored anew, nothing kept before holds
        replaced,  // the factor has got rules, or lost them: what covers its accounts changes too
    };
    Rules update_rules(InstrumentId id, const InstrumentRow& row);
    Rules update_rules(AssetId id, const AssetRow& row);
    std::span<const PerLevel<Rate>> anchored_rates(FactorIndex factor) const noexcept {
        return anchors_[factor].rates;
    }
    // Prices between which a factor stays while its price coordinates are at most these keys, and
    // the keys that keep it between prices.
    std::int64_t price_at_most(FactorIndex factor, BandKey up) const noexcept;
    std::int64_t price_at_least(FactorIndex factor, BandKey down) const noexcept;
    BandKey key_for_high(FactorIndex factor, std::int64_t price) const noexcept;
    BandKey key_for_low(FactorIndex factor, std::int64_t price) const noexcept;

    BandKey at(FactorIndex factor, std::size_t coordinate) const noexcept {
        return factors_[factor].now[coordinate];
    }
    const std::array<BandKey, kPerFactor>& all(FactorIndex factor) const noexcept {
        return factors_[factor].now;
    }
    // Whether a coordinate is where the grid ends, and may be further.
    static bool off_grid(BandKey coordinate) noexcept {
        return coordinate > kLimit || coordinate <= -kLimit;
    }
    // What `steps` are worth to an amount (raw), at 1e-16 of money, rounded up.
    Int128 worth(FactorIndex factor, Int128 steps, std::int64_t amount) const noexcept {
        const int log2 = factors_[factor].step_log2;
        const Int128 product = steps * amount;
        return log2 >= 0 ? product << log2 : -((-product) >> -log2);
    }
    // What a step of one raw unit is worth, in 1e-16 of money.
    double step_value(FactorIndex factor) const noexcept {
        return 1 / factors_[factor].steps_per_value;
    }
    std::int64_t multiple(std::size_t threshold) const noexcept { return multiples_[threshold]; }

  private:
    struct alignas(kCacheLine) Factor {
        std::array<BandKey, kPerFactor> now{};
        int step_log2 = 0;
        double steps_per_value = 1;  // 2^-step_log2
        double value_per_tick = 1;   // of one raw unit
    };

    // What an evaluation reads of a factor beside its price, as it was when it was anchored.
    struct Anchor {
        std::vector<PerLevel<Rate>> rates;  // of an instrument's tiers
        PerLevel<Rate> asset_weight;
        PerLevel<Rate> liability_weight;
        Money charge_per_unit;
        bool in_auction = false;
        Price auction_price;
        const void* terms = nullptr;
    };

    void anchor(FactorIndex factor, const InstrumentRow& row);
    double steps_per_raw(FactorIndex factor) const noexcept {
        return factors_[factor].value_per_tick * factors_[factor].steps_per_value;
    }
    void choose_step(Factor& factor, double largest) noexcept;

    std::uint32_t instruments_;
    std::vector<Factor> factors_;
    std::vector<Anchor> anchors_;
    Multiples multiples_{};
    std::array<double, kThresholds> fractions_{};  // the multiples, for the products
};

}  // namespace margind::core
