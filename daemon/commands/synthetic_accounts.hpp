// Made-up accounts that look like a venue's: many small, few huge; mostly modest leverage, some as
// high as the venue allows; everybody holds the same few popular instruments. Account k of a seed
// is the same on every machine, whatever else is generated: integers, and doubles with + - * /
// sqrt.
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"

namespace margind::daemon {

struct SyntheticOptions {
    std::uint64_t seed = 1;
    double near_share = 0.01;      // [0, 1]: share of accounts close to liquidation
    double near_distance = 0.005;  // (0, 0.1]: how close: a fall (rise) of prices by less than this
};

struct SyntheticAccount {
    core::AccountKey key;
    bool near = false;
    std::vector<core::BalanceRow> balances;
    std::vector<core::PositionRow> positions;
};

// The distributions, in the order in which an account draws from them:
//   positions    1 + geometric, mean 3.6, at most 20
//   instruments  Zipf with exponent 1 in the order of the config, no repeats
//   notional     Pareto with exponent 4/3 from 500, at most 5 million, split unevenly
//   leverage     2 * Pareto with exponent 4/3, at most what leaves 1.05 to 1.55 times initial
//   margin entries      within 3 % of the price, less at high leverage collateral   one in four
//   also holds another asset, up to half of the equity
// Accounts near liquidation hold one side only: a move of all prices against them by less than
// near_distance liquidates them. All others have more than their initial margin.
class SyntheticAccounts {
  public:
    // Requires: `market` outlives this; at least one instrument with positions has a price.
    SyntheticAccounts(const core::RiskParameters& parameters, core::MarketView market,
                      const SyntheticOptions& options);

    // Instruments that can be held and have a price.
    static std::vector<core::InstrumentId> tradable(const core::RiskParameters& parameters,
                                                    const core::MarketView& market);

    // Replaces `account` by account number `index`. Cost: about two microseconds.
    void make(std::uint64_t index, SyntheticAccount& account) const;

  private:
    class Draw;

    bool is_near(std::uint64_t index) const;
    void make_positions(Draw& draw, SyntheticAccount& account) const;
    void set_entries(Draw& draw, double distance, SyntheticAccount& account) const;
    void fund(Draw& draw, SyntheticAccount& account) const;
    double target_equity(Draw& draw, const SyntheticAccount& account, double notional,
                         const core::Evaluation& requirement) const;
    void add_collateral(Draw& draw, double equity, SyntheticAccount& account) const;
    void top_up(double equity, SyntheticAccount& account) const;

    const core::RiskParameters& parameters_;
    core::MarketView market_;
    SyntheticOptions options_;
    std::vector<core::InstrumentId> instruments_;  // that can be held and have a price
    std::vector<double> lot_values_;               // of each of them, at its price
    std::vector<double> zipf_;                     // cumulative, up to 1
    std::vector<core::AssetId> collateral_;        // priced assets other than settlement assets
};

}  // namespace margind::daemon
