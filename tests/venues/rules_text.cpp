#include "tests/venues/rules_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace margind::test {
namespace {

using core::kAllMarginLevels;

template <class Amount>
bool any(const core::PerLevel<Amount>& each) {
    return each != core::PerLevel<Amount>{};
}

// Without maintenance rates where those are a fraction of the initial ones.
Keys tier_rates(const VenueAccount& venue, const core::PerLevel<Rate>& rate, bool of_initial) {
    Keys tier;
    tier.add("initial_rate", venue.text(rate[MarginLevel::initial]));
    if (!of_initial) {
        tier.add("maintenance_rate", venue.text(rate[MarginLevel::maintenance]));
        tier.add_if(rate[MarginLevel::close_out] != rate[MarginLevel::maintenance],
                    "close_out_rate", venue.text(rate[MarginLevel::close_out]));
    }
    return tier;
}

std::string list(const std::vector<std::string>& items) {
    std::string all = "[";
    for (const std::string& item : items) all += (all.size() > 1 ? ", " : "") + item;
    return all + "]";
}

// Money whose exact value is `value`.
Money money_of(const Value& value) {
    if (value.raw() % Extended::scale() != 0) throw BeyondLedger("a tier has too many decimals");
    return Money::from_raw(value.raw() / Extended::scale());
}

Keys size_factor(const VenueAccount& venue, const core::SizeFactor<Extended>& rule,
                 const Rate& base) {
    return Keys().add("factor", venue.text(rule.factor)).add("base", venue.text(base));
}

std::string text(const core::PerLevel<core::OrderRule>& rules) {
    constexpr std::array<const char*, 4> kWords = {"ignored", "by_side", "worst_fill",
                                                   "beyond_position"};
    const auto word = [&](MarginLevel level) {
        return std::string(kWords.at(static_cast<std::size_t>(rules[level])));
    };
    return "{initial: " + word(MarginLevel::initial) +
           ", maintenance: " + word(MarginLevel::maintenance) +
           ", close_out: " + word(MarginLevel::close_out) + "}";
}

Keys gain_keys(const VenueAccount& venue, const core::GainRule<Extended>& gains) {
    Keys keys;
    keys.add("counted", gains.apart ? "apart" : "net_of_margin");
    keys.add("weight", venue.text(gains.weight));
    keys.add_if(gains.apart, "cap", venue.text(gains.cap));
    if (gains.discount.factor.raw() != 0) {
        keys.add("discount", size_factor(venue, gains.discount, gains.discount.discount_base));
    }
    return keys;
}

std::string balance_tiers(const VenueAccount& venue,
                          std::span<const core::BalanceTier<Extended>> tiers) {
    std::vector<std::string> items;
    for (const auto& tier : tiers) {
        Keys keys;
        keys.add_if(&tier != &tiers.back(), "value_up_to", venue.text(money_of(tier.value_up_to)));
        items.push_back(keys.add("rate", venue.text(tier.rate)).map());
    }
    return list(items);
}

void add_balance_terms(const VenueAccount& venue, const BalanceTerms& terms, Keys& keys) {
    if (terms.asset_discount.factor.raw() != 0) {
        keys.add("size_discount",
                 size_factor(venue, terms.asset_discount, terms.asset_discount.discount_base));
    }
    if (terms.liability_premium.factor.raw() != 0) {
        keys.add("size_premium",
                 size_factor(venue, terms.liability_premium, terms.liability_premium.premium_base));
    }
    if (const auto& rule = terms.amount_discount; rule.scale.raw() != 0) {
        keys.add("amount_discount", Keys()
                                        .add("scale", venue.text(rule.scale))
                                        .add("slope", venue.text(rule.slope))
                                        .add("lower", venue.text(rule.lower))
                                        .add("upper", venue.text(rule.upper)));
    }
    keys.add_if(!terms.haircuts.empty(), "haircut_tiers", balance_tiers(venue, terms.haircuts));
    keys.add_if(!terms.borrow_rates.empty(), "borrow_tiers",
                balance_tiers(venue, terms.borrow_rates));
    keys.add_if(terms.debt_is_requirement, "debt", "requirement");
    keys.add_if(terms.without_least_rate, "least_rate_applies", "false");
    keys.add_if(terms.order_charge.raw() != 0, "order_charge", venue.text(terms.order_charge));
}

}  // namespace

