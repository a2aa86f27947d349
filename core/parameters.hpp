// What the venue has decided: assets, instruments, their price sources, the ladder. Plain values,
// filled by `config`, checked once by `validate`, owned by the engine from then on.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/limits.hpp"
#include "core/margin/concentration.hpp"
#include "core/margin/keeper_reward.hpp"
#include "core/margin/lending.hpp"
#include "core/margin/level.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/liquidation_window.hpp"
#include "core/margin/lognormal_risk.hpp"
#include "core/margin/open_interest_scaling.hpp"
#include "core/margin/rules.hpp"
#include "core/margin/takeover_price.hpp"
#include "core/market/slow_price.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// A price that is not sure costs margin instead of being refused: `multiplier` * confidence /
// price, added to a haircut or a margin rate. Zero: off.
struct ConfidenceCharge {
    Rate multiplier;
};

// A stable asset below `threshold` costs `factor` * (threshold - price) more haircut. Zero: off.
struct DepegCharge {
    UnitPrice threshold;
    Rate factor;
};

// What a balance may be asked beyond haircut and liability weight; each rule is off by default.
// core/margin says what each computes: rules.hpp, concentration.hpp, collateral.hpp.
struct AssetRules {
    bool slow_price = false;  // initial level: the less favourable of index and slow price
    bool redemption = false;  // owned: at most the redemption value, once one was given
    Concentration<Ledger> concentration;  // of the initial weights, by the venue's totals
    DepegCharge depeg;                    // initial level
    ConfidenceCharge confidence;          // all levels
    SizeFactor<Ledger> asset_discount;
    SizeFactor<Ledger> liability_premium;
    AmountDiscount<Ledger> amount_discount;
    std::vector<BalanceTier<Ledger>> haircuts;
    std::vector<BalanceTier<Ledger>> borrow_rates;
    bool debt_is_requirement = false;
    bool least_rate_applies = true;  // an account's least rate limits this asset's weights too
    Money order_charge;

    bool plain = true;  // nothing here that an evaluation has to look at
};

// Whether an evaluation has to look at the rules: they change more than a weight or a price.
bool looked_at(const AssetRules& rules) noexcept;

// What balances are held in. Valued at the index price of `priced_by`, or at par when that is none.
struct Asset {
    std::string name;
    InstrumentId priced_by = InstrumentId::none();
    PerLevel<Rate> haircut;  // [0, 1]: share of a positive balance that does not count
    PerLevel<Rate> liability_weight = kRateOne;  // [1, 10]: what a unit of debt counts
    Money amount_max = Money::from_raw(std::int64_t{1} << 60);  // largest |balance| admitted
    AssetRules rules = {};
    LiquidationRules<Ledger> liquidation = {};  // what repaying a debt with this asset earns
};

// A step of the margin schedule: rates for the part of a position's notional below `notional_up_to`
// and above the previous tier's (marginal, so the requirement is continuous in size).
struct Tier {
    Value notional_up_to;      // the last tier has no end: it is taken to infinity
    Rate initial_rate;         // floor of the initial rate in this tier
    Rate maintenance_rate;     // floor of the maintenance rate in this tier
    Rate close_out_rate = {};  // where a liquidation ends; zero: the maintenance rate
};

enum class InstrumentKind : std::uint8_t {
    spot,  // a price others refer to (an asset's value, a currency conversion); no positions
    linear_perpetual,
    linear_future,
    inverse_perpetual,  // contracts of a fixed quote amount, settled in the base asset
    inverse_future,
    capped,  // pays between zero and `rules.terms.payoff_cap`; fully collateralised
};

constexpr bool is_inverse(InstrumentKind kind) {
    return kind == InstrumentKind::inverse_perpetual || kind == InstrumentKind::inverse_future;
}

// What a position may be asked beyond tiers; each rule is off by default. core/margin says what
// each computes. Prices and payoff in `terms` are filled by the market stage.
struct InstrumentRules {
    PositionTerms terms;
    bool slow_price = false;  // initial level: valued at the less favourable of mark and slow price
    OpenInterestScaling<Ledger> open_interest;  // of the initial rate
    bool lognormal = false;                     // adds long and short factors from `risk_model`
    LognormalRule risk_model;
    ConfidenceCharge confidence;  // added to the rates

    bool plain = true;  // nothing here that an evaluation has to look at
};

// Whether an evaluation has to look at the rules: they change more than the tiers' rates.
bool looked_at(const InstrumentRules& rules, InstrumentKind kind) noexcept;

// rate(t) = clamp(z * sigma(t) * sqrt(horizon), tier rate, cap), per level. See core/market.
struct RateRule {
    double z_initial = 0;  // multiplier of the volatility term; zero: static rates
    double z_maintenance = 0;
    Duration horizon = Duration::from_seconds(300);  // how long closing a position takes
    Rate cap = kRateOne;                             // no rate exceeds it
};

// Time-weighted realised variance of the index price, on irregular ticks.
struct VolatilityRule {
    Duration half_life = Duration::from_seconds(300);
    Duration sample_interval = Duration::from_seconds(1);  // returns are taken over at least this
    double initial_annual = 0;  // sigma before the first return, per sqrt(365 days); a fraction
};

// How the liquidation fee grows while nobody takes the account over; no increase: it does not.
struct FeeGrowth {
    Rate max;
    Duration grace;  // whole seconds count
    Rate increase_per_second;
};

