#include "core/validate_rules.hpp"

#include <span>

#include "core/validate_liquidation.hpp"

namespace margind::core {
namespace {

// Widest ranges that make sense. Sums of rates stay below Ledger::kLargestRate, so that the largest
// exposure (2^89) times them fits 128 bits.
constexpr Rate kFactorMax = Rate::from_raw(10 * kScale);
constexpr Rate kRateMax = Rate::from_raw(2 * kScale);
// Cut to the largest rate together with what it is added to (core/margin/requirement.hpp).
constexpr Rate kSlippageMax = Rate::from_raw(Ledger::kLargestRate);
// size_growth() squares it: below 2^31.
constexpr Rate kSizeFactorMax = Rate::from_raw(20 * kScale);
constexpr Rate kBaseMax = Rate::from_raw(2 * kScale);
constexpr Money kMinimumMax = Money::from_raw(1'000'000 * kScale);
// Times the most orders there may be of an account.
constexpr Money kOrderChargeMax = Money::from_raw(10 * kScale);
// Products of a notional and one whole unit fit 128 bits.
constexpr int kDecimalsOfUnitMax = 11;
constexpr double kModelMax = 100;

using BalanceTiers = std::span<const BalanceTier<Ledger>>;

bool all_zero(const PerLevel<Rate>& rates) {
    return rates == PerLevel<Rate>{};
}

PerLevel<Rate> complement(const PerLevel<Rate>& weights) {
    PerLevel<Rate> out;
    for (const MarginLevel level : kAllMarginLevels) out[level] = kRateOne - weights[level];
    return out;
}

void check_size_factor(const SizeFactor<Ledger>& rule, Rate base, Rate base_max,
                       const std::string& place, Problems& problems) {
    problems.require(within(rule.factor, Rate{}, kSizeFactorMax), place + ".factor",
                     "must be from 0 to 20");
    problems.require(
        base.raw() > 0 && base <= base_max, place + ".base",
        base_max == kRateOne ? "must be above 0, at most 1" : "must be above 0, at most 2");
}

class AssetCheck {
  public:
    AssetCheck(const RiskParameters& parameters, const Asset& asset, const std::string& place,
               Problems& problems)
        : parameters_(parameters),
          asset_(asset),
          rules_(asset.rules),
          place_(place),
          problems_(problems) {}

    void run() {
        require(!rules_.plain || !looked_at(rules_), "", "has rules, so its `plain` must be false");
        check_prices();
        check_totals();
        check_sizes();
        check_tiers(rules_.haircuts, "haircut_tiers", kRateOne);
        check_tiers(rules_.borrow_rates, "borrow_tiers", kRateMax);
        check_combinations();
        check_liquidation();
        require(within(rules_.order_charge, Money{}, kOrderChargeMax), ".order_charge",
                "must be from 0 to 10");
    }

  private:
    void require(bool holds, const std::string& member, const std::string& message) {
        problems_.require(holds, place_ + member, message);
    }
    void require_price(bool off, const std::string& member) {
        require(off || asset_.priced_by.valid(), member,
                "needs a price, and this asset is at par; say priced_by, or delete this");
    }
    bool has_slow_price() const {
        const std::size_t by = asset_.priced_by.index();
        return by < parameters_.instruments.size() && keeps_slow_price(parameters_.instruments[by]);
    }

    void check_prices() {
        require_price(!rules_.slow_price, ".slow_price");
        require(!rules_.slow_price || !asset_.priced_by.valid() || has_slow_price(), ".slow_price",
                "the instrument in priced_by keeps no slow price; give it "
                "slow_price.growth_per_second");
        require_price(!rules_.redemption, ".redemption");
        const DepegCharge& depeg = rules_.depeg;
        require_price(depeg.factor.raw() == 0, ".depeg");
        require(within(depeg.factor, Rate{}, kFactorMax), ".depeg.factor", "must be from 0 to 10");
        require((depeg.factor.raw() > 0) == (depeg.threshold.raw() > 0), ".depeg",
                "needs both threshold and factor, above zero");
        require_price(rules_.confidence.multiplier.raw() == 0, ".confidence_charge");
        require(within(rules_.confidence.multiplier, Rate{}, kFactorMax), ".confidence_charge",
                "must be from 0 to 10");
    }

