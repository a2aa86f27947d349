#include "core/bands/worst_corner.hpp"

#include <algorithm>
#include <bit>

#include "core/assert.hpp"
#include "core/bands/faults.hpp"

namespace margind::core {
namespace {

// The line below a state: the rung it would fall to, as a multiple of the margin at a level.
struct Line {
    MarginLevel level = MarginLevel::maintenance;
    Rate multiplier;  // zero: equity itself
};

Line line_into(MarginState state, const Ladder& ladder) noexcept {
    switch (state) {
        case MarginState::warning:
            return {ladder.warning.of, ladder.warning.multiplier};
        case MarginState::margin_call:
            return {ladder.margin_call.of, ladder.margin_call.multiplier};
        case MarginState::liquidation:
            return {ladder.liquidation.of, ladder.liquidation.multiplier};
        case MarginState::healthy:
        case MarginState::bankrupt:
            break;
    }
    return {};
}

constexpr MarginState worse(MarginState state) {
    return static_cast<MarginState>(static_cast<std::uint8_t>(state) + 1);
}

// Whether each further part of a value costs at least as much as the part before: only then is what
// counts of it concave.
bool rises_by_tier(const std::vector<BalanceTier<Ledger>>& tiers) noexcept {
    for (std::size_t t = 1; t < tiers.size(); ++t) {
        for (const MarginLevel level : kAllMarginLevels) {
            if (tiers[t].rate[level] < tiers[t - 1].rate[level]) return false;
        }
    }
    return true;
}

}  // namespace

WorstCorner::WorstCorner(const RiskParameters& parameters)
    : parameters_(parameters),
      instruments_(parameters.instruments.size()),
      assets_(parameters.assets.size()),
      asset_terms_(parameters.assets.size()) {}

bool WorstCorner::covers(const AccountView& account, const MarketView& market) const noexcept {
    if (!account.spot_orders.empty()) return false;
    if (account.terms != nullptr && account.terms->keeper) return false;
    std::array<std::size_t, kMaxBalancesPerAccount> together{};
    for (const PositionRow& row : account.positions) {
        if (!covers_position(account, market, row)) return false;
        ++together[row.balance];
    }
    for (std::size_t b = 0; b < account.balances.size(); ++b) {
        const Asset& asset = parameters_.assets[account.balances[b].asset.index()];
        const AssetRules& rules = asset.rules;
        // A slow price moves with time, and a weight by a rule of the price or of the venue's
        // totals is no weight of the corner's.
        if (rules.slow_price || rules.redemption || rules.depeg.factor.raw() != 0 ||
            rules.concentration.deposits_from.raw() != 0 ||
            rules.concentration.borrows_from.raw() != 0 || !rises_by_tier(rules.haircuts) ||
            !rises_by_tier(rules.borrow_rates)) {
            return false;
        }
        // Owed it counts a multiple of its weight, owned its weight: more when it is owned only if
        // the multiple is small, and that is not concave.
        if (rules.debt_is_requirement && together[b] > 0 && !multiples_reach_one()) return false;
        const std::size_t prices = together[b] + (asset.priced_by.valid() ? 1 : 0);
        if (prices > kTogetherMax && !counts_exactly(account, market, b)) return false;
    }
    return true;
}

bool WorstCorner::covers_position(const AccountView& account, const MarketView& market,
                                  const PositionRow& row) const noexcept {
    const Instrument& instrument = parameters_.instruments[row.instrument.index()];
    if (instrument.rules.slow_price) return false;
    const PositionTerms& terms = instrument.rules.terms;
    const bool size_moves = is_inverse(instrument.kind);
    const bool rate_moves = terms.slope.scale.raw() != 0;
    if (size_moves && rate_moves) return false;
    // What a cut of the notional takes from the requirement is bounded by the rates below.
    if (terms.rounding.notional_step.raw() != 0 &&
        (rate_moves || terms.premium.factor.raw() != 0 || terms.slippage.quadratic.raw() != 0 ||
         terms.slippage.linear > kRateOne)) {
        return false;
    }
    if (terms.gains.apart && terms.gains.discount.factor.raw() != 0) return false;
    const BalanceTerms* settled = market.assets[account.balances[row.balance].asset.index()].terms;
    return settled == nullptr || (settled->amount_discount.scale.raw() == 0 &&
                                  settled->asset_discount.factor.raw() == 0 &&
                                  settled->liability_premium.factor.raw() == 0);
}

bool WorstCorner::multiples_reach_one() const noexcept {
    const Ladder& ladder = parameters_.ladder;
    return ladder.warning.multiplier >= kRateOne && ladder.margin_call.multiplier >= kRateOne &&
           ladder.liquidation.multiplier >= kRateOne;
}

std::size_t WorstCorner::evaluations(const AccountView& account,
                                     const MarketView& market) const noexcept {
    std::size_t count = 1;
    for (std::size_t b = 0; b < account.balances.size(); ++b) {
        std::size_t prices =
            parameters_.assets[account.balances[b].asset.index()].priced_by.valid() ? 1 : 0;
        for (const PositionRow& row : account.positions) prices += row.balance == b ? 1 : 0;
        prices = std::min(prices, kPricesMax);
        count += counts_exactly(account, market, b) ? prices : (std::size_t{1} << prices) - 1;
    }
    return count;
}

// Whether what the balance adds to equity is its amount at par, whatever that comes to.
bool WorstCorner::counts_exactly(const AccountView& account, const MarketView& market,
                                 std::size_t balance) const noexcept {
    const AssetId id = account.balances[balance].asset;
    const AssetRow& row = market.assets[id.index()];
    if (row.terms != nullptr || parameters_.assets[id.index()].priced_by.valid()) return false;
    for (const MarginLevel level : kAllMarginLevels) {
        if (row.asset_weight[level] != kRateOne || row.liability_weight[level] != kRateOne) {
            return false;
        }
        if (account.terms != nullptr && (account.terms->least_rate[level].raw() != 0 ||
                                         account.terms->buffer[level].raw() != 0)) {
            return false;
        }
    }
    return true;
}

void WorstCorner::find_groups(const AccountView& account, const MarketView& market,
                              std::span<const PriceRange> prices) noexcept {
    std::array<std::uint8_t, kMaxBalancesPerAccount> group_of{};
    for (std::size_t b = 0; b < account.balances.size(); ++b) {
        group_of[b] = counts_exactly(account, market, b) ? kAlone : static_cast<std::uint8_t>(b);
    }
    for (std::size_t p = 0; p < prices.size(); ++p) {
        group_[p] = kAlone;
        if (prices[p].of_asset) {
            for (std::size_t b = 0; b < account.balances.size(); ++b) {
                if (account.balances[b].asset.index() == prices[p].id) group_[p] = group_of[b];
            }
            continue;
        }
        for (const PositionRow& row : account.positions) {
            if (row.instrument.index() == prices[p].id) group_[p] = group_of[row.balance];
        }
    }
}

void WorstCorner::copy_rows(const AccountView& account, const MarketView& market) noexcept {
    for (const PositionRow& position : account.positions) {
        const InstrumentRow& from = market.instruments[position.instrument.index()];
        InstrumentRow& to = instruments_[position.instrument.index()];
        to.mark = from.mark;
        to.scale = from.scale;
        to.terms = from.terms;
        to.tier_count = from.tier_count;
        std::copy_n(from.tiers.begin(), from.tier_count, to.tiers.begin());
    }
    for (const BalanceRow& balance : account.balances) {
        AssetRow& to = assets_[balance.asset.index()];
        to = market.assets[balance.asset.index()];
        if (to.terms == nullptr || MARGIND_FAULT(level_prices_kept)) continue;
        // Prices of the levels repeat the asset's price (covers() refuses those of their own), and
        // would hold it where it is.
        BalanceTerms& terms = asset_terms_[balance.asset.index()];
        terms = *to.terms;
        terms.asset_price = {};
        terms.liability_price = {};
        to.terms = &terms;
    }
}

void WorstCorner::set(const PriceRange& range, std::int64_t price) noexcept {
    if (range.of_asset) {
        assets_[range.id].price = UnitPrice::from_raw(price);
    } else {
        instruments_[range.id].mark = Price::from_raw(price);
    }
}

Int128 WorstCorner::gap(const AccountView& account, MarginLevel level, Rate multiplier) noexcept {
    const LevelFigures figures = evaluate_level(account, scratch(), level);
    return Int128{figures.equity.raw()} * kScale - multiplier.wide() * figures.margin.raw();
}

Int128 WorstCorner::distance(const AccountView& account, const MarketView& market,
                             MarginState state) const noexcept {
    const Line line = line_into(worse(state), parameters_.ladder);
    const LevelFigures figures = evaluate_level(account, market, line.level);
    return Int128{figures.equity.raw()} * kScale - line.multiplier.wide() * figures.margin.raw();
}

Int128 WorstCorner::distance_with(const AccountView& account, const MarketView& market,
                                  MarginState state, const PriceRange& which,
                                  std::int64_t price) noexcept {
    copy_rows(account, market);
    set(which, price);
    const Line line = line_into(worse(state), parameters_.ladder);
    return gap(account, line.level, line.multiplier);
}

// What roundings inside an evaluation may take, at 1e-16 of money: a unit for each row and sum, in
// an asset that may be dear, and the venue's own steps.
Int128 WorstCorner::rounding_of(const AccountView& account, Rate multiplier) const noexcept {
    Int128 dearest = kScale;
    for (const BalanceRow& balance : account.balances) {
        dearest = std::max<Int128>(dearest, assets_[balance.asset.index()].price.raw());
    }
    const std::size_t rows = account.positions.size() + account.balances.size() + 2;
    const Int128 units = 40 * Int128{rows} * (dearest / kScale + 1);  // weights of debts: up to 10
    Int128 steps = 0;
    for (const PositionRow& position : account.positions) {
        const PositionTerms* terms = instruments_[position.instrument.index()].terms;
        if (terms == nullptr) continue;
        // Rates of tiers, of the side and of slippage, each at most ten but the last, which is one.
        constexpr int kRates = 22;
        steps +=
            kRates *
            (Int128{terms->rounding.notional_step.raw()} + terms->rounding.requirement_step.raw()) *
            (dearest / kScale + 1);
    }
    return (units + steps) * (kScale + multiplier.wide());
}

bool WorstCorner::safe(const AccountView& account, const MarketView& market, MarginState state,
                       std::span<const PriceRange> prices,
                       std::span<const RateRange> rates) noexcept {
    MARGIND_ASSERT(prices.size() <= kPricesMax);
    copy_rows(account, market);
    find_groups(account, market, prices);
    for (const RateRange& range : rates) {
        if (MARGIND_FAULT(rates_kept)) break;
        InstrumentRow& row = instruments_[range.instrument];
        for (std::uint32_t t = 0; t < row.tier_count; ++t) {
            for (const MarginLevel level : kAllMarginLevels) {
                Rate& rate = row.tiers[t].rate[level];
                const Int128 most =
                    div_ceil(range.anchors[t][level].wide() * range.most, std::int64_t{1} << 24);
                rate = std::max(rate, Rate::from_raw(saturate_to_int64(most)));
            }
        }
    }
    // Every line below; one that a milder one of the same level stands before is not reached first.
    std::array<bool, kMarginLevels> looked_at{};
    for (MarginState into = worse(state);; into = worse(into)) {
        const Line line = line_into(into, parameters_.ladder);
        bool& done = looked_at[static_cast<std::size_t>(line.level)];
        if (!done && !safe_at(account, line.level, line.multiplier, prices)) return false;
        done = true;
        if (into == MarginState::bankrupt) return true;
    }
}

bool WorstCorner::safe_at(const AccountView& account, MarginLevel level, Rate multiplier,
                          std::span<const PriceRange> prices) noexcept {
    for (const PriceRange& range : prices) set(range, range.low);
    Int128 least = gap(account, level, multiplier);
    descend(account, level, multiplier, prices, least);
    for (std::size_t group = 0; group < account.balances.size(); ++group) {
        try_all(account, level, multiplier, prices, group, least);
    }
    // Without equity an account is bankrupt where a margin is asked: one unit is kept.
    const Int128 kept = multiplier.raw() == 0 ? Int128{kScale} : 0;
    return least - kept - rounding_of(account, multiplier) >= 0;
}

// Each price that stands alone, at its worse end.
void WorstCorner::descend(const AccountView& account, MarginLevel level, Rate multiplier,
                          std::span<const PriceRange> prices, Int128& least) noexcept {
    for (std::size_t p = 0; p < prices.size(); ++p) {
        if (group_[p] != kAlone) continue;
        set(prices[p], prices[p].high);
        const Int128 other = gap(account, level, multiplier);
        if (other >= least) set(prices[p], prices[p].low);
        least = std::min(least, other);
    }
}

// All corners of the prices of a group, one price moving at a time (a Gray code); the rest stays.
void WorstCorner::try_all(const AccountView& account, MarginLevel level, Rate multiplier,
                          std::span<const PriceRange> prices, std::size_t group,
                          Int128& least) noexcept {
    std::array<std::size_t, kTogetherMax> members{};
    std::size_t count = 0;
    for (std::size_t p = 0; p < prices.size(); ++p) {
        if (group_[p] != group) continue;
        MARGIND_ASSERT(count < kTogetherMax);
        members[count++] = p;
    }
    if (count == 0) return;
    std::uint32_t worst = 0;
    std::uint32_t code = 0;
    for (std::uint32_t step = 1; step < std::uint32_t{1} << count; ++step) {
        const auto moved = static_cast<std::size_t>(std::countr_zero(step));
        code ^= std::uint32_t{1} << moved;
        const PriceRange& range = prices[members[moved]];
        set(range, (code >> moved & 1U) != 0 ? range.high : range.low);
        const Int128 other = gap(account, level, multiplier);
        if (other >= least) continue;
        least = other;
        worst = code;
    }
    for (std::size_t m = 0; m < count; ++m) {
        const PriceRange& range = prices[members[m]];
        set(range, (worst >> m & 1U) != 0 ? range.high : range.low);
    }
}

}  // namespace margind::core
