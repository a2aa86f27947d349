#include "tests/support/random_rules.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/support/random_books.hpp"

using namespace margind::core;

namespace margind::test {
namespace {

Value worth_of(double amount) {
    return Value::from_raw(Int128{money(amount).raw()} * kScale);
}

// How a position's rate depends on its size and side.
void add_rate(Instrument& one, Random& random) {
    PositionTerms& terms = one.rules.terms;
    // A maintenance margin that follows the initial rate admits no other rate beside it.
    const bool may_follow = one.tiers.size() == 1 && one.rate.z_maintenance == 0;
    if (may_follow && random.chance(0.3)) {
        terms.maintenance_of_initial = {.initial_rate = one.tiers[0].initial_rate,
                                        .fraction = rate(0.6)};
        return;
    }
    switch (random.below(5)) {
        case 0:
            terms.long_rate = PerLevel<Rate>(rate(0.03), rate(0.01));
            terms.short_rate = PerLevel<Rate>(rate(0.04), rate(0.02));
            return;
        case 1:
            terms.slippage = {rate(0.002), rate(0.0001)};
            return;
        case 2:
            terms.premium = {.factor = rate(0.0005), .premium_base = rate(0.8)};
            return;
        case 3:
            terms.slope = {.fraction = rate(0.001), .scale = quantity_of(one, 1)};
            terms.slope_share = PerLevel<Rate>(rate(1), rate(0.5));
            return;
        default:
            one.rules.lognormal = true;
            one.rules.risk_model = {
                .risk_aversion = 0.01, .horizon_years = 1e-4, .drift = 0, .volatility = 0.8};
    }
}

void add_gains(GainRule<Ledger>& gains, double unit, Random& random) {
    if (random.chance(0.4)) {
        gains.net_of_margin = true;
        gains.weight = PerLevel<Rate>(rate(0.5), rate(0.7));
        return;
    }
    gains.apart = true;
    gains.weight = PerLevel<Rate>(rate(0.8), rate(0.95));
    if (random.chance(0.5)) gains.cap = PerLevel<Money>(money(100 / unit), money(200 / unit));
    if (random.chance(0.3)) gains.discount = {.factor = rate(0.01)};
}

// Amounts on top, and where the venue rounds.
void add_amount(Instrument& one, double unit, Random& random) {
    PositionTerms& terms = one.rules.terms;
    switch (random.below(3)) {
        case 0:
            terms.minimum = money(std::min(25 / unit, 1e6));
            return;
        case 1:
            terms.rounding = {.notional_step = Money::from_raw(100),
                              .requirement_step = money(std::min(0.01 / unit, 1e6))};
            return;
        default:
            // Bound to what the contract is worth: see charge_fits().
            if (is_inverse(one.kind)) return;
            terms.charge_per_unit = Money::from_raw(one.price_max.raw() / 10'000);
    }
}

void add_orders(PositionTerms& terms, double unit, Random& random) {
    constexpr OrderRule kRules[] = {OrderRule::by_side, OrderRule::worst_fill,
                                    OrderRule::beyond_position};
    const OrderRule rule = kRules[random.below(3)];
    terms.orders = rule;
    if (random.chance(0.2)) terms.orders = PerLevel<OrderRule>(rule, OrderRule::ignored);
    if (random.chance(0.5)) terms.order_charge = money(std::min(1 / unit, 10.0));
}

// A price that limits what the initial level counts: such accounts are always watched.
void keep_slow_price(Instrument& one) {
    one.slow_price = {.slot_growth = rate(0.05),
                      .growth_per_second = rate(0.01),
                      .slot = Duration::from_seconds(5),
                      .least = Duration::from_ms(100),
                      .most = Duration::from_seconds(5)};
}

std::vector<BalanceTier<Ledger>> haircut_tiers(double size, Random& random) {
    // Seldom such that more costs less: those are watched.
    const double last = random.chance(0.8) ? 0.3 : 0.02;
    return {{.value_up_to = worth_of(2'000 * size), .rate = PerLevel<Rate>(rate(0.06), rate(0.05))},
            {.value_up_to = worth_of(6'000 * size), .rate = PerLevel<Rate>(rate(0.15), rate(0.1))},
            {.value_up_to = {}, .rate = rate(last)}};
}

std::vector<BalanceTier<Ledger>> borrow_tiers(double size) {
    return {{.value_up_to = worth_of(2'000 * size), .rate = PerLevel<Rate>(rate(0.06), rate(0.03))},
            {.value_up_to = {}, .rate = PerLevel<Rate>(rate(0.15), rate(0.1))}};
}

// Rules of what an asset counts, by its amount or value.
void add_weights(Asset& asset, double size, Random& random) {
    AssetRules& rules = asset.rules;
    rules.debt_is_requirement = random.chance(0.4);
    if (random.chance(0.5)) rules.borrow_rates = borrow_tiers(size);
    if (random.chance(0.3)) rules.liability_premium = {.factor = rate(0.02)};
    switch (random.below(6)) {
        case 0:
        case 1:
            asset.haircut = {};  // the tiers' instead
            rules.haircuts = haircut_tiers(size, random);
            return;
        case 2:
            rules.asset_discount = {.factor = rate(0.3)};
            return;
        case 3:
            rules.amount_discount = {.scale = money(std::max(size, 1e-8)),
                                     .slope = rate(0.05),
                                     .lower = rate(0.01),
                                     .upper = rate(0.05)};
            return;
        default:
            return;
    }
}

// Rules of what an asset is worth; most of them are watched.
void add_prices(RiskParameters& parameters, Asset& asset, Random& random) {
    AssetRules& rules = asset.rules;
    if (random.chance(0.3)) rules.confidence.multiplier = rate(2);
    if (random.chance(0.05)) rules.redemption = true;
    if (random.chance(0.05)) {
        keep_slow_price(parameters.instruments[asset.priced_by.index()]);
        rules.slow_price = true;
    }
    if (!rules.haircuts.empty() || !random.chance(0.1)) return;
    if (random.chance(0.5)) {
        rules.depeg = {.threshold = UnitPrice::from_raw(kUnit), .factor = rate(2)};
    } else {
        rules.concentration = {.deposits_from = money(1e6), .borrows_from = money(1e6)};
    }
}

void add_asset_rules(RiskParameters& parameters, Asset& asset, double size, Random& random) {
    if (asset.priced_by.valid()) {
        if (random.chance(0.7)) add_weights(asset, size, random);
        add_prices(parameters, asset, random);
    } else if (random.chance(0.15)) {
        asset.rules.debt_is_requirement = random.chance(0.5);
        asset.rules.borrow_rates = borrow_tiers(size);
    } else if (random.chance(0.1)) {
        asset.liability_weight = PerLevel<Rate>(rate(1.1), rate(1.05));
    }
    asset.rules.plain = !looked_at(asset.rules);
}

}  // namespace

void add_instrument_rules(Instrument& instrument, double unit, Random& random) {
    PositionTerms& terms = instrument.rules.terms;
    switch (random.below(8)) {
        case 0:
        case 1:
            add_rate(instrument, random);
            break;
        case 2:
            add_gains(terms.gains, unit, random);
            break;
        case 3:
            add_amount(instrument, unit, random);
            break;
        case 4:
            add_orders(terms, unit, random);
            break;
        case 5:
            if (random.chance(0.5)) terms.margin_price = MarginPrice::entry;
            break;
        case 6:
            if (random.chance(0.3)) add_gains(terms.gains, unit, random);
            add_orders(terms, unit, random);
            break;
        default:
            break;
    }
    const bool follows = terms.maintenance_of_initial.fraction.raw() > 0;
    if (!follows && random.chance(0.15)) instrument.rules.confidence.multiplier = rate(1);
    if (random.chance(0.25)) {
        instrument.rules.open_interest = {
            .lower_cap = money(1e6), .upper_cap = money(1e7), .step = {}};
    }
    if (terms.margin_price == MarginPrice::mark && random.chance(0.03)) {
        keep_slow_price(instrument);
        instrument.rules.slow_price = true;
    }
}

void add_venue_rules(RiskParameters& parameters, double size, Random& random) {
    for (Asset& asset : parameters.assets) add_asset_rules(parameters, asset, size, random);
    if (!random.chance(0.05)) return;
    parameters.keeper_reward = {.flag_cost = money(size),
                                .liquidate_cost = money(2 * size),
                                .reward = {.least = money(3 * size), .profit_share = rate(0.3)}};
}

}  // namespace margind::test