    void check_totals() {
        const Concentration<Ledger>& rule = rules_.concentration;
        require_price(rule.deposits_from.raw() == 0 && rule.borrows_from.raw() == 0,
                      ".concentration");
        require(rule.deposits_from.raw() >= 0, ".concentration.deposits_from",
                "must not be negative");
        require(rule.borrows_from.raw() >= 0, ".concentration.borrows_from",
                "must not be negative");
    }

    void check_sizes() {
        check_size_factor(rules_.asset_discount, rules_.asset_discount.discount_base, kBaseMax,
                          place_ + ".size_discount", problems_);
        check_size_factor(rules_.liability_premium, rules_.liability_premium.premium_base, kRateOne,
                          place_ + ".size_premium", problems_);
        const AmountDiscount<Ledger>& amount = rules_.amount_discount;
        if (amount == AmountDiscount<Ledger>{}) return;
        require(amount.scale.raw() > 0, ".amount_discount.scale", "must be above zero");
        require(within(amount.slope, Rate{}, kFactorMax), ".amount_discount.slope",
                "must be from 0 to 10");
        require(within(amount.upper, Rate{}, kRateOne), ".amount_discount.upper",
                "must be from 0 to 1 (100%)");
        require(within(amount.lower, Rate{}, amount.upper), ".amount_discount.lower",
                "must be from 0 to upper");
    }

    void check_tiers(BalanceTiers tiers, const std::string& key, Rate highest) {
        require(tiers.size() <= kMaxTiers, "." + key, "at most 32 tiers");
        for (std::size_t t = 0; t < tiers.size(); ++t) {
            const std::string tier = "." + key + "[" + std::to_string(t) + "]";
            require(
                each_within(tiers[t].rate, Rate{}, highest), tier + ".rate",
                highest == kRateOne ? "must be from 0 to 1 (100%)" : "must be from 0 to 2 (200%)");
            require(falls_by_level(tiers[t].rate), tier + ".rate",
                    "must not be larger at another level than at the initial one, nor at "
                    "maintenance than at close_out");
            if (t + 1 == tiers.size()) return;  // the last has no end
            const Value from = t > 0 ? tiers[t - 1].value_up_to : Value{};
            require(tiers[t].value_up_to > from, tier + ".value_up_to",
                    "must be above that of the tier before");
        }
    }

    void check_liquidation() {
        const LiquidationRules<Ledger>& rules = asset_.liquidation;
        const std::string place = ".liquidation";
        require(rules.close.factor.raw() > 0 && rules.close.factor <= kRateOne,
                place + ".close_factor", "must be above 0, at most 1 (100%)");
        require(within(rules.close.full_below_health, Rate{}, kFactorMax),
                place + ".full_below_health", "must be from 0 to 10");
        require(rules.close.full_below_value.raw() >= 0, place + ".full_below_value",
                "must not be negative");
        require(rules.leftover_min.raw() >= 0, place + ".leftover_min", "must not be negative");
        require(within(rules.bonus, Rate{}, kRateOne), place + ".bonus",
                "must be from 0 to 1 (100%)");
        require(within(rules.protocol_share, Rate{}, kRateOne), place + ".protocol_share",
                "must be from 0 to 1 (100%)");
    }

    // Tiers of haircuts replace the weight.
    void check_combinations() {
        if (rules_.haircuts.empty()) return;
        require(all_zero(asset_.haircut), ".haircut",
                "has no effect beside haircut_tiers; delete one of them");
        require(rules_.asset_discount.factor.raw() == 0, ".size_discount",
                "has no effect beside haircut_tiers; delete one of them");
        require(rules_.amount_discount == AmountDiscount<Ledger>{}, ".amount_discount",
                "has no effect beside haircut_tiers; delete one of them");
        require(rules_.concentration.deposits_from.raw() == 0, ".concentration.deposits_from",
                "has no effect beside haircut_tiers; delete one of them");
        require(rules_.depeg.factor.raw() == 0, ".depeg",
                "has no effect beside haircut_tiers; delete one of them");
    }

    const RiskParameters& parameters_;
    const Asset& asset_;
    const AssetRules& rules_;
    const std::string& place_;
    Problems& problems_;
};

class InstrumentCheck {
  public:
    InstrumentCheck(const RiskParameters& parameters, const Instrument& instrument,
                    const std::string& place, Problems& problems)
        : parameters_(parameters),
          instrument_(instrument),
          rules_(instrument.rules),
          terms_(rules_.terms),
          place_(place),
          problems_(problems) {}

