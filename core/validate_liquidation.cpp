#include "core/validate_liquidation.hpp"

namespace margind::core {
namespace {

constexpr Rate kFactorMax = Rate::from_raw(10 * kScale);
// Its product is cut to one; a venue that means "all at once" gives it a large number.
constexpr Rate kAdjustmentMax = Rate::from_raw(std::int64_t{10'000} * kScale);
constexpr Rate kFeeMax = Rate::from_raw(kScale / 2);
constexpr Rate kCollateralShareMax = Rate::from_raw(Ledger::kLargestRate);
constexpr Duration kDay = Duration::from_seconds(86'400);
constexpr Duration kLongestRamp = Duration::from_seconds(30 * 86'400);
constexpr Money kAmountMax = Money::from_raw(1'000'000 * kScale);

void check_liquidation_ramp(const RiskParameters& parameters, Problems& problems) {
    if (!parameters.liquidation_ramp) return;
    const LiquidationRamp<Ledger>& rule = *parameters.liquidation_ramp;
    const std::string place = "liquidation_ramp";
    problems.require(within(rule.initial_share, Rate{}, kRateOne), place + ".initial_share",
                     "must be from 0 to 1 (100%)");
    problems.require(rule.duration > 0 && rule.duration <= kLongestRamp.ns(), place + ".duration",
                     "must be above 0s, at most 30d");
    problems.require(rule.at_once_below.raw() >= 0, place + ".at_once_below",
                     "must not be negative");
}

void check_keeper_reward(const RiskParameters& parameters, Problems& problems) {
    if (!parameters.keeper_reward) return;
    const KeeperRule<Ledger>& rule = *parameters.keeper_reward;
    const auto require = [&](bool holds, const char* member, const char* message) {
        problems.require(holds, std::string("keeper_reward.") + member, message);
    };
    const auto amount = [&](Money money, const char* member) {
        require(within(money, Money{}, kAmountMax), member, "must be from 0 to 1000000");
    };
    amount(rule.flag_cost, "flag_cost");
    amount(rule.liquidate_cost, "liquidate_cost");
    amount(rule.reward.least, "reward_min");
    if (rule.reward.most) amount(*rule.reward.most, "reward_max");
    require(within(rule.reward.profit_share, Rate{}, kFactorMax), "profit_share",
            "must be from 0 to 10");
    require(!rule.reward.collateral_share ||
                within(*rule.reward.collateral_share, Rate{}, kCollateralShareMax),
            "collateral_share", "must be from 0 to 1000");
}

class InstrumentLiquidationCheck {
  public:
    InstrumentLiquidationCheck(const Instrument& instrument, const std::string& place,
                               Problems& problems)
        : instrument_(instrument), place_(place), problems_(problems) {}

    void run() {
        require(within(instrument_.insurance_fee, Rate{}, kFeeMax), ".insurance_fee",
                "must be from 0 to 0.5 (50%)");
        check_fillable_price();
        check_fee_growth();
        require(within(instrument_.insurance_share, Rate{}, kRateOne), ".insurance_share",
                "must be from 0 to 1 (100%)");
        check_capacity();
        const LiquidationLimits<Ledger>& limits = instrument_.liquidation_limits;
        const std::string place = ".liquidation_limits";
        require(within(limits.max_portion, Rate{}, kRateOne), place + ".max_portion",
                "must be from 0 to 1 (100%)");
        require(limits.min_notional.raw() >= 0, place + ".min_notional", "must not be negative");
        require(limits.account_notional.raw() >= 0, place + ".account_notional",
                "must not be negative");
        require(limits.max_portion.raw() > 0 ||
                    (limits.min_notional.raw() == 0 && limits.account_notional.raw() == 0),
                place, "has no effect without max_portion; say 100% to limit the rest");
    }

  private:
    void require(bool holds, const std::string& member, const std::string& message) {
        problems_.require(holds, place_ + member, message);
    }

    void check_capacity() {
        const LiquidationCapacity<Ledger>& rule = instrument_.liquidation_capacity;
        const std::string place = ".liquidation_limits.capacity";
        require(within(rule.window, Duration::from_ms(1), kDay), place + ".window",
                "must be from 1ms to 24h");
        require(within(rule.maker_fee, Rate{}, kRateOne), place + ".maker_fee",
                "must be from 0 to 1 (100%)");
        require(within(rule.taker_fee, Rate{}, kRateOne), place + ".taker_fee",
                "must be from 0 to 1 (100%)");
        require(within(rule.multiplier, Rate{}, kFactorMax), place + ".multiplier",
                "must be from 0 to 10");
        require(rule.skew_scale.raw() >= 0, place + ".skew_scale", "must not be negative");
        const bool on = rule.skew_scale.raw() > 0 && rule.window.ns() > 0 && rule.window <= kDay &&
                        rule.multiplier <= kFactorMax;
        require(!on || capacity_per_window(rule) >= instrument_.lot, place,
                "is less than one lot; raise a fee, skew_scale, multiplier or window");
    }

    void check_fee_growth() {
        const FeeGrowth& growth = instrument_.fee_growth;
        const std::string place = ".liquidation_fee";
        require(within(growth.increase_per_second, Rate{}, kRateOne),
                place + ".increase_per_second", "must be from 0 to 1 (100%)");
        require(within(growth.grace, Duration{}, kLongestRamp), place + ".grace",
                "must be from 0s to 30d");
        const Rate least =
            growth.increase_per_second.raw() > 0 ? instrument_.liquidation_fee : Rate{};
        require(within(growth.max, least, kFeeMax), place + ".max",
                "must be from base to 0.5 (50%)");
    }

    void check_fillable_price() {
        const FillablePrice<Ledger>& rule = instrument_.fillable_price;
        const std::string place = ".fillable_price";
        require(within(rule.spread_to_maintenance, Rate{}, kFactorMax),
                place + ".spread_to_maintenance", "must be from 0 to 10");
        require(within(rule.bankruptcy_adjustment, Rate{}, kAdjustmentMax),
                place + ".bankruptcy_adjustment", "must be from 0 to 10000");
        const bool linear =
            !is_inverse(instrument_.kind) && instrument_.kind != InstrumentKind::capped;
        require(rule.spread_to_maintenance.raw() == 0 || linear, place,
                "is for linear contracts; delete it");
    }

    const Instrument& instrument_;
    const std::string& place_;
    Problems& problems_;
};

}  // namespace

void check_liquidation(const RiskParameters& parameters, Problems& problems) {
    check_liquidation_ramp(parameters, problems);
    check_keeper_reward(parameters, problems);
}

void check_instrument_liquidation(const Instrument& instrument, const std::string& place,
                                  Problems& problems) {
    InstrumentLiquidationCheck(instrument, place, problems).run();
}

}  // namespace margind::core
