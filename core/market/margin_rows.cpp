#include "core/market/margin_rows.hpp"

#include <algorithm>

#include "core/margin/concentration.hpp"
#include "core/margin/lognormal_risk.hpp"
#include "core/margin/model_rate.hpp"
#include "core/margin/open_interest_scaling.hpp"
#include "core/margin/sided_prices.hpp"

namespace margind::core {
namespace {

constexpr std::int64_t power_of_ten(int exponent) {
    std::int64_t power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

// A factor of a risk model as a rate, as far as sums of rates have room for it.
Rate factor_rate(double factor) noexcept {
    constexpr double kHighest = 10;
    return rate_from_model<Ledger>(std::clamp(factor, 0.0, kHighest));
}

}  // namespace

MarginRows::MarginRows(const RiskParameters& parameters)
    : parameters_(parameters),
      instruments_(parameters.instruments.size()),
      terms_(parameters.instruments.size()),
      assets_(parameters.assets.size()),
      asset_terms_(parameters.assets.size()),
      instrument_states_(parameters.instruments.size()),
      asset_states_(parameters.assets.size()) {
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        instruments_[i].scale = parameters.instruments[i].scale;
    }
    for (std::uint32_t a = 0; a < assets_.size(); ++a) {
        const InstrumentId by = parameters.assets[a].priced_by;
        if (by.valid()) {
            instrument_states_[by.index()].prices_assets.push_back(AssetId(a));
        } else {
            assets_[a].price = kUnitPriceOne;
        }
    }
    refresh();
}

void MarginRows::refresh() noexcept {
    for (std::uint32_t i = 0; i < instruments_.size(); ++i) {
        const std::size_t tiers = parameters_.instruments[i].tiers.size();
        instruments_[i].tier_count = static_cast<std::uint32_t>(tiers);
        update_terms(InstrumentId(i));
        update_prices_of_level(InstrumentId(i));
    }
    for (std::uint32_t a = 0; a < assets_.size(); ++a) update_asset(AssetId(a));
}

void MarginRows::set_mark(InstrumentId id, Price mark) noexcept {
    instruments_[id.index()].mark = mark;
    update_prices_of_level(id);
}

void MarginRows::set_index(InstrumentId id, Price index, Timestamp now) noexcept {
    const UnitPrice price = unit_price(id, index);
    move_slow_price(id, price, now);
    update_prices_of_level(id);
    for (const AssetId asset : instrument_states_[id.index()].prices_assets) {
        assets_[asset.index()].price = price;
        update_asset(asset);
    }
}

bool MarginRows::set_confidence(InstrumentId id, Rate share) noexcept {
    InstrumentState& state = instrument_states_[id.index()];
    if (state.confidence == share) return false;
    state.confidence = share;
    for (const AssetId asset : state.prices_assets) update_asset(asset);
    return true;
}

bool MarginRows::set_rates(InstrumentId id, std::size_t tier, Rate initial,
                           Rate maintenance) noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    const InstrumentState& state = instrument_states_[id.index()];
    const Rate charge = confidence_charge(id);
    PerLevel<Rate> rate;
    rate[MarginLevel::initial] =
        std::max(initial,
                 scale_by_open_interest(instrument.rules.open_interest, std::min(initial, kRateOne),
                                        state.open_interest)) +
        charge;
    rate[MarginLevel::maintenance] = maintenance + charge;
    rate[MarginLevel::close_out] =
        std::max(instrument.tiers[tier].close_out_rate, maintenance) + charge;
    TierRow& out = instruments_[id.index()].tiers[tier];
    const Value end = instrument.tiers[tier].notional_up_to;
    if (out.rate == rate && out.notional_up_to == end) return false;
    out = {end, rate};
    return true;
}

void MarginRows::set_statistic(const StatisticInput& input, Timestamp now) noexcept {
    switch (input.statistic) {
        case Statistic::open_interest:
            instrument_states_[input.target].open_interest = Money::from_raw(input.value);
            return;
        case Statistic::expected_funding:
            instrument_states_[input.target].expected_funding = Money::from_raw(input.value);
            instrument_states_[input.target].tells_funding |= input.value != 0;
            update_terms(InstrumentId(input.target));
            return;
        case Statistic::auction_price:
            instrument_states_[input.target].auction_price = Price::from_raw(input.value);
            update_terms(InstrumentId(input.target));
            return;
        case Statistic::slow_price:
            set_slow_price(InstrumentId(input.target), Price::from_raw(input.value), now);
            return;
        case Statistic::total_deposits:
            asset_states_[input.target].deposits = Money::from_raw(input.value);
            break;
        case Statistic::total_borrows:
            asset_states_[input.target].borrows = Money::from_raw(input.value);
            break;
        case Statistic::redemption_value:
            asset_states_[input.target].redemption = UnitPrice::from_raw(input.value);
            break;
        case Statistic::count_:
            return;
    }
    update_asset(AssetId(input.target));
}