    void run() {
        check_slow_price();
        check_instrument_liquidation(instrument_, place_, problems_);
        if (instrument_.kind == InstrumentKind::spot) {
            require(
                !looked_at(rules_, instrument_.kind) && rules_.open_interest.upper_cap.raw() == 0,
                ".margin", "a spot instrument holds no positions; delete this");
            return;
        }
        require(!rules_.plain || !looked_at(rules_, instrument_.kind), ".margin",
                "has rules, so its `plain` must be false");
        check_kind();
        check_side_rates();
        check_size_rates();
        check_maintenance_fraction();
        check_open_interest();
        check_amounts();
        check_gains();
        check_price();
        check_orders();
    }

  private:
    void require(bool holds, const std::string& member, const std::string& message) {
        problems_.require(holds, place_ + member, message);
    }
    void require_levels(const PerLevel<Rate>& rates, Rate highest, const std::string& member,
                        const std::string& range) {
        require(each_within(rates, Rate{}, highest), member, "must be from 0 to " + range);
        require(falls_by_level(rates), member,
                "must not be larger at another level than at the initial one, nor at maintenance "
                "than at close_out");
    }
    bool inverse() const { return is_inverse(instrument_.kind); }

    void check_kind() {
        const AssetId settle = instrument_.settle;
        const bool known = settle.valid() && settle.index() < parameters_.assets.size();
        require(known || (!settle.valid() && !inverse()), ".settle",
                "no such asset; an inverse contract is settled in the asset it is about");
        require(!inverse() || !known || parameters_.assets[settle.index()].priced_by.valid(),
                ".settle",
                "an inverse contract is settled in the asset it is about, which needs a price; say "
                "priced_by there");
        const bool capped = instrument_.kind == InstrumentKind::capped;
        require(capped || terms_.payoff_cap.raw() == 0, ".margin.payoff_cap",
                "is for kind: capped only; delete it");
        require(
            !capped || (terms_.payoff_cap.raw() > 0 && terms_.payoff_cap <= instrument_.price_max),
            ".margin.payoff_cap", "must be above zero, at most price_max");
        require(terms_.unit.raw() > 0, ".quantity_decimals", "the whole unit must be above zero");
    }

    void check_side_rates() {
        const std::string factors = ".margin.risk_factors";
        require_levels(terms_.long_rate, kFactorMax, factors + ".long", "10");
        require_levels(terms_.short_rate, kFactorMax, factors + ".short", "10");
        if (!rules_.lognormal) return;
        require(all_zero(terms_.long_rate) && all_zero(terms_.short_rate), factors,
                "a risk model gives them already; delete one of them");
        const LognormalRule& model = rules_.risk_model;
        const std::string place = ".margin.risk_model.lognormal";
        require(model.risk_aversion > 0 && model.risk_aversion < 1, place + ".risk_aversion",
                "must be above 0, below 1");
        require(model.horizon_years > 0 && model.horizon_years <= kModelMax,
                place + ".horizon_years", "must be above 0, at most 100");
        require(within(model.drift, -kModelMax, kModelMax), place + ".drift",
                "must be from -100 to 100");
        require(model.volatility > 0 && model.volatility <= kModelMax, place + ".volatility",
                "must be above 0, at most 100");
    }

    void check_size_rates() {
        const Slippage<Ledger>& slippage = terms_.slippage;
        require(within(slippage.linear, Rate{}, kSlippageMax), ".margin.slippage.linear",
                "must be from 0 to 1000");
        require(within(slippage.quadratic, Rate{}, kSlippageMax), ".margin.slippage.quadratic",
                "must be from 0 to 1000");
        check_size_factor(terms_.premium, terms_.premium.premium_base, kRateOne,
                          place_ + ".margin.size_premium", problems_);
        const SizeSlope<Ledger>& slope = terms_.slope;
        require(within(slope.fraction, Rate{}, kFactorMax), ".margin.size_slope.fraction",
                "must be from 0 to 10");
        require(slope.scale.raw() >= 0 && (slope.fraction.raw() > 0) == (slope.scale.raw() > 0),
                ".margin.size_slope", "needs both fraction and scale, above zero");
        require_levels(terms_.slope_share, kRateOne, ".margin.size_slope.share", "1 (100%)");
        require(!inverse() || slope.scale.raw() == 0 ||
                    instrument_.quantity_decimals <= kDecimalsOfUnitMax,
                ".quantity_decimals", "must be at most 11 with margin.size_slope; lower it");
        check_reduced_rate();
    }

