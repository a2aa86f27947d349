#include "core/margin/lending.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/venues/account.hpp"
#include "tests/venues/engine_account.hpp"
#include "tests/venues/registry.hpp"
#include "tests/venues/rules_text.hpp"

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

// Collateral and debts as an account: loan-to-value is what counts initially, the liquidation
// threshold at maintenance, and a debt is what is required.
Account account_of(const std::vector<Reserve>& reserves) {
    Account account;
    BalanceTerms debts_are_required;
    debts_are_required.debt_is_requirement = true;
    for (const Reserve& reserve : reserves) {
        Asset row = plain_asset(reserve.collateral.price);
        row.asset_weight = {reserve.loan_to_value, reserve.threshold};
        const auto asset = account.add_asset(row, debts_are_required);
        if (reserve.collateral.amount.raw() != 0) {
            account.add_balance(asset, reserve.collateral.amount);
        }
        if (reserve.debt.amount.raw() != 0) {
            account.add_balance(asset, -reserve.debt.amount);
        }
    }
    return account;
}

Health health_of(const Figures& maintenance) {
    return {.collateral = value_of(maintenance.equity) * kOne,
            .debt = value_of(maintenance.margin)};
}

// Averages over the collateral: what counts of it. Nothing of no collateral.
Rate average_weight(const Figures& figures) {
    const Money collateral = round_down(figures.owned());
    return collateral.raw() == 0 ? Rate{} : ratio(figures.equity, collateral, core::Rounding::down);
}

// `account` has a Figures at(MarginLevel).
Answers aave_figures(auto&& account) {
    const Figures initial = account.at(MarginLevel::initial);
    const Figures maintenance = account.at(MarginLevel::maintenance);
    const Health health = health_of(maintenance);
    const auto factor = health.debt.raw() == 0 ? std::nullopt : std::optional(health.ratio());
    return {{"health_factor", factor},
            {"liquidatable", health.below(kOne)},
            {"total_collateral", maintenance.owned()},
            {"total_debt", maintenance.owed()},
            {"liquidation_threshold", average_weight(maintenance)},
            {"ltv", average_weight(initial)},
            {"available_borrows", core::borrowable(initial.equity, initial.margin, kOne)}};
}