// A price at 1e-8, rounded down; never zero, which means "not priced yet".
UnitPrice MarginRows::unit_price(InstrumentId id, Price price) const noexcept {
    const int decimals = parameters_.instruments[id.index()].price_decimals;
    const Int128 raw = decimals >= kScaleDecimals
                           ? price.wide() / power_of_ten(decimals - kScaleDecimals)
                           : price.wide() * power_of_ten(kScaleDecimals - decimals);
    return UnitPrice::from_raw(std::max<std::int64_t>(saturate_to_int64(raw), 1));
}

// A price at 1e-8 in the instrument's ticks, rounded down.
Price MarginRows::in_ticks(InstrumentId id, UnitPrice price) const noexcept {
    const int decimals = parameters_.instruments[id.index()].price_decimals;
    return Price::from_raw(saturate_to_int64(
        decimals >= kScaleDecimals ? price.wide() * power_of_ten(decimals - kScaleDecimals)
                                   : price.wide() / power_of_ten(kScaleDecimals - decimals)));
}

void MarginRows::move_slow_price(InstrumentId id, UnitPrice index, Timestamp now) noexcept {
    const SlowPriceRule<Ledger>& rule = parameters_.instruments[id.index()].slow_price;
    if (!keeps_slow_price(parameters_.instruments[id.index()])) return;
    InstrumentState& state = instrument_states_[id.index()];
    if (state.has_slow_price) {
        state.slow_price.update(index, now);
    } else {
        state.slow_price = SlowPrice(rule, index, now);
        state.has_slow_price = true;
    }
}

// A venue's own, to go on from.
void MarginRows::set_slow_price(InstrumentId id, Price price, Timestamp now) noexcept {
    InstrumentState& state = instrument_states_[id.index()];
    state.slow_price =
        SlowPrice(parameters_.instruments[id.index()].slow_price, unit_price(id, price), now);
    state.has_slow_price = true;
    update_prices_of_level(id);
    for (const AssetId asset : state.prices_assets) update_asset(asset);
}

// What the instrument's rules say now; prices of levels come with the prices.
void MarginRows::update_terms(InstrumentId id) noexcept {
    const Instrument& instrument = parameters_.instruments[id.index()];
    const InstrumentRules& rules = instrument.rules;
    const InstrumentState& state = instrument_states_[id.index()];
    PositionTerms& terms = terms_[id.index()];
    const PerLevel<Price> long_price = terms.long_price;
    const PerLevel<Price> short_price = terms.short_price;
    terms = rules.terms;
    terms.long_price = long_price;
    terms.short_price = short_price;
    terms.unit = Quantity::from_raw(power_of_ten(instrument.quantity_decimals));
    terms.payoff = is_inverse(instrument.kind)                 ? Payoff::inverse
                   : instrument.kind == InstrumentKind::capped ? Payoff::capped
                                                               : Payoff::linear;
    terms.charge_per_unit = terms.charge_per_unit + state.expected_funding;
    terms.auction_price = state.auction_price;
    terms.in_auction = state.auction_price.raw() > 0;
    if (rules.lognormal) {
        const RiskFactors factors = lognormal_risk_factors(rules.risk_model);
        for (const MarginLevel level : kAllMarginLevels) {
            terms.long_rate[level] = terms.long_rate[level] + factor_rate(factors.long_side);
            terms.short_rate[level] = terms.short_rate[level] + factor_rate(factors.short_side);
        }
    }
    const bool nothing_to_look_at = rules.plain && !state.tells_funding;
    instruments_[id.index()].terms = nothing_to_look_at ? nullptr : &terms;
}

// The initial level may be valued at the less favourable of the mark and the slow price.
void MarginRows::update_prices_of_level(InstrumentId id) noexcept {
    const InstrumentState& state = instrument_states_[id.index()];
    if (!parameters_.instruments[id.index()].rules.slow_price || !state.has_slow_price) return;
    const Price mark = instruments_[id.index()].mark;
    const SidedPrices<Price> prices = against_account(mark, in_ticks(id, state.slow_price.price()));
    PositionTerms& terms = terms_[id.index()];
    terms.long_price[MarginLevel::initial] = prices.owned;
    terms.short_price[MarginLevel::initial] = prices.owed;
}

// Weights and prices of the levels, as the asset's rules, the venue's totals and the price say now.
void MarginRows::update_asset(AssetId id) noexcept {
    const Asset& asset = parameters_.assets[id.index()];
    const AssetRules& rules = asset.rules;
    AssetRow& row = assets_[id.index()];
    BalanceTerms& terms = asset_terms_[id.index()];
    terms = {.asset_price = {},
             .liability_price = {},
             .asset_discount = rules.asset_discount,
             .liability_premium = rules.liability_premium,
             .amount_discount = rules.amount_discount,
             .haircuts = rules.haircuts,
             .borrow_rates = rules.borrow_rates,
             .debt_is_requirement = rules.debt_is_requirement,
             .without_least_rate = !rules.least_rate_applies,
             .order_charge = rules.order_charge};
    update_asset_prices(asset, asset_states_[id.index()], row, terms);
    for (const MarginLevel level : kAllMarginLevels) {
        row.asset_weight[level] = weigh(id, true, level).concentration;
        row.liability_weight[level] = weigh(id, false, level).concentration;
    }
    row.terms = rules.plain ? nullptr : &terms;
}

