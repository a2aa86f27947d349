#include "core/margin/lending.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/venues/account.hpp"
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

Answers aave_account(const Case& c) {
    const std::vector<Reserve> reserves = reserves_of(c.inputs);
    const Account account = account_of(reserves);
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
    Health health = health_of(account_of(reserves).at(MarginLevel::maintenance));
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

Answers comet_account(const Case& c) {
    const Account account = comet_account_of(c.inputs);
    const Figures initial = account.at(MarginLevel::initial);
    const Figures maintenance = account.at(MarginLevel::maintenance);
    return {{"liquidatable", maintenance.equity < maintenance.margin},
            {"borrow_collateralized", initial.equity >= initial.margin}};
}

Answers comet_absorb(const Case& c) {
    const Account account = comet_account_of(c.inputs);
    const Figures maintenance = account.at(MarginLevel::maintenance);
    const Money balance = c.inputs.money("balance");
    core::Absorption<Extended> after{balance, {}};
    const bool liquidatable = maintenance.equity < maintenance.margin;
    if (liquidatable) {
        after = core::absorb(balance, account.at(MarginLevel::close_out).equity);
    }
    return {{"liquidatable", liquidatable},
            {"balance", after.balance},
            {"paid_by_reserves", after.paid_by_reserves}};
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
    {"aave_account", aave_account},   {"aave_liquidation", aave_liquidation},
    {"comet_account", comet_account}, {"comet_absorb", comet_absorb},
    {"comet_quote", comet_quote},
};

}  // namespace

std::span<const Model> lending_models() {
    return kModels;
}

}  // namespace margind::test
