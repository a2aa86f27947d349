// How an account fares at the worst point of a box of prices and rates, whatever rules it is asked:
// found with the margin evaluation itself, on rows whose prices and rates stand at the ends of the
// box.
//
// Why the corners are enough. At each level, equity less a multiple of the margin falls with every
// rate, and as a function of one price it is concave, in the price or in its inverse: requirements
// are convex (tiers rise, orders count the worse outcome), gains count at most in full, debts at
// least. So its least value over the range of one price is at one of the two ends. It is a sum over
// the balances that positions settle in. Where such a balance counts for exactly its amount, the
// sum goes on over its positions, and the worst end of one price is the worst whatever the others
// do. Where it does not, the balance may be owed with one price low and owned with it high, and
// count differently: all corners of its prices are looked at. Rules that break this are refused by
// covers(), and so are those that round a weight or a rate by an amount that moves with a price.
//
// Thread: the engine's. Cost: one evaluation for each price and level, twice or three times, and
// for each corner of prices that belong together; for accounts that core/bands/coordinates.hpp does
// not cover.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/engine/ladder.hpp"
#include "core/limits.hpp"
#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"

namespace margind::core {

// A price that an account depends on, and how far it may go: of an instrument's mark, or of an
// asset.
struct PriceRange {
    bool of_asset = false;
    std::uint32_t id = 0;
    std::int64_t low = 0;
    std::int64_t high = 0;
};

// How high the rates of an instrument's tiers may be: each at most its anchor * most / 2^24.
struct RateRange {
    std::uint32_t instrument = 0;
    std::span<const PerLevel<Rate>> anchors;
    std::int64_t most = 0;
};

class WorstCorner {
  public:
    static constexpr std::size_t kPricesMax = 48;
    static constexpr std::size_t kTogetherMax = 6;  // prices that hang on one balance

    explicit WorstCorner(const RiskParameters& parameters);

    // Whether the account's rules are among those for which corners are enough.
    bool covers(const AccountView& account, const MarketView& market) const noexcept;

    // How many evaluations safe() takes at most for each line.
    std::size_t evaluations(const AccountView& account, const MarketView& market) const noexcept;

    // Equity less the multiple of the margin of the next line down the ladder, at 1e-16 of money.
    Int128 distance(const AccountView& account, const MarketView& market,
                    MarginState state) const noexcept;
    // The same with one price moved to `price`.
    Int128 distance_with(const AccountView& account, const MarketView& market, MarginState state,
                         const PriceRange& which, std::int64_t price) noexcept;

    // Whether the account keeps its state, or a better one, everywhere in the box.
    // Requires: covers(); at most kPricesMax prices; every price the account depends on is there.
    bool safe(const AccountView& account, const MarketView& market, MarginState state,
              std::span<const PriceRange> prices, std::span<const RateRange> rates) noexcept;

  private:
    bool counts_exactly(const AccountView& account, const MarketView& market,
                        std::size_t balance) const noexcept;
    bool covers_position(const AccountView& account, const MarketView& market,
                         const PositionRow& row) const noexcept;
    bool multiples_reach_one() const noexcept;
    void find_groups(const AccountView& account, const MarketView& market,
                     std::span<const PriceRange> prices) noexcept;
    void copy_rows(const AccountView& account, const MarketView& market) noexcept;
    void set(const PriceRange& range, std::int64_t price) noexcept;
    Int128 gap(const AccountView& account, MarginLevel level, Rate multiplier) noexcept;
    Int128 rounding_of(const AccountView& account, Rate multiplier) const noexcept;
    static constexpr std::uint8_t kAlone = kMaxBalancesPerAccount;

    bool safe_at(const AccountView& account, MarginLevel level, Rate multiplier,
                 std::span<const PriceRange> prices) noexcept;
    MarketView scratch() const noexcept { return {instruments_, assets_}; }

    // Each moves its prices to where the distance is least, and says how little that is.
    void descend(const AccountView& account, MarginLevel level, Rate multiplier,
                 std::span<const PriceRange> prices, Int128& least) noexcept;
    void try_all(const AccountView& account, MarginLevel level, Rate multiplier,
                 std::span<const PriceRange> prices, std::size_t group, Int128& least) noexcept;

    const RiskParameters& parameters_;
    // By price: the balance it hangs on together with others, or kAlone.
    std::array<std::uint8_t, kPricesMax> group_{};
    // Rows of what the account at work holds; the others are left over from earlier.
    std::vector<InstrumentRow> instruments_;
    std::vector<AssetRow> assets_;
    std::vector<BalanceTerms> asset_terms_;
};

}  // namespace margind::core
