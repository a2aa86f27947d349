// Drift v2: the rules and prices of one asset, one contract, as a case states them.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "core/margin/concentration.hpp"
#include "core/margin/evaluate.hpp"
#include "core/margin/fill_rate.hpp"
#include "tests/venues/case.hpp"

namespace margind::test::drift {

using core::MarginLevel;
using core::Rounding;
using AccountTerms = core::AccountTermsOf<Extended>;
using AccountView = core::AccountViewOf<Extended>;
using AssetRow = core::AssetRowOf<Extended>;
using BalanceTerms = core::BalanceTermsOf<Extended>;
using InstrumentRow = core::InstrumentRowOf<Extended>;
using LevelFigures = core::LevelFiguresOf<Extended>;
using PositionTerms = core::PositionTermsOf<Extended>;
using SizeFactor = core::SizeFactor<Extended>;

inline const Rate kRateOne = core::rate_one<Extended>();
inline const Quantity kOne = Quantity::from_raw(Extended::scale());
inline const Money kDollar = Money::from_raw(Extended::scale());
inline const Money kGainCap = Money::from_raw(Extended::scale() * 100);      // initial margin only
inline const Money kOrderCharge = Money::from_raw(Extended::scale() / 100);  // per open order

// Which of a market's two weights counts, or what lies between them. A weight that a market does
// not state is zero.
enum class Kind { initial, fill, maintenance };

inline Kind kind_of(const Field& inputs) {
    const std::string kind = inputs.text("kind");
    if (kind == "initial") {
        return Kind::initial;
    }
    if (kind == "fill") {
        return Kind::fill;
    }
    if (kind != "maintenance") {
        inputs["kind"].fail("is none of initial, fill, maintenance");
    }
    return Kind::maintenance;
}

// Fills are margined like new risk, but at other rates.
inline MarginLevel level_of(Kind kind) {
    return kind == Kind::maintenance ? MarginLevel::maintenance : MarginLevel::initial;
}

inline Rate of_kind(Kind kind, const Rate& initial, const Rate& maintenance, Rounding rounding) {
    switch (kind) {
        case Kind::initial:
            return initial;
        case Kind::fill:
            return core::fill_rate(initial, maintenance, rounding);
        case Kind::maintenance:
            break;
    }
    return maintenance;
}

inline SizeFactor size_factor(const Field& market, std::string_view name) {
    return {.factor = market.rate(name, "0")};
}

// Before what the size does to it.
inline Rate asset_weight(const Field& market, const UnitPrice& oracle, Kind kind) {
    const Rate initial = core::concentrated_asset_weight(
        market.rate("initial_asset_weight", "0"), market.money("total_deposits", "0"), oracle,
        market.money("scale_initial_asset_weight_start", "0"));
    return of_kind(kind, initial, market.rate("maintenance_asset_weight", "0"), Rounding::down);
}
inline Rate liability_weight(const Field& market, Kind kind) {
    return of_kind(kind, market.rate("initial_liability_weight", "0"),
                   market.rate("maintenance_liability_weight", "0"), Rounding::up);
}

// The slow price only counts where a case is strict: what is owned at the lower, what is owed at
// the higher of the two.
inline void set_prices(AssetRow& row, BalanceTerms& terms, const Field& market, bool strict) {
    row.price = market.unit_price("oracle", "1");
    const auto slow = market.find("twap_5min");
    const UnitPrice slow_price = slow ? slow->unit_price() : row.price;
    const UnitPrice other = strict ? slow_price : row.price;
    terms.asset_price = std::min(row.price, other);
    terms.liability_price = std::max(row.price, other);
}

inline AssetRow spot_row(const Field& market, Kind kind, bool strict, BalanceTerms& terms) {
    AssetRow row;
    set_prices(row, terms, market, strict);
    row.asset_weight = asset_weight(market, row.price, kind);
    row.liability_weight = liability_weight(market, kind);
    terms.asset_discount = terms.liability_premium = size_factor(market, "imf_factor");
    terms.debt_is_requirement = true;
    terms.order_charge = kOrderCharge;
    row.terms = &terms;
    return row;
}

inline AssetRow quote_row(const std::optional<Field>& market, bool strict, BalanceTerms& terms) {
    AssetRow row;
    row.price = UnitPrice::from_raw(Extended::scale());
    if (market) {
        set_prices(row, terms, *market, strict);
    }
    row.asset_weight = kRateOne;
    row.liability_weight = kRateOne;
    terms.debt_is_requirement = true;
    terms.without_least_rate = true;
    row.terms = &terms;
    return row;
}

inline void set_gains(PositionTerms& terms, const Field& market, Kind kind) {
    const Rate initial = market.rate("pnl_initial_asset_weight", "0");
    const Rate maintenance = market.rate("pnl_maintenance_asset_weight", "0");
    terms.gains.apart = true;
    terms.gains.weight = kind == Kind::maintenance ? maintenance : initial;
    terms.gains.discount = size_factor(market, "pnl_imf_factor");
    if (kind == Kind::initial) {
        terms.gains.cap = kGainCap;
    }
}

inline InstrumentRow perp_row(const Field& market, Kind kind, PositionTerms& terms) {
    InstrumentRow row;
    row.mark = market.price("oracle", "0");
    row.scale = kPlainContract;
    row.tier_count = 1;
    row.tiers[0].rate = of_kind(kind, market.rate("margin_ratio_initial", "0"),
                                market.rate("margin_ratio_maintenance", "0"), Rounding::up);
    terms.reduced_rate = of_kind(kind, market.rate("high_leverage_ratio_initial", "0"),
                                 market.rate("high_leverage_ratio_maintenance", "0"), Rounding::up);
    terms.unit = kOne;
    terms.premium = size_factor(market, "imf_factor");
    terms.order_charge = kOrderCharge;
    terms.orders = core::OrderRule::worst_fill;
    if (market.boolean("prediction", false)) {
        terms.payoff = core::Payoff::capped;
        terms.payoff_cap = Price::from_raw(Extended::scale());
    }
    set_gains(terms, market, kind);
    row.terms = &terms;
    return row;
}

// The ratio that the account's owner asks for at least, and what a position's adds to that.
inline Rate least_rate(const Field& owner, Kind kind) {
    const Rate chosen = owner.rate("max_margin_ratio", "0");
    return kind == Kind::initial ? chosen : Rate();
}

}  // namespace margind::test::drift
