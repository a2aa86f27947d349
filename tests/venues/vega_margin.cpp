#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/margin/isolated_orders.hpp"
#include "core/margin/lognormal_risk.hpp"
#include "core/margin/margin_multiple.hpp"
#include "core/margin/model_rate.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/production.hpp"
#include "tests/venues/registry.hpp"
#include "tests/venues/rules_text.hpp"

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

// The larger side of what orders beside an isolated position set aside. Pegged ones do not count.
template <class N>
core::MoneyOf<N> isolated_orders(const std::vector<core::RestingOrder<N>>& orders,
                                 const core::QuantityOf<N>& position,
                                 const core::ContractScaleOf<N>& contract,
                                 const core::IsolatedOrderRule<N>& rule) {
    std::vector<core::RestingOrder<N>> bids;
    std::vector<core::RestingOrder<N>> asks;
    for (const auto& order : orders) (order.size.raw() > 0 ? bids : asks).push_back(order);
    const auto price = &core::RestingOrder<N>::price;
    std::ranges::sort(bids, std::ranges::greater{}, price);
    std::ranges::sort(asks, {}, price);
    const auto margin = [&](const core::QuantityOf<N>& covered, const auto& side) {
        return core::isolated_order_margin<N>(contract, rule,
                                              std::max(covered, core::QuantityOf<N>{}), side);
    };
    return std::max(margin(-position, bids), margin(position, asks));
}

std::vector<core::RestingOrder<Extended>> not_pegged(const std::vector<Order>& orders) {
    std::vector<core::RestingOrder<Extended>> resting;
    for (const Order& order : orders) {
        if (!order.pegged) resting.push_back({order.size, order.price});
    }
    return resting;
}

// Either two factors or what they follow from.
struct RiskModel {
    Rate long_side;
    Rate short_side;
    std::optional<core::LognormalRule> lognormal;
};

