#include "core/margin/lending.hpp"

#include <string>

#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using Priced = core::PricedAmount<Extended>;
using Health = core::LendingHealth<Extended>;

// One asset of a position at Aave: what is supplied as collateral and what is owed of it.
struct Reserve {
    std::string name;
    Priced collateral;
    Priced debt;
    Rate threshold;
    Rate loan_to_value;
    Rate bonus;
};

std::vector<Reserve> reserves_of(const Field& inputs) {
    std::vector<Reserve> reserves;
    for (const auto& [name, field] : inputs["reserves"].members()) {
        const UnitPrice price = field.unit_price("price");
        reserves.push_back({name,
                            {field.money("collateral", "0"), price},
                            {field.money("debt", "0"), price},
                            field.rate("liquidation_threshold", "0"),
                            field.rate("ltv", "0"),
                            field.rate("bonus", "0")});
    }
    return reserves;
}

const Reserve& named(const std::vector<Reserve>& reserves, const Field& name) {
    const auto found = std::ranges::find(reserves, name.text(), &Reserve::name);
    if (found == reserves.end()) {
        name.fail("is not among the reserves");
    }
    return *found;
}

Health health_of(const std::vector<Reserve>& reserves) {
    Health health;
    for (const Reserve& reserve : reserves) {
        health.collateral += reserve.collateral.value() * reserve.threshold;
        health.debt += reserve.debt.value();
    }
    return health;
}

const char* reason(core::LiquidationRefusal refusal) {
    switch (refusal) {
        case core::LiquidationRefusal::none:
            break;
        case core::LiquidationRefusal::healthy:
            return "healthy";
        case core::LiquidationRefusal::dust:
            return "dust";
    }
    return nullptr;
}

Answers aave_liquidation(const Case& c) {
    const std::vector<Reserve> reserves = reserves_of(c.inputs);
    const Reserve& collateral = named(reserves, c.inputs["collateral_asset"]);
    const Reserve& debt = named(reserves, c.inputs["debt_asset"]);
    const bool whole_position = c.params.boolean("whole_position_close_factor");
    const Money small = c.params.money("max_close_factor_threshold", "0");
    const core::LiquidationRules<Extended> rules{
        .close = {.factor = c.params.rate("close_factor"),
                  .full_below_health = c.params.rate("close_factor_health"),
                  .full_below_value = whole_position ? small : Money{},  // both came with 3.3
                  .of_whole_position = whole_position},
        .leftover_min = c.params.money("min_leftover", "0"),
        .bonus = collateral.bonus,
        .protocol_share = c.params.rate("protocol_fee", "0")};
    Health health = health_of(reserves);
    if (const auto stated = c.inputs.find("health_factor")) {
        health = Health::of(stated->rate(), health.debt);
    }
    const auto wanted = c.inputs.find("cover");
    const auto result = core::liquidate(rules, health, collateral.collateral, debt.debt,
                                        wanted ? std::optional(wanted->money()) : std::nullopt);
    Answers answers{{"allowed", result.refusal == core::LiquidationRefusal::none},
                    {"cover", result.cover},
                    {"seized", result.seized},
                    {"protocol_fee", result.protocol_fee},
                    {"liquidator_receives", result.seized - result.protocol_fee}};
    if (const char* why = reason(result.refusal)) {
        answers.emplace("reason", why);
    }
    if (debt.debt.amount.raw() != 0) {
        answers.emplace("share_of_debt",
                        ratio(result.cover, debt.debt.amount, core::Rounding::down));
    }
    return answers;
}

Answers comet_quote(const Case& c) {
    const UnitPrice price =
        core::storefront_price(c.inputs.unit_price("price"), c.params.rate("liquidation_factor"),
                               c.params.rate("store_front_price_factor"));
    return {
        {"price", price},
        {"collateral", core::amount_for(value_of(c.inputs.money("base_amount")),
                                        core::rate_one<Extended>(), price, core::Rounding::down)}};
}

constexpr Model kModels[] = {
    {"aave_liquidation", aave_liquidation},
    {"comet_quote", comet_quote},
};

}  // namespace

std::span<const Model> lending_models() {
    return kModels;
}

}  // namespace margind::test
