#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/margin/funding.hpp"
#include "core/margin/lognormal_risk.hpp"
#include "core/margin/model_rate.hpp"
#include "core/market/time_average.hpp"
#include "tests/venues/production.hpp"
#include "tests/venues/registry.hpp"
#include "tests/venues/rules_text.hpp"

namespace margind::test {
namespace {

using core::Duration;
using core::Interval;
using core::Timestamp;
using Points = std::vector<core::TimedPrice<Extended>>;

core::LognormalRule lognormal_rule(const Case& c) {
    c.inputs.ignore("r");
    return {.risk_aversion = c.inputs.real("risk_aversion"),
            .horizon_years = c.inputs.real("tau"),
            .drift = c.inputs.real("mu"),
            .volatility = c.inputs.real("sigma")};
}

Answers answers(const core::RiskFactors& factors) {
    return {{"long", factors.long_side}, {"short", factors.short_side}};
}

Answers lognormal_factors(const Case& c) {
    return answers(core::lognormal_risk_factors(lognormal_rule(c)));
}

// The factors of the rule as it was loaded. An account is asked for them rounded up, so those of
// the engine's row must be just that.
Answers lognormal_factors_production(const Case& c) {
    VenueAccount venue("vega");
    const std::string market = venue.add_instrument(
        {.rules = Keys()
                      .add("margin", Keys().add("risk_model", risk_model_keys(lognormal_rule(c))))
                      .text()});
    venue.price(market, Price::from_raw(Extended::scale()));
    const auto factors = core::lognormal_risk_factors(venue.settings(market).rules.risk_model);
    const core::InstrumentRow& row = venue.market().instruments[venue.instrument(market).index()];
    const core::Rate long_side = core::rate_from_model<core::Ledger>(factors.long_side);
    const core::Rate short_side = core::rate_from_model<core::Ledger>(factors.short_side);
    if (row.terms == nullptr || row.terms->long_rate != core::PerLevel<core::Rate>(long_side) ||
        row.terms->short_rate != core::PerLevel<core::Rate>(short_side)) {
        throw std::runtime_error("the engine's factors are not the model's, rounded up");
    }
    return answers(factors);
}

Answers lognormal_tail(const Case& c) {
    const std::string sign = c.inputs.text("sign", "positive");
    if (sign != "positive" && sign != "negative") {
        c.inputs["sign"].fail("is neither positive nor negative");
    }
    const auto tail = core::lognormal_tail(
        c.inputs.real("mu"), c.inputs.real("sigma"), c.inputs.real("lambda"),
        sign == "positive" ? core::PnlSign::positive : core::PnlSign::negative);
    return {{"var", tail.value_at_risk}, {"es", tail.expected_shortfall}};
}

Field pair(const Field& row, std::size_t at) {
    const auto columns = row.items();
    if (columns.size() != 2) {
        row.fail("is not a pair");
    }
    return columns[at];
}

// Prices are whole units of the venue: one is one raw.
Points points_of(const Field& inputs, std::string_view name) {
    Points points;
    for (const Field& row : inputs.items_or_none(name)) {
        const core::TimedPrice<Extended> point{Timestamp::from_ns(pair(row, 0).whole()),
                                               Price::from_raw(pair(row, 1).integer())};
        // Of points at the same time the order of the file stays.
        points.insert(
            std::ranges::upper_bound(points, point.at, {}, &core::TimedPrice<Extended>::at), point);
    }
    return points;
}

std::vector<Interval> auctions_of(const Field& inputs) {
    std::vector<Interval> auctions;
    for (const Field& row : inputs.items_or_none("auctions")) {
        auctions.push_back(
            {Timestamp::from_ns(pair(row, 0).whole()), Timestamp::from_ns(pair(row, 1).whole())});
    }
    return auctions;
}

// The average as it is stated, or that of the points.
Money twap(const Field& inputs, const std::string& side, const Interval& period,
           const std::vector<Interval>& auctions) {
    const Points points = points_of(inputs, side + "_points");
    if (const auto stated = inputs.find(side + "_twap")) {
        return Money::from_raw(stated->integer());
    }
    return Money::from_raw(core::time_average<Extended>(points, period, auctions).raw());
}

std::optional<Rate> bound(const Field& params, std::string_view name) {
    const auto found = params.find(name);
    return found ? std::optional(found->rate()) : std::nullopt;
}

Answers perp_funding(const Case& c) {
    const Interval period{Timestamp::from_ns(c.inputs.whole("start")),
                          Timestamp::from_ns(c.inputs.whole("end"))};
    const std::vector<Interval> auctions = auctions_of(c.inputs);
    const core::FundingPeriod<Extended> averages{
        .internal = twap(c.inputs, "internal", period, auctions),
        .external = twap(c.inputs, "external", period, auctions),
        .length = period.length(),
        .halted = core::paused_within(period, auctions)};
    const core::FundingRule<Extended> rule{.interest_rate = c.params.rate("interest_rate", "0"),
                                           .interest_min = c.params.rate("clamp_lower", "0"),
                                           .interest_max = c.params.rate("clamp_upper", "0"),
                                           .scaling = c.params.rate("scaling_factor", "1"),
                                           .rate_min = bound(c.params, "rate_lower_bound"),
                                           .rate_max = bound(c.params, "rate_upper_bound")};
    const auto funding = core::perpetual_funding(rule, averages);
    const auto provision =
        core::funding_provision(funding, c.params.rate("margin_funding_factor", "0"));
    return {{"internal_twap", Answer::integer(averages.internal.raw())},
            {"external_twap", Answer::integer(averages.external.raw())},
            {"funding_payment", Answer::integer(funding.payment.raw())},
            {"funding_rate", funding.rate},
            {"margin_increase_per_unit", Rational(provision.raw(), Extended::scale())}};
}

constexpr Model kModels[] = {
    {"vega_lognormal_factors", lognormal_factors, lognormal_factors_production},
    {"vega_lognormal_tail", lognormal_tail},
    {"vega_perp_funding", perp_funding},
};

}  // namespace

std::span<const Model> vega_risk_model_models() {
    return kModels;
}

}  // namespace margind::test