RiskModel risk_model_of(const Field& model) {
    const std::string type = model.text("type");
    if (type == "simple") {
        return {model.rate("long"), model.rate("short"), {}};
    }
    if (type != "lognormal") {
        model["type"].fail("is neither simple nor lognormal");
    }
    model.ignore("r");
    const core::LognormalRule rule{.risk_aversion = model.real("risk_aversion"),
                                   .horizon_years = model.real("tau"),
                                   .drift = model.real("mu"),
                                   .volatility = model.real("sigma")};
    const auto factors = core::lognormal_risk_factors(rule);
    return {core::rate_from_model<Extended>(factors.long_side),
            core::rate_from_model<Extended>(factors.short_side), rule};
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

// A case: one market, and what one party has in it.
struct Given {
    bool isolated;
    RiskModel model;
    PositionTerms terms;
    Quantity position;
    Price mark;
    std::vector<Order> orders;
    Rate order_factor;
    Rate search;  // times maintenance
    Rate initial;
    Rate release;
};

bool is_isolated(const Field& inputs) {
    const std::string mode = inputs.text("margin_mode", "cross");
    if (mode != "cross" && mode != "isolated") {
        inputs["margin_mode"].fail("is neither cross nor isolated");
    }
    return mode == "isolated";
}

PositionTerms terms_of(const Case& c, const Units& units, const RiskModel& model, bool isolated) {
    PositionTerms terms;
    terms.unit = kOneUnit;
    terms.long_rate = model.long_side;
    terms.short_rate = model.short_side;
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

Given given_in(const Case& c) {
    const Units units{size_unit(c.params), c.inputs.rate("price_multiplier", "1")};
    const bool isolated = is_isolated(c.inputs);
    const RiskModel model = risk_model_of(c.params["risk_model"]);
    return {.isolated = isolated,
            .model = model,
            .terms = terms_of(c, units, model, isolated),
            .position = units.size(c.inputs["position"]),
            .mark = units.priced(c.inputs["mark_price"]),
            .orders = orders_of(c.inputs, units),
            .order_factor = c.inputs.rate("margin_factor", "0"),
            .search = c.params.rate("search", "0"),
            .initial = c.params.rate("initial", "0"),
            .release = c.params.rate("release", "0")};
}

Money maintenance_of(const Given& given) {
    Account account;
    const auto balance = account.add_balance(account.add_asset(plain_asset(kPar)), Money{});
    const auto position =
        account.add_position(account.add_instrument(plain_instrument(given.mark), given.terms),
                             balance, given.position, given.mark);
    for (const Order& order : given.orders) {
        account.add_order({position, order.size, order.price, 1});
    }
    return account.at(MarginLevel::maintenance).margin;
}

core::IsolatedOrderRule<Extended> order_rule(const Given& given) {
    return {given.order_factor, given.terms.in_auction ? given.terms.auction_price : Price{},
            kOneMoney};
}

Answers answers(const Given& given, const Money& maintenance, const Money& search,
                const Money& initial, const Money& release, const Money& order) {
    return {{"maintenance", maintenance},
            {"search", given.isolated ? Money{} : search},
            {"initial", initial},
            {"release", given.isolated ? Money{} : release},
            {"order", given.isolated ? order : Money{}}};
}

Answers vega_margin(const Case& c) {
    const Given given = given_in(c);
    const Money maintenance = maintenance_of(given);
    const auto multiple = [&](const Rate& scale) {
        return core::margin_multiple(maintenance, scale, kOneMoney);
    };
    return answers(given, maintenance, multiple(given.search), multiple(given.initial),
                   multiple(given.release),
                   isolated_orders(not_pegged(given.orders), given.position, kPlainContract,
                                   order_rule(given)));
}

// --- the same as the daemon has it

// The slippage that the ledger counts: its rates end at a thousand times the notional.
core::Slippage<Extended> held_slippage(const PositionTerms& terms, const Quantity& position) {
    const Rate largest =
        Rate::from_raw(Extended::scale() * core::Ledger::kLargestRate / core::kScale);
    const Rate& side =
        (position.raw() > 0 ? terms.long_rate : terms.short_rate)[MarginLevel::maintenance];
    const Rate by_size =
        product(terms.slippage.quadratic, Rate::from_raw(core::magnitude(position).raw()),
                core::Rounding::up);
    return largest < side + terms.slippage.linear + by_size
               ? core::Slippage<Extended>{largest - side, Rate{}}
               : terms.slippage;
}

// A model's factors have as many decimals as a double; the ledger keeps eight, rounded up. Where
// that, or its largest rate, changes the answer, the ledger does not hold the case.
void require_held(const Given& given) {
    Given held = given;
    const auto round_up = [](core::PerLevel<Rate>& rates) {
        const Extended::Raw step = Extended::scale() / core::kScale;
        rates = Rate::from_raw(core::to_multiple<Extended::Raw>(
            rates[MarginLevel::maintenance].raw(), step, core::Rounding::up));
    };
    if (given.model.lognormal) {
        round_up(held.terms.long_rate);
        round_up(held.terms.short_rate);
    }
    held.terms.slippage = held_slippage(held.terms, given.position);
    if (maintenance_of(held) != maintenance_of(given)) {
        throw BeyondLedger("the answer needs more than 8 decimals of a rate, or one above 1000");
    }
}

std::string market_rules(const VenueAccount& venue, const Given& given) {
    PositionTerms terms = given.terms;
    terms.charge_per_unit = {};  // an input
    if (given.model.lognormal) terms.long_rate = terms.short_rate = Rate{};
    Keys margin = margin_keys(venue, terms);
    if (given.model.lognormal) margin.add("risk_model", risk_model_keys(*given.model.lognormal));
    return tier_keys(venue, plain_instrument(given.mark), terms).add("margin", margin).text();
}

// Whether the case's multiples are rungs one above the other, as the venue demands of a market.
bool has_ladder(const Given& given) {
    return kOne < given.search && given.search < given.initial;
}

// The ladder's rungs are what the venue calls initial and search level.
std::string ladder(const VenueAccount& venue, const Given& given) {
    return "{warning: {multiplier: " + venue.text(given.initial) +
           ", hysteresis: 0}, margin_call: {multiplier: " + venue.text(given.search) +
           ", hysteresis: 0}, liquidation: {multiplier: 1, hysteresis: 0}, liquidation_target: " +
           venue.text(given.initial) + "}";
}

// Before a market opens it has no mark; in an auction orders alone do not need one.
Price mark_of(const Given& given) {
    if (given.mark.raw() > 0) return given.mark;
    if (!given.terms.in_auction || given.position.raw() != 0 || given.orders.empty()) {
        throw BeyondLedger("the ledger has no price of zero");
    }
    return given.orders.front().price;
}

// A pegged order's price may be shown as less than nothing. Outside an auction orders count at the
// mark, so that it does not matter which one they have.
Price price_of(const Order& order, const Given& given) {
    if (order.price.raw() > 0) return order.price;
    if (given.terms.in_auction) throw BeyondLedger("the ledger has no order price of zero or less");
    return mark_of(given);
}

std::string add_market(VenueAccount& venue, const Given& given) {
    const std::string market = venue.add_instrument(
        {.rules = market_rules(venue, given),
         // The engine admits a charge up to what one unit can be worth.
         .price_max = Price::from_raw(core::magnitude(given.terms.charge_per_unit).raw())});
    if (has_ladder(given)) {
        venue.replace_section("ladder", ladder(venue, given));
    }
    venue.price(market, mark_of(given));
    if (given.terms.charge_per_unit.raw() != 0) {
        venue.statistic(core::Statistic::expected_funding, market, given.terms.charge_per_unit);
    }
    venue.position(market, given.position, mark_of(given));
    for (const Order& order : given.orders) {
        if (given.isolated && order.pegged) continue;  // sets nothing aside
        venue.order(market, order.size, price_of(order, given));
    }
    if (given.isolated) venue.isolated(market);
    return market;
}

// An auction without an indicative price: the lowest price there is, below every order's.
void open_auction(VenueAccount& venue, const std::string& market, const Given& given) {
    if (!given.terms.in_auction) return;
    venue.auction_price(market, given.terms.auction_price.raw() > 0
                                    ? given.terms.auction_price
                                    : venue.widened(market, core::Price::from_raw(1)));
}

// What the account's orders set aside, as the engine has them.
Money order_margin(VenueAccount& venue, const std::string& market,
                   const core::IsolatedOrderRule<Extended>& rule) {
    std::vector<core::RestingOrder<core::Ledger>> orders;
    core::Quantity position;
    for (const auto& order : venue.view().orders) orders.push_back({order.size, order.price});
    for (const auto& row : venue.view().positions) position = row.quantity;
    return venue.widened(isolated_orders<core::Ledger>(
        orders, position, venue.settings(market).scale,
        {venue.narrowed(rule.factor), venue.narrowed(market, rule.auction_price),
         venue.narrowed(rule.unit)}));
}

Answers margin_through_engine(const Given& given, int exponent) {
    VenueAccount venue("vega", exponent);
    const std::string market = add_market(venue, given);
    open_auction(venue, market, given);
    const core::Money unit = venue.narrowed(kOneMoney);
    const core::Money maintenance = venue.narrowed(venue.at(MarginLevel::maintenance).margin);
    const core::Ladder& ladder = venue.engine().parameters().ladder;
    const auto multiple = [&](const core::Rate& rung) {
        return venue.widened(core::margin_multiple(maintenance, rung, unit));
    };
    const bool rungs = has_ladder(given);
    return answers(given, venue.widened(maintenance),
                   multiple(rungs ? ladder.margin_call.multiplier : venue.narrowed(given.search)),
                   multiple(rungs ? ladder.warning.multiplier : venue.narrowed(given.initial)),
                   multiple(venue.narrowed(given.release)),
                   order_margin(venue, market, order_rule(given)));
}

// Money counts the coin's smallest unit; where that leaves too little room, 1e-8 of money each.
Answers vega_margin_production(const Case& c) {
    const Given given = given_in(c);
    require_held(given);
    return in_fitting_unit({0, -8}, [&](int unit) { return margin_through_engine(given, unit); });
}

// --- orders beside an isolated position, by themselves

Given orders_given(const Case& c) {
    const Rate contract =
        quotient(kOne, c.params.rate("position_factor", "1"), core::Rounding::down);
    const Units units{contract, kOne};
    Given given{};
    given.isolated = true;
    given.position = units.size(c.inputs["position"]);
    given.terms.auction_price = c.inputs.price("auction_price", "0");
    given.terms.in_auction = true;
    given.terms.rounding.requirement_step = kOneMoney;
    given.orders = orders_of(c.inputs, units);
    given.order_factor = c.params.rate("margin_factor");
    return given;
}

Answers vega_isolated_order_margin(const Case& c) {
    const Given given = orders_given(c);
    return {{"order_margin", isolated_orders(not_pegged(given.orders), given.position,
                                             kPlainContract, order_rule(given))}};
}

Answers vega_isolated_order_margin_production(const Case& c) {
    Given given = orders_given(c);
    given.mark = Price::from_raw(Extended::scale());  // does not matter
    return in_fitting_unit({0, -8}, [&](int unit) {
        VenueAccount venue("vega", unit);
        const std::string market = add_market(venue, given);
        return Answers{{"order_margin", order_margin(venue, market, order_rule(given))}};
    });
}

constexpr Model kModels[] = {
    {"vega_margin", vega_margin, vega_margin_production},
    {"vega_isolated_order_margin", vega_isolated_order_margin,
     vega_isolated_order_margin_production},
};

}  // namespace

std::span<const Model> vega_margin_models() {
    return kModels;
}

}  // namespace margind::test