Answers aave_account(const Case& c) {
    return aave_figures(account_of(reserves_of(c.inputs)));
}
Answers aave_account_production(const Case& c) {
    return aave_figures(EngineAccount({.profile = "aave-v3"}, account_of(reserves_of(c.inputs))));
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

using Rules = core::LiquidationRules<Extended>;
using Liquidation = core::LendingLiquidation<Extended>;

// What is to be liquidated, and by which rules.
struct AaveCase {
    std::vector<Reserve> reserves;
    Reserve collateral;
    Reserve debt;
    Rules rules;
    std::optional<Rate> stated_health;
    std::optional<Money> cover;
};

AaveCase aave_case(const Case& c) {
    AaveCase given;
    given.reserves = reserves_of(c.inputs);
    given.collateral = named(given.reserves, c.inputs["collateral_asset"]);
    given.debt = named(given.reserves, c.inputs["debt_asset"]);
    const bool whole_position = c.params.boolean("whole_position_close_factor");
    const Money small = c.params.money("max_close_factor_threshold", "0");
    given.rules = {
        .close = {.factor = c.params.rate("close_factor"),
                  .full_below_health = c.params.rate("close_factor_health"),
                  .full_below_value = whole_position ? small : Money{},  // both came with 3.3
                  .of_whole_position = whole_position},
        .leftover_min = c.params.money("min_leftover", "0"),
        .bonus = given.collateral.bonus,
        .protocol_share = c.params.rate("protocol_fee", "0")};
    if (const auto stated = c.inputs.find("health_factor")) given.stated_health = stated->rate();
    if (const auto cover = c.inputs.find("cover")) given.cover = cover->money();
    return given;
}

Answers liquidation_answers(const AaveCase& given, const Liquidation& result) {
    Answers answers{{"allowed", result.refusal == core::LiquidationRefusal::none},
                    {"cover", result.cover},
                    {"seized", result.seized},
                    {"protocol_fee", result.protocol_fee},
                    {"liquidator_receives", result.seized - result.protocol_fee}};
    if (const char* why = reason(result.refusal)) {
        answers.emplace("reason", why);
    }
    if (given.debt.debt.amount.raw() != 0) {
        answers.emplace("share_of_debt",
                        ratio(result.cover, given.debt.debt.amount, core::Rounding::down));
    }
    return answers;
}

Answers aave_liquidation(const Case& c) {
    const AaveCase given = aave_case(c);
    Health health = health_of(account_of(given.reserves).at(MarginLevel::maintenance));
    if (given.stated_health) health = Health::of(*given.stated_health, health.debt);
    return liquidation_answers(
        given, core::liquidate(given.rules, health, given.collateral.collateral, given.debt.debt,
                               given.cover));
}

std::string liquidation_rules(const VenueAccount& venue, const Rules& rules) {
    return Keys()
        .add("close_factor", venue.text(rules.close.factor))
        .add("full_below_health", venue.text(rules.close.full_below_health))
        .add("full_below_value", venue.text(rules.close.full_below_value))
        .add("of_whole_position", rules.close.of_whole_position ? "true" : "false")
        .add("leftover_min", venue.text(rules.leftover_min))
        .add("bonus", venue.text(rules.bonus))
        .add("protocol_share", venue.text(rules.protocol_share))
        .map();
}

// The loan as the engine has it, by the rules that the collateral's asset was loaded with.
Answers aave_liquidation_production(const Case& c) {
    using core::Ledger;
    const AaveCase given = aave_case(c);
    VenueAccount venue("aave-v3");
    std::string collateral;
    std::string debt;
    for (const Reserve& reserve : given.reserves) {
        Asset row = plain_asset(reserve.collateral.price);
        row.asset_weight = {reserve.loan_to_value, reserve.threshold};
        const Keys weights = asset_keys(venue, row);
        const auto add = [&](const Keys& rules, const Money& amount) {
            const std::string name = venue.add_asset(rules.text(), row.price);
            venue.balance(name, amount);
            return name;
        };
        Keys owned = weights;
        const bool pays = reserve.name == given.collateral.name;
        owned.add_if(pays, "liquidation", liquidation_rules(venue, given.rules));
        const std::string collateral_name = add(owned, reserve.collateral.amount);
        Keys owed = weights;
        const std::string debt_name = add(owed.add("debt", "requirement"), -reserve.debt.amount);
        if (pays) collateral = collateral_name;
        if (reserve.name == given.debt.name) debt = debt_name;
    }
    const auto priced = [&](const std::string& name, const Money& amount) {
        return core::PricedAmount<Ledger>{venue.narrowed(amount),
                                          venue.market().assets[venue.asset(name).index()].price};
    };
    const auto& assets = venue.engine().parameters().assets;
    const core::LevelFigures figures =
        core::evaluate_level(venue.view(), venue.market(), MarginLevel::maintenance);
    core::LendingHealth<Ledger> health{.collateral = core::weighted_value_of(figures.equity),
                                       .debt = core::value_of(figures.margin)};
    if (given.stated_health) {
        health = core::LendingHealth<Ledger>::of(venue.narrowed(*given.stated_health), health.debt);
    }
    const core::LendingLiquidation<Ledger> result = core::liquidate<Ledger>(
        assets[venue.asset(collateral).index()].liquidation, health,
        priced(collateral, given.collateral.collateral.amount),
        priced(debt, given.debt.debt.amount),
        given.cover ? std::optional(venue.narrowed(*given.cover)) : std::nullopt);
    return liquidation_answers(given, {.refusal = result.refusal,
                                       .cover = venue.widened(result.cover),
                                       .seized = venue.widened(result.seized),
                                       .protocol_fee = venue.widened(result.protocol_fee)});
}

// One base asset at par, and collateral that counts by another factor at each level.
Account comet_account_of(const Field& inputs) {
    Account account;
    account.add_balance(account.add_asset(plain_asset(kPar)), inputs.money("balance"));
    for (const Field& collateral : inputs.items_or_none("collateral")) {
        Asset row = plain_asset(collateral.unit_price("price"));
        row.asset_weight[MarginLevel::initial] = collateral.rate("borrow_factor", "0");
        row.asset_weight[MarginLevel::maintenance] = collateral.rate("liquidate_factor", "0");
        row.asset_weight[MarginLevel::close_out] = collateral.rate("liquidation_factor", "0");
        account.add_balance(account.add_asset(row), collateral.money("amount"));
    }
    return account;
}

Answers comet_figures(auto&& account) {
    const Figures initial = account.at(MarginLevel::initial);
    const Figures maintenance = account.at(MarginLevel::maintenance);
    return {{"liquidatable", maintenance.equity < maintenance.margin},
            {"borrow_collateralized", initial.equity >= initial.margin}};
}

Answers comet_account(const Case& c) {
    return comet_figures(comet_account_of(c.inputs));
}
// What an absorption pays is no level of the ladder: it may ask less than maintenance does.
Answers comet_account_production(const Case& c) {
    Account rows = comet_account_of(c.inputs);
    rows.each_asset([](Asset& row) {
        row.asset_weight[MarginLevel::close_out] = row.asset_weight[MarginLevel::maintenance];
    });
    return comet_figures(EngineAccount({.profile = "compound-v3"}, rows));
}

Answers absorption(const Money& balance, const Figures& maintenance, const Figures& absorbed) {
    core::Absorption<Extended> after{balance, {}};
    const bool liquidatable = maintenance.equity < maintenance.margin;
    if (liquidatable) {
        after = core::absorb(balance, absorbed.equity);
    }
    return {{"liquidatable", liquidatable},
            {"balance", after.balance},
            {"paid_by_reserves", after.paid_by_reserves}};
}

Answers comet_absorb(const Case& c) {
    const Account account = comet_account_of(c.inputs);
    return absorption(c.inputs.money("balance"), account.at(MarginLevel::maintenance),
                      account.at(MarginLevel::close_out));
}
Answers comet_absorb_production(const Case& c) {
    const auto counted_at = [&](MarginLevel level) {
        Account rows = comet_account_of(c.inputs);
        rows.each_asset([&](Asset& row) { row.asset_weight = Rate(row.asset_weight[level]); });
        return EngineAccount({.profile = "compound-v3"}, rows).at(MarginLevel::maintenance);
    };
    return absorption(c.inputs.money("balance"), counted_at(MarginLevel::maintenance),
                      counted_at(MarginLevel::close_out));
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
    {"aave_account", aave_account, aave_account_production},
    {"aave_liquidation", aave_liquidation, aave_liquidation_production},
    {"comet_account", comet_account, comet_account_production},
    {"comet_absorb", comet_absorb, comet_absorb_production},
    {"comet_quote", comet_quote},
};

}  // namespace

std::span<const Model> lending_models() {
    return kModels;
}

}  // namespace margind::test