Keys margin_keys(const VenueAccount& venue, const PositionTerms& terms) {
    Keys margin;
    margin.add("orders", text(terms.orders));
    margin.add_if(terms.margin_price == core::MarginPrice::entry, "price", "entry");
    margin.add("slippage", Keys()
                               .add("linear", venue.text(terms.slippage.linear))
                               .add("quadratic", venue.text(terms.slippage.quadratic)));
    if (any(terms.long_rate) || any(terms.short_rate)) {
        margin.add("risk_factors", Keys()
                                       .add("long", venue.text(terms.long_rate))
                                       .add("short", venue.text(terms.short_rate)));
    }
    if (terms.slope.scale.raw() != 0) {
        margin.add("size_slope", Keys()
                                     .add("fraction", venue.text(terms.slope.fraction))
                                     .add("scale", venue.text(terms.slope.scale))
                                     .add("share", venue.text(terms.slope_share)));
    }
    if (terms.premium.factor.raw() != 0) {
        margin.add("size_premium", size_factor(venue, terms.premium, terms.premium.premium_base));
    }
    margin.add_if(any(terms.reduced_rate), "reduced_rate", venue.text(terms.reduced_rate));
    margin.add_if(terms.maintenance_of_initial.fraction.raw() != 0, "maintenance_fraction",
                  venue.text(terms.maintenance_of_initial.fraction));
    margin.add("minimum", venue.text(terms.minimum));
    margin.add("flag_reward", venue.text(terms.flag_reward));
    margin.add("order_charge", venue.text(terms.order_charge));
    margin.add_if(terms.charge_per_unit.raw() != 0, "charge_per_unit",
                  venue.text(terms.charge_per_unit));
    margin.add_if(terms.payoff == core::Payoff::capped, "payoff_cap", venue.text(terms.payoff_cap));
    if (terms.gains.apart || terms.gains.net_of_margin) {
        margin.add("gains", gain_keys(venue, terms.gains));
    }
    return margin.add("rounding",
                      Keys()
                          .add("notional", venue.text(terms.rounding.notional_step))
                          .add("requirement", venue.text(terms.rounding.requirement_step)));
}

Keys risk_model_keys(const core::LognormalRule& rule) {
    // The shortest text that reads back as the same double.
    const auto number = [](double value) { return fmt::format("{}", value); };
    return Keys().add("lognormal", Keys()
                                       .add("risk_aversion", number(rule.risk_aversion))
                                       .add("horizon_years", number(rule.horizon_years))
                                       .add("drift", number(rule.drift))
                                       .add("volatility", number(rule.volatility)));
}

Keys tier_keys(const VenueAccount& venue, const Instrument& row, const PositionTerms& terms) {
    const bool of_initial = terms.maintenance_of_initial.fraction.raw() != 0;
    Keys keys;
    std::vector<std::string> tiers;
    Rate highest;
    for (std::uint32_t t = 0; t < row.tier_count; ++t) {
        const auto& tier = row.tiers[t];
        Keys one;
        if (t + 1 < row.tier_count) {
            one.add("notional_up_to", venue.text(money_of(tier.notional_up_to)));
        }
        const std::string rates = tier_rates(venue, tier.rate, of_initial).text();
        tiers.push_back("{" + one.text() + (one.text().empty() ? "" : ", ") + rates + "}");
        highest = std::max(highest, tier.rate[MarginLevel::initial]);
    }
    keys.add("tiers", list(tiers));
    return keys.add_if(kOne < highest, "rate", "{cap: 2}");
}

std::string instrument_rules(const VenueAccount& venue, const Instrument& row,
                             const PositionTerms& terms) {
    return tier_keys(venue, row, terms).add("margin", margin_keys(venue, terms)).text();
}

Keys asset_keys(const VenueAccount& venue, const Asset& row) {
    core::PerLevel<Rate> haircut;
    for (const MarginLevel level : kAllMarginLevels)
        haircut[level] = kOne - row.asset_weight[level];
    Keys keys;
    keys.add("haircut", venue.text(haircut));
    keys.add("liability_weight", venue.text(row.liability_weight));
    if (row.terms != nullptr) add_balance_terms(venue, *row.terms, keys);
    return keys;
}

void require_decimals(const Rational& rate, const std::string& what) {
    if (denominator(Rational(rate * core::kScale)) != 1) {
        throw BeyondLedger(what + " has more than 8 decimals");
    }
}

}  // namespace margind::test