void MarginRows::update_asset_prices(const Asset& asset, const AssetState& state,
                                     const AssetRow& row, BalanceTerms& terms) const noexcept {
    const SidedPrices<UnitPrice> initial = against_account(row.price, slow_price(asset));
    terms.asset_price = row.price;
    terms.liability_price = row.price;
    terms.asset_price[MarginLevel::initial] = initial.owned;
    terms.liability_price[MarginLevel::initial] = initial.owed;
    if (!asset.rules.redemption || state.redemption.raw() == 0) return;
    for (const MarginLevel level : kAllMarginLevels) {
        terms.asset_price[level] = std::min(terms.asset_price[level], state.redemption);
    }
}

// The slow price that the asset is valued at; zero: it is not, or there is none yet.
UnitPrice MarginRows::slow_price(const Asset& asset) const noexcept {
    if (!asset.rules.slow_price || !asset.priced_by.valid()) return {};
    const InstrumentState& state = instrument_states_[asset.priced_by.index()];
    return state.has_slow_price ? state.slow_price.price() : UnitPrice{};
}

Rate MarginRows::confidence_charge(InstrumentId id) const noexcept {
    return product(parameters_.instruments[id.index()].rules.confidence.multiplier,
                   instrument_states_[id.index()].confidence, Rounding::up);
}

// Requires: the asset's prices of the levels are up to date.
WeightSteps MarginRows::weigh(AssetId id, bool owned, MarginLevel level) const noexcept {
    const Asset& asset = parameters_.assets[id.index()];
    const AssetRules& rules = asset.rules;
    const AssetState& state = asset_states_[id.index()];
    const Rate unsure =
        asset.priced_by.valid()
            ? product(rules.confidence.multiplier,
                      instrument_states_[asset.priced_by.index()].confidence, Rounding::up)
            : Rate{};
    WeightSteps steps;
    steps.base = owned ? kRateOne - asset.haircut[level] : asset.liability_weight[level];
    steps.confidence = owned ? steps.base - std::min(steps.base, unsure) : steps.base + unsure;
    steps.depeg = steps.concentration = steps.confidence;
    if (level != MarginLevel::initial) return steps;
    const UnitPrice price = assets_[id.index()].price;
    if (owned && rules.depeg.factor.raw() > 0 && price < rules.depeg.threshold) {
        const Rate below = Rate::from_raw(rules.depeg.threshold.raw() - price.raw());
        steps.depeg =
            steps.depeg - std::min(steps.depeg, product(rules.depeg.factor, below, Rounding::up));
    }
    const UnitPrice upper = asset_terms_[id.index()].liability_price[level];
    steps.concentration = owned ? concentrated_asset_weight(steps.depeg, state.deposits, upper,
                                                            rules.concentration.deposits_from)
                                : concentrated_liability_weight(steps.depeg, state.borrows, upper,
                                                                rules.concentration.borrows_from);
    return steps;
}

WeightSteps MarginRows::weight_steps(AssetId id, bool owned, MarginLevel level) const noexcept {
    return weigh(id, owned, level);
}

InstrumentFacts MarginRows::facts(InstrumentId id) const noexcept {
    const InstrumentState& state = instrument_states_[id.index()];
    return {.open_interest = state.open_interest,
            .expected_funding = state.expected_funding,
            .auction_price = state.auction_price,
            .slow_price = state.has_slow_price ? in_ticks(id, state.slow_price.price()) : Price{},
            .confidence_charge = confidence_charge(id)};
}

AssetFacts MarginRows::facts(AssetId id) const noexcept {
    const AssetState& state = asset_states_[id.index()];
    return {.total_deposits = state.deposits,
            .total_borrows = state.borrows,
            .redemption_value = state.redemption,
            .slow_price = slow_price(parameters_.assets[id.index()])};
}

MarginRows::MarginRows(const MarginRows& other, Copy)
    : parameters_(other.parameters_),
      instruments_(other.instruments_),
      terms_(other.terms_),
      assets_(other.assets_),
      asset_terms_(other.asset_terms_),
      instrument_states_(other.instrument_states_),
      asset_states_(other.asset_states_) {
    for (std::size_t i = 0; i < instruments_.size(); ++i) {
        if (instruments_[i].terms != nullptr) instruments_[i].terms = &terms_[i];
    }
    for (std::size_t a = 0; a < assets_.size(); ++a) {
        if (assets_[a].terms != nullptr) assets_[a].terms = &asset_terms_[a];
    }
}

void MarginRows::imagine(InstrumentId id, Price price) noexcept {
    set_mark(id, price);
    for (const AssetId asset : instrument_states_[id.index()].prices_assets) {
        assets_[asset.index()].price = unit_price(id, price);
        update_asset(asset);
    }
}

void MarginRows::restore(InstrumentId id, const MarginRows& other) noexcept {
    set_mark(id, other.instruments_[id.index()].mark);
    for (const AssetId asset : instrument_states_[id.index()].prices_assets) {
        assets_[asset.index()].price = other.assets_[asset.index()].price;
        update_asset(asset);
    }
}

}  // namespace margind::core