struct Instrument {
    std::string name;
    InstrumentKind kind = InstrumentKind::linear_perpetual;
    AssetId quote;  // what prices are in
    // What gains, losses and margin are in: the quote, or an inverse contract's base. None: the
    // quote.
    AssetId settle = AssetId::none();
    ContractScale scale;
    int price_decimals = kScaleDecimals;
    int quantity_decimals = kScaleDecimals;
    Price price_max;          // nothing above is accepted; bounds the arithmetic
    std::vector<Tier> tiers;  // 1 .. kMaxTiers, ascending
    RateRule rate;
    VolatilityRule volatility;
    Rate liquidation_fee;  // charged on what a liquidation closes; the bots' incentive
    FeeGrowth fee_growth = {};
    Rate insurance_fee;  // the insurance fund's, beside it
    // Above zero: the insurance fund takes at most this share of what is left of the position's
    // margin rate once the liquidator and the shortage have had theirs.
    Rate insurance_share;
    // Where a position may be taken over; off: at the mark less both fees.
    FillablePrice<Ledger> fillable_price = {};
    // What one round of a liquidation may close; a portion of zero: everything.
    LiquidationLimits<Ledger> liquidation_limits = {};
    // What all liquidations of the market together may close in a window; no skew scale:
    // everything.
    LiquidationCapacity<Ledger> liquidation_capacity = {.maker_fee = {},
                                                        .taker_fee = {},
                                                        .skew_scale = {},
                                                        .multiplier = kRateOne,
                                                        .window = Duration::from_seconds(30)};
    int quorum_index = 1;  // live index sources below which the price is not trusted
    int quorum_mark = 1;   // same for mark sources, where there are any
    Duration hold_max =
        Duration::from_seconds(60);        // longest a distrusted price holds liquidations
    Quantity lot = Quantity::from_raw(1);  // smallest step of a liquidation plan
    InstrumentRules rules = {};
    SlowPriceRule<Ledger> slow_price;  // of the index; growth zero: none is kept
};

inline AssetId settlement_asset(const Instrument& instrument) {
    return instrument.settle.valid() ? instrument.settle : instrument.quote;
}

inline bool keeps_slow_price(const Instrument& instrument) {
    return instrument.slow_price.growth_per_second.raw() > 0;
}

enum class Role : std::uint8_t { index, mark };

// Where an instrument's prices come from: one channel of one symbol of one feed.
struct Source {
    InstrumentId instrument;
    FeedId feed;
    std::string symbol;  // as the venue writes it
    Channel channel = Channel::book_top;
    Role role = Role::index;
    AssetId quote;  // converted into the instrument's quote before merging, if another
    std::uint32_t weight = 1;
    Duration stale_after = Duration::from_seconds(10);
};

// A rung of the ladder: the state begins where equity < multiplier * margin, and ends where equity
// >= multiplier * (1 + hysteresis) * margin, both at the margin level `of`.
struct Level {
    Rate multiplier;
    Rate hysteresis;
    MarginLevel of = MarginLevel::maintenance;
};

struct Ladder {
    Level warning{Rate::from_raw(150'000'000), Rate::from_raw(2'000'000)};
    Level margin_call{Rate::from_raw(120'000'000), Rate::from_raw(2'000'000)};
    Level liquidation{Rate::from_raw(100'000'000), Rate::from_raw(2'000'000)};
    // Where a liquidation ends: equity >= target * margin at the level `target_of`; above the
    // liquidation level's end, so that it does not flap.
    Rate liquidation_target = Rate::from_raw(110'000'000);
    MarginLevel target_of = MarginLevel::maintenance;
    // Added to the margin of the close-out level per unit of debt, and per unit of loss. Zero: off.
    Rate close_out_buffer;
    Duration margin_call_deadline = Duration::from_seconds(3600);
};

struct PriceGuard {
    double jump_factor = 2.0;  // k: prices outside [1/k, k] of the last accepted one are refused
    // After a restart: how long a price's quorum must have been fresh before it is trusted again.
    Duration restart_grace = Duration::from_seconds(5);
    Duration max_clock_skew = Duration::from_seconds(5);  // exchange time may lead receive time by
};

struct RiskParameters {
    std::string valuation_currency = "USD";  // equity and requirements are in it
    std::vector<Asset> assets;
    std::vector<Instrument> instruments;
    std::vector<Source> sources;
    std::vector<std::string> feeds;  // names, for explanations
    Ladder ladder;
    // How much of its shortage a plan may cure, by the time an account is in liquidation (durations
    // in nanoseconds); none: all of it.
    std::optional<LiquidationRamp<Ledger>> liquidation_ramp = {};
    std::optional<KeeperRule<Ledger>> keeper_reward = {};  // part of every margin; none: nothing
    PriceGuard guard;
    std::uint32_t max_accounts = 100'000;  // memory is reserved for so many; more are refused
    Rate threshold_step = Rate::from_raw(1'000'000);  // relative change reported, 1 %
};

// The most that one unit of the asset can be worth: the largest price its instrument admits,
// rounded up, or par.
UnitPrice largest_unit_price(const RiskParameters& parameters, AssetId asset) noexcept;

// Everything wrong with the parameters, empty when they can be used. Each is "place: what to do",
// the place being a member of RiskParameters, e.g. "instruments[2].rate.cap: must be above 0".
// Cost: quadratic in the number of sources; for start-up and reload.
std::vector<std::string> validate(const RiskParameters& parameters);

}  // namespace margind::core
