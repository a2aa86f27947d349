#include "tests/venues/dydx_production.hpp"

#include <algorithm>
#include <initializer_list>

#include "core/margin/maintenance_fraction.hpp"
#include "tests/venues/dydx_account.hpp"
#include "tests/venues/production.hpp"
#include "tests/venues/rules_text.hpp"

namespace margind::test::dydx {
namespace {

using core::Ledger;
using core::MarginState;

// A quantum is a millionth of a dollar; a whole one where prices of a base quantum have too many
// decimals for that, 1e-8 where amounts are too large.
constexpr std::initializer_list<int> kUnits = {-6, 0, -8};

std::string market_rules(const VenueAccount& venue, const Market& market, const std::string& more) {
    // The rate before open interest scales it.
    Instrument row = market.row;
    row.tiers[0].rate = {market.terms.maintenance_of_initial.initial_rate, Rate()};
    Keys margin = margin_keys(venue, market.terms);
    Keys scaling;
    if (market.scaling.upper_cap.raw() > 0) {
        scaling.add("lower_cap", venue.text(market.scaling.lower_cap));
        scaling.add("upper_cap", venue.text(market.scaling.upper_cap));
    }
    margin.add("open_interest_scaling", scaling.add("step", venue.text(market.scaling.step)));
    Keys rules = tier_keys(venue, row, market.terms);
    rules.add("margin", margin).add("lot", venue.text(market.step));
    return rules.text() + more;
}

std::string add_market(VenueAccount& venue, const Market& market, const std::string& more = "") {
    if (market.row.mark.raw() <= 0) throw BeyondLedger("the ledger has no price of zero");
    const std::string name = venue.add_instrument({.rules = market_rules(venue, market, more),
                                                   .sizes = {market.step},
                                                   .finest_prices = true});
    venue.price(name, market.row.mark);
    if (market.open_interest.raw() != 0) {
        venue.statistic(core::Statistic::open_interest, name, market.open_interest);
    }
    return name;
}

// The largest power of ten that is no more than the price: few digits, so that what a position
// cost has no more decimals than it must.
Price entry_below(const Price& price) {
    Integer power = 1;
    while (power * 10 <= price.raw()) power *= 10;
    return Price::from_raw(power);
}

// The account of a case at the venue. The venue's quote balance has what positions cost taken off;
// the daemon's takes it off itself.
struct AtVenue {
    VenueAccount venue;
    std::vector<std::string> markets;

    AtVenue(const Account& account, int unit,
            const std::optional<core::FillablePrice<Extended>>& takeover = {})
        : venue("dydx-v4", unit) {
        for (const Market& market : account.markets) {
            markets.push_back(add_market(venue, market, takeover ? text(*takeover) : ""));
        }
        Money quote = account.quote;
        for (const auto& row : account.positions) {
            const Market& market = account.markets[row.instrument.index()];
            const std::string& name = markets[row.instrument.index()];
            const Price entry = entry_below(market.row.mark);
            venue.position(name, row.quantity, entry);
            venue.accrued(name, row.accrued);
            venue.least_initial_rate(name, row.least_initial_rate);
            const Value cost = kPlainContract.value(entry, row.quantity);
            quote = quote + exact_money(cost);
        }
        venue.balance("USDC", quote);
    }

