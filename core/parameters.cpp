#include "core/parameters.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "core/name_limits.hpp"
#include "core/problems.hpp"
#include "core/validate_liquidation.hpp"
#include "core/validate_rules.hpp"

namespace margind::core {
namespace {

// Widest ranges that make sense; they also keep the arithmetic inside its bounds (see units.hpp).
constexpr Rate kRateMax = Rate::from_raw(2 * kScale);
constexpr Rate kLiabilityWeightMax = Rate::from_raw(10 * kScale);
constexpr Rate kLiquidationFeeMax = Rate::from_raw(50'000'000);
constexpr Rate kMultiplierMax = Rate::from_raw(10 * kScale);
constexpr Rate kHysteresisMax = Rate::from_raw(50'000'000);
constexpr double kVolatilityMultiplierMax = 100;
constexpr double kVolatilityMax = 100;
constexpr double kJumpFactorMax = 1'000;
constexpr int kDecimalsMax = 16;
constexpr std::uint32_t kWeightMax = 1'000'000;
constexpr std::uint32_t kAccountsMax = 100'000'000;
constexpr Duration kShortest = Duration::from_ms(1);
constexpr Duration kDay = Duration::from_seconds(86'400);
constexpr Duration kLongest = Duration::from_seconds(30 * 86'400);

// Each check is one line: place, whether it holds, what to do if not.
class Checker {
  public:
    explicit Checker(const RiskParameters& p) : p_(p) {}

    std::vector<std::string> run() {
        check_names();
        for (std::size_t i = 0; i < p_.assets.size(); ++i) check_asset(i);
        for (std::size_t i = 0; i < p_.instruments.size(); ++i) check_instrument(i);
        for (std::size_t i = 0; i < p_.sources.size(); ++i) check_source(i);
        check_source_counts();
        check_ladder();
        check_liquidation(p_, problems_);
        require(p_.guard.jump_factor > 1 && p_.guard.jump_factor <= kJumpFactorMax,
                "guard.jump_factor", "must be above 1, at most 1000");
        require(within(p_.guard.restart_grace, Duration{}, kDay), "guard.restart_grace",
                "must be between 0 and 24h");
        require(within(p_.guard.max_clock_skew, Duration{}, kDay), "guard.max_clock_skew",
                "must be from 0s to 24h");
        require(within(p_.max_accounts, std::uint32_t{1}, kAccountsMax), "max_accounts",
                "must be from 1 to 100000000");
        require(p_.threshold_step.raw() > 0 && p_.threshold_step <= kRateOne, "threshold_step",
                "must be above 0, at most 100%");
        return problems_.take();
    }

  private:
    void require(bool holds, const std::string& place, const std::string& message) {
        problems_.require(holds, place, message);
    }

    static std::string at(const char* list, std::size_t index) {
        return std::string(list) + "[" + std::to_string(index) + "]";
    }
    bool known(AssetId id) const { return id.valid() && id.index() < p_.assets.size(); }
    bool known(InstrumentId id) const { return id.valid() && id.index() < p_.instruments.size(); }
    bool at_par(AssetId id) const { return !p_.assets[id.index()].priced_by.valid(); }

    void check_name(const std::string& name, const std::string& place,
                    std::set<std::string_view>& seen) {
        require(!name.empty() && FixedText<kNameBytesMax>::fits(name), place,
                "must be 1 to 32 printable characters without blanks, quotes, commas, slashes");
        require(seen.insert(name).second, place, "'" + name + "' is taken; names must differ");
    }

    void check_names() {
        require(
            FixedText<kNameBytesMax>::fits(p_.valuation_currency) && !p_.valuation_currency.empty(),
            "valuation_currency", "must name a currency, such as USD");
        require(!p_.assets.empty(), "assets", "list at least one");
        require(!p_.instruments.empty(), "instruments", "list at least one");
        std::set<std::string_view> assets;
        std::set<std::string_view> instruments;
        std::set<std::string_view> feeds;
        for (std::size_t i = 0; i < p_.assets.size(); ++i) {
            check_name(p_.assets[i].name, at("assets", i) + ".name", assets);
        }
        for (std::size_t i = 0; i < p_.instruments.size(); ++i) {
            check_name(p_.instruments[i].name, at("instruments", i) + ".name", instruments);
        }
        for (std::size_t i = 0; i < p_.feeds.size(); ++i) {
            check_name(p_.feeds[i], at("feeds", i) + ".name", feeds);
        }
    }

    void check_levels(const PerLevel<Rate>& asked, const std::string& place) {
        require(falls_by_level(asked), place,
                "must not be larger at another level than at the initial one, nor at maintenance "
                "than at close_out");
    }

    void check_asset(std::size_t i) {
        const Asset& asset = p_.assets[i];
        const std::string place = at("assets", i);
        require(each_within(asset.haircut, Rate{}, kRateOne), place + ".haircut",
                "must be from 0 to 1 (100%)");
        require(each_within(asset.liability_weight, kRateOne, kLiabilityWeightMax),
                place + ".liability_weight", "must be from 1 to 10");
        check_levels(asset.haircut, place + ".haircut");
        check_levels(asset.liability_weight, place + ".liability_weight");
        require(asset.amount_max.raw() > 0, place + ".amount_max", "must be positive");
        check_asset_rules(p_, asset, place, problems_);
        if (!asset.priced_by.valid()) return;
        const std::string priced_by = place + ".priced_by";
        require(asset.name != p_.valuation_currency, priced_by,
                "the valuation currency is worth 1 by definition; delete this");
        if (!known(asset.priced_by)) {
            require(false, priced_by, "no such instrument");
            return;
        }
        const AssetId quote = p_.instruments[asset.priced_by.index()].quote;
        require(!known(quote) || at_par(quote), priced_by,
                "that instrument must quote in the valuation currency, or in an asset at par");
    }

    void check_instrument(std::size_t i) {
        const Instrument& instrument = p_.instruments[i];
        const std::string place = at("instruments", i);
        require(known(instrument.quote), place + ".quote", "no such asset");
        require(within(instrument.price_decimals, 0, kDecimalsMax), place + ".price_decimals",
                "must be from 0 to 16");
        require(within(instrument.quantity_decimals, 0, kDecimalsMax), place + ".quantity_decimals",
                "must be from 0 to 16");
        require(
            instrument.scale.factor() > 0, place + ".multiplier",
            is_inverse(instrument.kind)
                ? "multiplier * 10^(16 + price_decimals - quantity_decimals) must be a positive "
                  "integer below 9 * 10^18; change the decimals"
                : "multiplier * 10^(16 - price_decimals - quantity_decimals) must be a positive "
                  "integer; lower the decimals");
        require(instrument.price_max.raw() > 0, place + ".price_max", "must be above zero");
        require(instrument.lot.raw() > 0, place + ".lot", "must be above zero");
        require(one_lot_fits(instrument), place + ".price_max",
                "one lot at this price is worth more than the 61 billion an account may hold; "
                "lower it, or the lot");
        require(within(instrument.liquidation_fee, Rate{}, kLiquidationFeeMax),
                place + ".liquidation_fee", "must be from 0 to 0.5 (50%)");
        require(instrument.quorum_index >= 1, place + ".quorum_index", "must be at least 1");
        require(instrument.quorum_mark >= 1, place + ".quorum_mark", "must be at least 1");
        require(within(instrument.hold_max, Duration{}, kDay), place + ".hold_max",
                "must be from 0s to 24h");
        check_rate(instrument.rate, place + ".rate");
        check_volatility(instrument.volatility, place + ".volatility");
        check_tiers(instrument, place + ".tiers");
        check_instrument_rules(p_, instrument, place, problems_);
    }

    static bool one_lot_fits(const Instrument& instrument) {
        if (instrument.lot.raw() <= 0 || instrument.price_max.raw() <= 0) return true;
        if (instrument.scale.factor() <= 0) return true;
        // An inverse contract is worth its face, whatever the price.
        const std::int64_t price = is_inverse(instrument.kind) ? 1 : instrument.price_max.raw();
        const Int128 lots = Int128{price} * instrument.lot.raw();
        return lots <= kMaxExposure / instrument.scale.factor();
    }

    void check_rate(const RateRule& rate, const std::string& place) {
        require(within(rate.z_initial, 0.0, kVolatilityMultiplierMax), place + ".z_initial",
                "must be from 0 to 100");
        require(within(rate.z_maintenance, 0.0, kVolatilityMultiplierMax), place + ".z_maintenance",
                "must be from 0 to 100");
        require(!(rate.z_maintenance > rate.z_initial), place + ".z_maintenance",
                "must not exceed z_initial: maintenance margin never exceeds initial margin");
        require(within(rate.horizon, kShortest, kLongest), place + ".horizon",
                "must be from 1ms to 30d");
        require(rate.cap.raw() > 0 && rate.cap <= kRateMax, place + ".cap",
                "must be above 0, at most 2 (200%)");
    }

    void check_volatility(const VolatilityRule& volatility, const std::string& place) {
        require(within(volatility.half_life, kShortest, kLongest), place + ".half_life",
                "must be from 1ms to 30d");
        require(within(volatility.sample_interval, kShortest, kDay), place + ".sample_interval",
                "must be from 1ms to 24h");
        require(volatility.sample_interval <= volatility.half_life, place + ".sample_interval",
                "must not exceed half_life");
        require(within(volatility.initial_annual, 0.0, kVolatilityMax), place + ".initial_annual",
                "must be from 0 to 100 (10000 % a year)");
    }

    void check_tiers(const Instrument& instrument, const std::string& place) {
        if (instrument.kind == InstrumentKind::spot) {
            require(instrument.tiers.empty(), place,
                    "a spot instrument holds no positions; delete its tiers");
            return;
        }
        require(!instrument.tiers.empty(), place, "list at least one tier");
        require(instrument.tiers.size() <= kMaxTiers, place, "at most 32 tiers");
        for (std::size_t t = 0; t < instrument.tiers.size(); ++t) {
            check_tier(instrument, t, place + "[" + std::to_string(t) + "]");
        }
    }

    void check_tier(const Instrument& instrument, std::size_t t, const std::string& place) {
        const Tier& tier = instrument.tiers[t];
        // Other rules may carry the requirement.
        const bool alone = !looked_at(instrument.rules, InstrumentKind::linear_perpetual);
        const Rate least = Rate::from_raw(alone ? 1 : 0);
        require(within(tier.initial_rate, least, instrument.rate.cap), place + ".initial_rate",
                "must be above 0 (where margin has no rules), at most rate.cap");
        require(tier.maintenance_rate >= least, place + ".maintenance_rate",
                "must be above 0 (where margin has no rules)");
        require(tier.maintenance_rate <= tier.initial_rate, place + ".maintenance_rate",
                "must not exceed initial_rate");
        require(tier.close_out_rate.raw() == 0 ||
                    within(tier.close_out_rate, tier.maintenance_rate, tier.initial_rate),
                place + ".close_out_rate", "must be from maintenance_rate to initial_rate");
        if (t > 0) {
            const Tier& before = instrument.tiers[t - 1];
            require(tier.initial_rate >= before.initial_rate &&
                        tier.maintenance_rate >= before.maintenance_rate &&
                        close_out_rate(tier) >= close_out_rate(before),
                    place, "larger positions must not need lower rates than the tier before");
        }
        if (t + 1 == instrument.tiers.size()) return;  // the last has no end
        const Value from = t > 0 ? instrument.tiers[t - 1].notional_up_to : Value{};
        require(tier.notional_up_to > from, place + ".notional_up_to",
                "must be above that of the tier before");
    }

    static Rate close_out_rate(const Tier& tier) {
        return std::max(tier.close_out_rate, tier.maintenance_rate);
    }

    void check_source(std::size_t i) {
        const Source& source = p_.sources[i];
        const std::string place = at("sources", i);
        require(source.feed.valid() && source.feed.index() < p_.feeds.size(), place + ".feed",
                "no such feed");
        require(!source.symbol.empty(), place + ".symbol", "must not be empty");
        require(source.symbol.size() <= kSymbolBytesMax &&
                    source.symbol.find('\0') == std::string::npos,
                place + ".symbol", "must be at most 72 bytes, none of them zero");
        static_assert(kSymbolBytesMax == 72, "as the message says");
        require(within(source.weight, std::uint32_t{1}, kWeightMax), place + ".weight",
                "must be from 1 to 1000000");
        require(within(source.stale_after, kShortest, kDay), place + ".stale_after",
                "must be from 1ms to 24h");
        require(known(source.instrument), place + ".instrument", "no such instrument");
        // A source takes its instrument's quote unless it says otherwise: one problem, not two.
        require(known(source.quote) ||
                    (known(source.instrument) &&
                     source.quote == p_.instruments[source.instrument.index()].quote),
                place + ".quote", "no such asset");
        if (known(source.instrument) && known(source.quote)) check_conversion(source, place);
        for (std::size_t j = 0; j < i; ++j) {
            const Source& other = p_.sources[j];
            require(other.instrument != source.instrument || other.feed != source.feed ||
                        other.symbol != source.symbol || other.channel != source.channel ||
                        other.role != source.role,
                    place, "repeats another source of this instrument; delete one");
        }
    }

    // A price is converted by the prices of two assets. Those must not need a conversion
    // themselves: one step, so that no circle and no order of evaluation can arise.
    void check_conversion(const Source& source, const std::string& place) {
        const AssetId quote = p_.instruments[source.instrument.index()].quote;
        if (source.quote == quote || !known(quote)) return;
        for (const AssetId asset : {source.quote, quote}) {
            const InstrumentId through = p_.assets[asset.index()].priced_by;
            if (!known(through)) continue;  // at par
            const bool direct =
                std::none_of(p_.sources.begin(), p_.sources.end(), [&](const Source& other) {
                    return other.instrument == through &&
                           other.quote != p_.instruments[through.index()].quote;
                });
            require(direct && through != source.instrument, place + ".quote",
                    "is converted through " + p_.instruments[through.index()].name +
                        ", whose own sources must all be in its own quote");
        }
    }

    void check_source_counts() {
        std::vector<std::size_t> counts(p_.instruments.size());
        std::vector<bool> has_index(p_.instruments.size());
        for (const Source& source : p_.sources) {
            if (!known(source.instrument)) continue;
            ++counts[source.instrument.index()];
            if (source.role == Role::index) has_index[source.instrument.index()] = true;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            const std::string place = at("instruments", i) + ".sources";
            require(counts[i] <= kMaxSourcesPerInstrument, place, "at most 16 sources");
            require(
                counts[i] == 0 || has_index[i], place,
                "at least one source must have role index: volatility is measured on the index");
        }
    }

    void check_level(const Level& level, const std::string& place) {
        require(level.multiplier.raw() > 0 && level.multiplier <= kMultiplierMax,
                place + ".multiplier", "must be above 0, at most 10");
        require(within(level.hysteresis, Rate{}, kHysteresisMax), place + ".hysteresis",
                "must be from 0 to 0.5 (50%)");
    }

    // How much a level asks for, compared with others.
    static int rank(MarginLevel level) {
        return level == MarginLevel::initial ? 2 : level == MarginLevel::close_out ? 1 : 0;
    }

    // A rung must be reached before the next one. How margins of different levels compare is the
    // instruments' affair, but liquidation is never measured at a stricter one than the call.
    void check_above(const Level& rung, const Level& next, const std::string& place,
                     const std::string& name) {
        require(&next != &p_.ladder.liquidation || rank(rung.of) >= rank(next.of), place + ".of",
                "must not be a lower margin level than that of " + name);
        require(rung.multiplier > next.multiplier ||
                    (rung.multiplier == next.multiplier && rank(rung.of) > rank(next.of)),
                place + ".multiplier",
                rung.of == next.of ? "must be above " + name + ".multiplier"
                                   : "must not be below " + name + ".multiplier");
    }

    // Above the end of the liquidation state, or a liquidated account would flap.
    void check_target() {
        const Ladder& ladder = p_.ladder;
        const Int128 target = Int128{ladder.liquidation_target.raw()} * kScale;
        const Int128 end = Int128{ladder.liquidation.multiplier.raw()} *
                           (kScale + Int128{ladder.liquidation.hysteresis.raw()});
        require(rank(ladder.target_of) >= rank(ladder.liquidation.of), "ladder.target_of",
                "must not be a lower margin level than that of liquidation");
        const bool same_level = ladder.target_of == ladder.liquidation.of;
        require((same_level ? target > end : target >= end) &&
                    ladder.liquidation_target <= kMultiplierMax,
                "ladder.liquidation_target",
                same_level
                    ? "must be above liquidation.multiplier * (1 + hysteresis), at most 10"
                    : "must not be below liquidation.multiplier * (1 + hysteresis), at most 10");
    }

    void check_ladder() {
        const Ladder& ladder = p_.ladder;
        check_level(ladder.warning, "ladder.warning");
        check_level(ladder.margin_call, "ladder.margin_call");
        check_level(ladder.liquidation, "ladder.liquidation");
        check_above(ladder.warning, ladder.margin_call, "ladder.warning", "margin_call");
        check_above(ladder.margin_call, ladder.liquidation, "ladder.margin_call", "liquidation");
        check_target();
        require(within(ladder.close_out_buffer, Rate{}, kRateOne), "ladder.close_out_buffer",
                "must be from 0 to 1 (100%)");
        require(ladder.close_out_buffer.raw() == 0 || ladder.target_of == MarginLevel::close_out,
                "ladder.close_out_buffer",
                "is part of the close_out margin; set target_of: close_out, or delete this");
        require(within(ladder.margin_call_deadline, kShortest, kLongest),
                "ladder.margin_call_deadline", "must be from 1ms to 30d");
    }

    const RiskParameters& p_;
    Problems problems_;
};

}  // namespace

UnitPrice largest_unit_price(const RiskParameters& parameters, AssetId asset) noexcept {
    const InstrumentId by = parameters.assets[asset.index()].priced_by;
    if (!by.valid()) return kUnitPriceOne;
    const Instrument& instrument = parameters.instruments[by.index()];
    Int128 raw = instrument.price_max.raw();
    for (int d = instrument.price_decimals; d < kScaleDecimals; ++d) raw *= 10;
    for (int d = instrument.price_decimals; d > kScaleDecimals; --d) raw = raw / 10 + 1;
    return UnitPrice::from_raw(std::max<std::int64_t>(saturate_to_int64(raw), 1));
}

bool looked_at(const AssetRules& rules) noexcept {
    return rules.slow_price || rules.redemption || rules.debt_is_requirement ||
           rules.asset_discount.factor.raw() != 0 || rules.liability_premium.factor.raw() != 0 ||
           rules.amount_discount != AmountDiscount<Ledger>{} || !rules.haircuts.empty() ||
           !rules.borrow_rates.empty() || rules.order_charge.raw() != 0 ||
           !rules.least_rate_applies;
}

bool looked_at(const InstrumentRules& rules, InstrumentKind kind) noexcept {
    PositionTerms plain;
    plain.unit = rules.terms.unit;  // means nothing by itself
    return is_inverse(kind) || kind == InstrumentKind::capped || rules.slow_price ||
           rules.lognormal || !(rules.terms == plain);
}

std::vector<std::string> validate(const RiskParameters& parameters) {
    return Checker(parameters).run();
}

}  // namespace margind::core
