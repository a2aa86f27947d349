#include <algorithm>
#include <vector>

#include "core/margin/isolated_orders.hpp"
#include "core/margin/lognormal_risk.hpp"
#include "core/margin/margin_multiple.hpp"
#include "core/margin/model_rate.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

struct Order {
    Quantity size;  // bids positive, in contracts
    Price price;    // in the smallest unit of the settlement asset
    bool pegged;
};

// How the venue counts: sizes in 10^-decimals of a contract, prices in units of `price`.
struct Units {
    Rate contract;  // one unit of size
    Rate price;

    Quantity size(const Field& field) const {
        return Quantity::from_raw(product(field.rate(), contract, core::Rounding::down).raw());
    }
    Price priced(const Field& field) const {
        return Price::from_raw(product(field.rate(), price, core::Rounding::down).raw());
    }
};

std::vector<Order> orders_of(const Field& inputs, const Units& units) {
    std::vector<Order> orders;
    for (const Field& row : inputs.items_or_none("orders")) {
        const std::string side = row.text("side");
        if (side != "buy" && side != "sell") {
            row["side"].fail("is neither buy nor sell");
        }
        const Quantity size = units.size(row["size"]);
        orders.push_back({side == "buy" ? size : -size, units.priced(row["price"]),
                          row.boolean("pegged", false)});
    }
    return orders;
}

// The larger side of what orders beside an isolated position set aside.
Money isolated_orders(const std::vector<Order>& orders, const Quantity& position,
                      const core::IsolatedOrderRule<Extended>& rule) {
    std::vector<core::RestingOrder<Extended>> bids;
    std::vector<core::RestingOrder<Extended>> asks;
    for (const Order& order : orders) {
        if (!order.pegged) {
            (order.size.raw() > 0 ? bids : asks).push_back({order.size, order.price});
        }
    }
    const auto price = &core::RestingOrder<Extended>::price;
    std::ranges::stable_sort(bids, std::ranges::greater{}, price);
    std::ranges::stable_sort(asks, {}, price);
    const auto margin = [&](const Quantity& covered, const auto& side) {
        return core::isolated_order_margin<Extended>(kPlainContract, rule,
                                                     std::max(covered, Quantity{}), side);
    };
    return std::max(margin(-position, bids), margin(position, asks));
}

struct SideRates {
    Rate long_side;
    Rate short_side;
};

SideRates rates_of(const Field& model) {
    const std::string type = model.text("type");
    if (type == "simple") {
        return {model.rate("long"), model.rate("short")};
    }
    if (type != "lognormal") {
        model["type"].fail("is neither simple nor lognormal");
    }
    model.ignore("r");
    const auto factors = core::lognormal_risk_factors({.risk_aversion = model.real("risk_aversion"),
                                                       .horizon_years = model.real("tau"),
                                                       .drift = model.real("mu"),
                                                       .volatility = model.real("sigma")});
    return {core::rate_from_model<Extended>(factors.long_side),
            core::rate_from_model<Extended>(factors.short_side)};
}

Rate size_unit(const Field& params) {
    const std::int64_t decimals = params.whole("position_decimal_places", 0);
    if (decimals < -18 || decimals > 18) {
        params["position_decimal_places"].fail("is not within -18 and 18");
    }
    Rate unit = kOne;
    for (std::int64_t i = 0; i < (decimals < 0 ? -decimals : decimals); ++i) {
        unit = Rate::from_raw(decimals < 0 ? unit.raw() * 10 : unit.raw() / 10);
    }
    return unit;
}

PositionTerms terms_of(const Case& c, const Units& units, bool isolated) {
    const SideRates rates = rates_of(c.params["risk_model"]);
    PositionTerms terms;
    terms.unit = kOneUnit;
    terms.long_rate = rates.long_side;
    terms.short_rate = rates.short_side;
    terms.slippage = {c.params.rate("linear_slippage_factor", "0"),
                      c.params.rate("quadratic_slippage_factor", "0")};
    terms.charge_per_unit = c.inputs.money("funding_per_unit", "0");
    terms.orders = isolated ? core::OrderRule::ignored : core::OrderRule::by_side;
    terms.in_auction = c.inputs.boolean("in_auction", false);
    if (const auto price = c.inputs.find("auction_price")) {
        terms.auction_price = units.priced(*price);
    }
    terms.rounding.requirement_step = kOneMoney;
    return terms;
}

Answers vega_margin(const Case& c) {
    const Units units{size_unit(c.params), c.inputs.rate("price_multiplier", "1")};
    const std::string mode = c.inputs.text("margin_mode", "cross");
    if (mode != "cross" && mode != "isolated") {
        c.inputs["margin_mode"].fail("is neither cross nor isolated");
    }
    const bool isolated = mode == "isolated";
    const PositionTerms terms = terms_of(c, units, isolated);
    const Quantity quantity = units.size(c.inputs["position"]);
    const Price mark = units.priced(c.inputs["mark_price"]);
    const std::vector<Order> orders = orders_of(c.inputs, units);
    const Rate factor = c.inputs.rate("margin_factor", "0");

    Account account;
    const auto balance = account.add_balance(account.add_asset(plain_asset(kPar)), Money{});
    const auto position = account.add_position(
        account.add_instrument(plain_instrument(mark), terms), balance, quantity, mark);
    for (const Order& order : orders) {
        account.add_order({position, order.size, order.price, 1});
    }
    const Money maintenance = account.at(MarginLevel::maintenance).margin;
    const auto multiple = [&](std::string_view name, bool applies) {
        const Rate scale = c.params.rate(name, "0");
        return applies ? core::margin_multiple(maintenance, scale, kOneMoney) : Money{};
    };
    const Price auction = terms.in_auction ? terms.auction_price : Price{};
    return {{"maintenance", maintenance},
            {"search", multiple("search", !isolated)},
            {"initial", multiple("initial", true)},
            {"release", multiple("release", !isolated)},
            {"order",
             isolated ? isolated_orders(orders, quantity, {factor, auction, kOneMoney}) : Money{}}};
}

Answers vega_isolated_order_margin(const Case& c) {
    const Rate contract =
        quotient(kOne, c.params.rate("position_factor", "1"), core::Rounding::down);
    const Units units{contract, kOne};
    const Quantity position = units.size(c.inputs["position"]);
    const Price auction = c.inputs.price("auction_price", "0");
    return {
        {"order_margin", isolated_orders(orders_of(c.inputs, units), position,
                                         {c.params.rate("margin_factor"), auction, kOneMoney})}};
}

constexpr Model kModels[] = {
    {"vega_margin", vega_margin},
    {"vega_isolated_order_margin", vega_isolated_order_margin},
};

}  // namespace

std::span<const Model> vega_margin_models() {
    return kModels;
}

}  // namespace margind::test