    void check_reduced_rate() {
        const PerLevel<Rate>& reduced = terms_.reduced_rate;
        if (all_zero(reduced)) return;
        require_levels(reduced, kRateMax, ".margin.reduced_rate", "2 (200%)");
        for (const MarginLevel level : kAllMarginLevels) {
            require(reduced[level].raw() > 0, ".margin.reduced_rate",
                    "must be above zero at every level");
        }
        if (instrument_.tiers.empty()) return;
        const Tier& tier = instrument_.tiers[0];
        require(reduced[MarginLevel::initial] <= tier.initial_rate &&
                    reduced[MarginLevel::maintenance] <= tier.maintenance_rate,
                ".margin.reduced_rate", "must not exceed the first tier's rates");
        require(terms_.premium.factor.raw() == 0 || terms_.premium.premium_base < kRateOne,
                ".margin.size_premium.base", "must be below 1 with margin.reduced_rate");
    }

    // Maintenance follows the tier's initial rate and nothing else.
    void check_maintenance_fraction() {
        const MaintenanceFraction<Ledger>& rule = terms_.maintenance_of_initial;
        const std::string place = ".margin.maintenance_fraction";
        require(within(rule.fraction, Rate{}, kRateOne), place, "must be from 0 to 1 (100%)");
        if (rule.fraction.raw() == 0) return;
        require(instrument_.tiers.size() == 1, place, "needs exactly one tier");
        require(instrument_.tiers.empty() || rule.initial_rate == instrument_.tiers[0].initial_rate,
                place, "is of another rate than the tier's initial rate");
        const bool alone =
            !rules_.lognormal && all_zero(terms_.long_rate) && all_zero(terms_.short_rate) &&
            terms_.slippage == Slippage<Ledger>{} && terms_.slope.scale.raw() == 0 &&
            terms_.premium.factor.raw() == 0 && all_zero(terms_.reduced_rate) &&
            rules_.confidence.multiplier.raw() == 0 && instrument_.rate.z_maintenance == 0;
        require(alone, place,
                "other rules would count at the initial level only; give maintenance rates in the "
                "tier instead, or delete what else makes a rate");
    }

    void check_open_interest() {
        const OpenInterestScaling<Ledger>& rule = rules_.open_interest;
        const std::string place = ".margin.open_interest_scaling";
        require(rule.lower_cap.raw() >= 0, place + ".lower_cap", "must not be negative");
        require(rule.upper_cap > rule.lower_cap ||
                    (rule.upper_cap.raw() == 0 && rule.lower_cap.raw() == 0),
                place + ".upper_cap", "must be above lower_cap");
        require(within(rule.step, Rate{}, kRateOne), place + ".step", "must be from 0 to 1");
        require(within(rules_.confidence.multiplier, Rate{}, kFactorMax),
                ".margin.confidence_charge", "must be from 0 to 10");
    }

    void check_amounts() {
        require(within(terms_.minimum, Money{}, kMinimumMax), ".margin.minimum",
                "must be from 0 to 1000000");
        require(within(terms_.order_charge, Money{}, kOrderChargeMax), ".margin.order_charge",
                "must be from 0 to 10");
        const RoundingRule<Ledger>& rounding = terms_.rounding;
        require(within(rounding.notional_step, Money{}, kMinimumMax), ".margin.rounding.notional",
                "must be from 0 to 1000000");
        require(within(rounding.requirement_step, Money{}, kMinimumMax),
                ".margin.rounding.requirement", "must be from 0 to 1000000");
        require(within(terms_.flag_reward, Rate{}, kRateOne), ".margin.flag_reward",
                "must be from 0 to 1 (100%)");
        require(parameters_.keeper_reward || terms_.flag_reward.raw() == 0, ".margin.flag_reward",
                "has no effect without the section keeper_reward; add that, or delete this");
        require(charge_fits(instrument_, terms_.charge_per_unit), ".margin.charge_per_unit",
                "must not exceed what one unit is worth at price_max; needs at most 11 "
                "quantity_decimals, and is not for inverse contracts");
    }