    // Where a position may be taken over. Without a spread that is the mark, less no fee.
    std::string text(const core::FillablePrice<Extended>& takeover) const {
        const Keys rule =
            Keys()
                .add("spread_to_maintenance", venue.text(takeover.spread_to_maintenance))
                .add("bankruptcy_adjustment", venue.text(takeover.bankruptcy_adjustment));
        return ", insurance_fee: 0, fillable_price: " + rule.map();
    }
    static Money exact_money(const Value& value) {
        if (value.raw() % Extended::scale() != 0) {
            throw BeyondLedger("what a position cost has too many decimals");
        }
        return core::round_down(value);
    }
    const core::InstrumentRow& row(std::uint32_t market) {
        return venue.market().instruments[venue.instrument(markets[market]).index()];
    }
    core::AccountRisk<Ledger> risk() {
        const auto figures = venue.at(MarginLevel::maintenance);
        return {.equity = venue.narrowed(figures.equity),
                .maintenance = venue.narrowed(figures.margin)};
    }
};

bool liquidatable(VenueAccount& venue) {
    // Without a requirement there is nothing to liquidate, however bankrupt.
    return venue.state() >= MarginState::liquidation &&
           venue.at(MarginLevel::maintenance).margin.raw() > 0;
}

Answers margins(VenueAccount& venue) {
    const auto maintenance = venue.at(MarginLevel::maintenance);
    return {{"net_collateral", maintenance.equity},
            {"initial_margin", venue.at(MarginLevel::initial).margin},
            {"maintenance_margin", maintenance.margin},
            {"is_liquidatable", liquidatable(venue)}};
}

// An account of which the figures are given: cash, and a position that is worth its requirement.
VenueAccount account_of_figures(const Money& net, const Money& margin, int unit) {
    VenueAccount venue("dydx-v4", unit);
    const Price one = Price::from_raw(Extended::scale());
    const std::string market = venue.add_instrument(
        {.rules = "tiers: [{initial_rate: 100%, maintenance_rate: 100%}]", .sizes = {}});
    venue.price(market, one);
    venue.position(market, Quantity::from_raw(margin.raw()), one);
    venue.balance("USDC", net);
    return venue;
}

core::AccountRisk<Ledger> risk_at_venue(const AccountRisk& stated, int unit) {
    VenueAccount venue = account_of_figures(stated.equity, stated.maintenance, unit);
    const auto figures = venue.at(MarginLevel::maintenance);
    return {.equity = venue.narrowed(figures.equity),
            .maintenance = venue.narrowed(figures.margin)};
}

Answer in_ppm(const core::Rate& rate) {
    return Rational(rate.raw(), core::kScale / 1'000'000);
}

// Without a notional there is no position, but a market.
Account priced(Account account) {
    if (account.markets.front().row.mark.raw() != 0) return account;
    account.markets.front().row.mark = Price::from_raw(Extended::scale());
    account.positions.clear();
    return account;
}

}  // namespace

Answers margin_ppm_production(const Case& test) {
    const Account account = priced(account_of_notional(test));
    const Rate clamp_factor = ppm(test.inputs, "clamp_factor_ppm");
    return in_fitting_unit(kUnits, [&](int unit) {
        AtVenue at(account, unit);
        Answers answers = margins(at.venue);
        const core::Instrument& loaded = at.venue.settings(at.markets[0]);
        const core::MaintenanceFraction<Ledger> rule{
            .initial_rate = loaded.tiers[0].initial_rate,
            .fraction = loaded.rules.terms.maintenance_of_initial.fraction};
        const core::Rate step = at.venue.narrowed(kPpmStep);
        answers.emplace("maintenance_margin_ppm", in_ppm(core::maintenance_rate(rule, step)));
        answers.emplace("funding_clamp_ppm",
                        in_ppm(core::funding_clamp(rule, at.venue.narrowed(clamp_factor), step)));
        answers.emplace("adjusted_initial_margin_ppm",
                        in_ppm(std::max(at.row(0).tiers[0].rate[MarginLevel::initial],
                                        at.venue.narrowed(account.markets[0].initial_floor))));
        return answers;
    });
}

Answers position_production(const Case& test) {
    const Account account = account_of_position(test);
    return in_fitting_unit(kUnits, [&](int unit) {
        AtVenue at(account, unit);
        Answers answers = margins(at.venue);
        const core::Quantity size = at.venue.narrowed(at.markets[0], account.positions[0].quantity);
        answers.emplace("notional", at.venue.widened(stake(at.row(0), size).notional));
        return answers;
    });
}

Answers account_production(const Case& test) {
    const Account account = account_of(test);
    return in_fitting_unit(kUnits, [&](int unit) {
        AtVenue at(account, unit);
        return margins(at.venue);
    });
}

Answers thresholds_production(const Case& test) {
    const Money net = test.inputs.money("net_collateral");
    const auto initial = test.inputs.find("initial_margin");
    const auto maintenance = test.inputs.find("maintenance_margin");
    return in_fitting_unit(kUnits, [&](int unit) {
        // In a state less bad than the one where what is asked does not hold.
        const auto covered = [&](const std::optional<Field>& margin, MarginState below) {
            return margin && account_of_figures(net, margin->money(), unit).state() < below;
        };
        VenueAccount account =
            account_of_figures(net, maintenance ? maintenance->money() : Money{}, unit);
        return Answers{{"initial_ok", covered(initial, MarginState::margin_call)},
                       {"maintenance_ok", covered(maintenance, MarginState::liquidation)},
                       {"is_liquidatable", liquidatable(account)}};
    });
}

Answers risk_order_production(const Case& test) {
    const AccountRisk first = risk_of(test.inputs["first"]);
    const AccountRisk second = risk_of(test.inputs["second"]);
    return in_fitting_unit(kUnits, [&](int unit) {
        const auto order =
            core::compare_risk(risk_at_venue(first, unit), risk_at_venue(second, unit));
        return Answers{{"order", order > 0 ? 1 : order < 0 ? -1 : 0}};
    });
}

Answers transition_production(const Case& test) {
    const AccountRisk before = risk_of(test.inputs["old"]);
    const AccountRisk after = risk_of(test.inputs["new"]);
    return in_fitting_unit(kUnits, [&](int unit) {
        return Answers{
            {"allowed", core::repairs(risk_at_venue(before, unit), risk_at_venue(after, unit))}};
    });
}

namespace {

// The position that a case closes, as the engine has it; `at` outlives it.
ClosingRisk<Ledger> closing_at(AtVenue& at, const Closing& closing) {
    const std::string& market = at.markets[closing.market];
    return {.account = at.risk(),
            .row = at.row(closing.market),
            .position = at.venue.narrowed(market, closing.position),
            .quantum = at.venue.narrowed(kQuantum)};
}

std::optional<Money> widened(const VenueAccount& venue, const std::optional<core::Money>& amount) {
    return amount ? std::optional(venue.widened(*amount)) : std::nullopt;
}

}  // namespace

Answers bankruptcy_price_production(const Case& test) {
    const Closing closing = closing_of(test);
    const Quantity change = test.inputs.quantity("delta_quantums");
    return in_fitting_unit(kUnits, [&](int unit) {
        AtVenue at(closing.account, unit);
        const auto proceeds =
            closing_at(at, closing)
                .bankruptcy_proceeds(at.venue.narrowed(at.markets[closing.market], change));
        return Answers{{"quote_quantums", widened(at.venue, proceeds)}};
    });
}

namespace {

// How much of the spread counts is a rate; the ledger keeps eight decimals of it.
void require_held(const core::FillablePrice<Extended>& rule, const AccountRisk& risk) {
    if (risk.maintenance.raw() == 0) return;
    const Rational share =
        Rational(rule.bankruptcy_adjustment.raw(), Extended::scale()) *
        Rational(risk.maintenance.raw() - risk.equity.raw(), risk.maintenance.raw());
    if (share > 0 && share < 1) require_decimals(share, "the adjustment by the account's risk");
}

}  // namespace

// Where a plan says that the position may be taken over.
Answers fillable_price_production(const Case& test) {
    const Closing closing = closing_of(test);
    const auto rule = fillable_rule(test.params);
    const Quantity change = test.inputs.quantity("delta_quantums");
    require_held(rule, closing.account.risk());
    return in_fitting_unit(kUnits, [&](int unit) {
        AtVenue at(closing.account, unit, rule);
        const std::string& market = at.markets[closing.market];
        if (!closing_at(at, closing).possible(at.venue.narrowed(market, change))) {
            return Answers{{"price", nullptr}};
        }
        return Answers{{"price", at.venue.limit_price(market)}};
    });
}

Answers insurance_delta_production(const Case& test) {
    const Closing closing = closing_of(test);
    const Price price = fill_price(test, closing);
    const Quantity change = filled(test.inputs);
    const Rate max_fee = ppm(test.params, "max_liquidation_fee_ppm");
    return in_fitting_unit(kUnits, [&](int unit) {
        AtVenue at(closing.account, unit);
        const std::string& market = at.markets[closing.market];
        const auto received =
            closing_at(at, closing)
                .insurance_change(at.venue.narrowed(market, price),
                                  at.venue.narrowed(market, change), at.venue.narrowed(max_fee));
        return Answers{{"quote_quantums", widened(at.venue, received)}};
    });
}

namespace {

// More than the ledger can hold limits nobody.
std::string limits_text(const VenueAccount& venue,
                        const core::LiquidationLimits<Extended>& limits) {
    const auto text = [&](const Money& amount) -> std::string {
        try {
            return venue.text(amount);
        } catch (const BeyondLedger&) {
            return "90000000000";
        }
    };
    return Keys()
        .add("min_notional", text(limits.min_notional))
        // None at all means everything in a config; the smallest share comes to the same as none.
        .add("max_portion", limits.max_portion.raw() == 0 ? std::string("0.00000001")
                                                          : venue.text(limits.max_portion))
        .add("account_notional", text(limits.account_notional))
        .map();
}

}  // namespace

// Of an account that owes so much that a round takes all it may.
Answers liquidation_size_production(const Case& test) {
    const Field field = test.inputs["market"];
    const Market market = market_of(field, price_of_quantum(field));
    const Quantity size = test.inputs.quantity("quantums");
    const auto rule = limits_of(test.params);
    return in_fitting_unit(kUnits, [&](int unit) {
        VenueAccount venue("dydx-v4", unit);
        const std::string name =
            add_market(venue, market, ", liquidation_limits: " + limits_text(venue, rule));
        venue.position(name, size, market.row.mark);
        const core::Quantity held = venue.narrowed(name, size);
        const core::InstrumentRow& row = venue.market().instruments[venue.instrument(name).index()];
        const core::Money quantum = venue.narrowed(kQuantum);
        const core::Money worth = core::magnitude(notional(row.scale, row.mark, held, quantum));
        const auto range =
            core::liquidatable_notional(venue.settings(name).liquidation_limits, worth, quantum);
        Answers answers{{"min_notional", venue.widened(range.least)},
                        {"max_notional", venue.widened(range.most)}};
        venue.balance("USDC", venue.widened(-worth - quantum));
        const core::LiquidationPlan plan = venue.plan();
        if (plan.size > 1) throw std::runtime_error("the plan of one position has several steps");
        const Quantity closed =
            plan.size == 0 ? Quantity{} : venue.widened(name, plan.steps[0].quantity);
        answers.emplace("delta_quantums", size.raw() < 0 ? closed : -closed);
        return answers;
    });
}

}  // namespace margind::test::dydx