    void check_gains() {
        const GainRule<Ledger>& gains = terms_.gains;
        const std::string place = ".margin.gains";
        require(!gains.apart || !gains.net_of_margin, place,
                "are counted apart or net of margin, not both");
        if (gains.apart || gains.net_of_margin) {
            require(each_within(gains.weight, Rate{}, kRateOne), place + ".weight",
                    "must be from 0 to 1 (100%)");
            require(falls_by_level(complement(gains.weight)), place + ".weight",
                    "must not be smaller at another level than at the initial one, nor at "
                    "maintenance than at close_out");
        } else {
            require(all_zero(gains.weight), place + ".weight",
                    "has no effect while gains are counted with the balance; say counted, or "
                    "delete this");
        }
        for (const MarginLevel level : kAllMarginLevels) {
            require(gains.cap[level].raw() >= 0, place + ".cap", "must not be negative");
            require(gains.apart || gains.cap[level].raw() == 0, place + ".cap",
                    "is for gains that are counted apart; say so, or delete this");
        }
        check_size_factor(gains.discount, gains.discount.discount_base, kBaseMax,
                          place_ + place + ".discount", problems_);
        require(gains.apart || gains.discount.factor.raw() == 0, place + ".discount",
                "is for gains that are counted apart; say so, or delete this");
    }

    void check_price() {
        require(!rules_.slow_price || keeps_slow_price(instrument_), ".margin.slow_price",
                "there is no slow price; give the instrument slow_price.growth_per_second");
        require(!rules_.slow_price || terms_.margin_price == MarginPrice::mark,
                ".margin.slow_price",
                "has no effect on margin at the entry price; delete one of them");
    }

    // Opening may not be easier than staying open, nor the end of a liquidation than its start; two
    // rules that both count orders have no order between them.
    void check_orders() {
        const PerLevel<OrderRule>& orders = terms_.orders;
        const auto asks_at_least = [&](MarginLevel more, MarginLevel less) {
            return orders[less] == OrderRule::ignored || orders[less] == orders[more];
        };
        require(asks_at_least(MarginLevel::initial, MarginLevel::close_out) &&
                    asks_at_least(MarginLevel::close_out, MarginLevel::maintenance),
                ".margin.orders",
                "must at another level be the initial level's rule or ignored, and not ignored at "
                "close_out where maintenance counts orders");
    }

    void check_slow_price() {
        const SlowPriceRule<Ledger>& rule = instrument_.slow_price;
        const std::string place = ".slow_price";
        constexpr Duration kShortest = Duration::from_ms(1);
        constexpr Duration kDay = Duration::from_seconds(86'400);
        require(within(rule.growth_per_second, Rate{}, kRateOne), place + ".growth_per_second",
                "must be from 0 to 1 (100%)");
        require(within(rule.slot_growth, Rate{}, kRateOne), place + ".slot_growth",
                "must be from 0 to 1 (100%)");
        require((rule.growth_per_second.raw() > 0) == (rule.slot_growth.raw() > 0), place,
                "needs both slot_growth and growth_per_second, above zero");
        require(within(rule.slot, kShortest, kDay), place + ".slot", "must be from 1ms to 24h");
        require(within(rule.most, kShortest, kDay), place + ".most", "must be from 1ms to 24h");
        require(within(rule.least, Duration{}, rule.most), place + ".least",
                "must be from 0s to most");
    }

    const RiskParameters& parameters_;
    const Instrument& instrument_;
    const InstrumentRules& rules_;
    const PositionTerms& terms_;
    const std::string& place_;
    Problems& problems_;
};

}  // namespace

bool falls_by_level(const PerLevel<Rate>& asked) {
    return asked[MarginLevel::initial] >= asked[MarginLevel::close_out] &&
           asked[MarginLevel::close_out] >= asked[MarginLevel::maintenance];
}

bool charge_fits(const Instrument& instrument, Money charge) {
    if (charge.raw() == 0) return true;
    const std::int64_t factor = instrument.scale.factor();
    if (is_inverse(instrument.kind) || instrument.quantity_decimals > kDecimalsOfUnitMax ||
        factor <= 0) {
        return false;
    }
    Int128 unit = instrument.price_max.raw();
    for (int d = 0; d < instrument.quantity_decimals; ++d) unit *= 10;
    const Value most = Value::from_raw(unit > kMaxExposure / factor ? kMaxExposure : unit * factor);
    return magnitude(value_of(charge)) <= most;
}

void check_asset_rules(const RiskParameters& parameters, const Asset& asset,
                       const std::string& place, Problems& problems) {
    AssetCheck(parameters, asset, place, problems).run();
}

void check_instrument_rules(const RiskParameters& parameters, const Instrument& instrument,
                            const std::string& place, Problems& problems) {
    InstrumentCheck(parameters, instrument, place, problems).run();
}

}  // namespace margind::core
