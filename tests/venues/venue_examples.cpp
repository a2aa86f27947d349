#include <deque>
#include <optional>
#include <vector>

#include "core/margin/daily_settlement.hpp"
#include "core/margin/deleveraging.hpp"
#include "core/margin/lending.hpp"
#include "core/margin/leverage.hpp"
#include "core/margin/liquidation_price.hpp"
#include "core/margin/notional_tiers.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/contract.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::Rounding;

// Tiers that name their upper bounds, as tiers from a lower bound on.
std::vector<core::NotionalTier<Extended>> tiers_upto(const Field& list, std::string_view rate) {
    std::vector<core::NotionalTier<Extended>> tiers;
    Money from;
    for (const Field& row : list.items()) {
        tiers.push_back({from, row.rate(rate)});
        from = row.money("upto", "0");
    }
    if (tiers.empty()) {
        list.fail("has no tiers");
    }
    return tiers;
}

// Contracts of one unit of the quote currency each; margins in coins, fixed at the entry.
Answers inverse_liquidation(const Case& c) {
    const Price one = Price::from_raw(Extended::scale());
    const Money contracts = Money::from_raw(c.inputs.quantity("contracts", "1").raw());
    const Money face =
        Money::from_raw(signed_by_side(c.inputs, Quantity::from_raw(contracts.raw())).raw());
    const Price entry = c.inputs.price("entry");
    const auto coins_at = [&](const Price& price) {
        return ratio(contracts, Money::from_raw(price.raw()), Rounding::down);
    };
    const Money value = Money::from_raw(coins_at(entry).raw());
    const auto balance = c.inputs.find("balance");
    const Rate leverage = balance ? c.inputs.rate("leverage", "1") : c.inputs.rate("leverage");
    const Money margin =
        balance ? balance->money() : core::margin_at_leverage(value_of(value), leverage);
    const Money maintenance = product(value, c.params.rate("mmr"), Rounding::up);
    const Rate fee = c.params.rate("fee", "0");
    const auto bankruptcy =
        core::inverse_crossing_price(face, value, one, {margin, {}, fee}, Rounding::down);
    core::LevelTerms<Extended> terms{margin, maintenance, fee};
    if (c.params.text("fee_at", "price") == "bankruptcy" && bankruptcy) {
        // The closing fee is set aside at the bankruptcy price: it does not follow the price.
        terms.requirement =
            maintenance + product(Money::from_raw(coins_at(*bankruptcy).raw()), fee, Rounding::up);
        terms.rate = {};
    }
    return {{"position_value", value},
            {"margin", margin},
            {"maintenance", maintenance},
            {"bankruptcy", bankruptcy},
            {"price", core::inverse_crossing_price(face, value, one, terms, Rounding::down)}};
}

Answers linear_cross_liquidation(const Case& c) {
    const Price entry = c.inputs.price("entry");
    const Quantity quantity = signed_by_side(c.inputs, c.inputs.quantity("contracts"));
    const auto notional = magnitude(kPlainContract.value(entry, quantity));
    const Money initial = round_up(notional * c.params.rate("initial_rate"));
    const Money maintenance = round_up(notional * c.params.rate("mmr"));
    const Money equity = c.inputs.money("available") + initial;
    return {{"initial", initial},
            {"maintenance", maintenance},
            {"sustainable_loss", equity - maintenance},
            {"price", core::linear_crossing_price(kPlainContract, entry, quantity,
                                                  {equity, maintenance, {}}, Rounding::down)}};
}

// Contracts of one unit of the quote currency, settled in coins; the rate grows with the coins.
Answers deribit_future_margin(const Case& c) {
    const Price mark = c.inputs.price("mark");
    Instrument row =
        plain_instrument(mark, {c.params.rate("initial"), c.params.rate("maintenance")});
    row.scale = core::ContractScaleOf<Extended>::from_factor(Extended::scale() * Extended::scale());
    PositionTerms terms;
    terms.payoff = core::Payoff::inverse;
    terms.unit = kOneUnit;
    terms.slope = {c.params.rate("per_coin", "0"), kOneUnit};
    terms.slope_share = kOne;
    terms.orders = {core::OrderRule::beyond_position, core::OrderRule::ignored};

    Account account;
    const auto coins = account.add_balance(
        account.add_asset(plain_asset(UnitPrice::from_raw(mark.raw()))), Money{});
    const auto position = account.add_position(account.add_instrument(row, terms), coins,
                                               c.inputs.quantity("quantity", "0"), mark);
    account.add_order({position, c.inputs.quantity("buy_orders", "0"), mark, 1});
    account.add_order({position, -c.inputs.quantity("sell_orders", "0"), mark, 1});
    return {{"initial", account.at(MarginLevel::initial).margin},
            {"maintenance", account.at(MarginLevel::maintenance).margin}};
}

// What is counted of an asset: one share of it, or by tiers of its value (nothing beyond the last).
struct Counted {
    Rate weight = kOne;
    std::vector<core::BalanceTier<Extended>> haircuts;
};

Counted counted_of(const Field& asset) {
    Counted counted;
    if (const auto haircut = asset.find("haircut")) {
        counted.weight = kOne - haircut->rate();
    }
    if (const auto ratio = asset.find("ratio")) {
        counted.weight = ratio->rate();
    }
    for (const Field& tier : asset.items_or_none("tiers")) {
        counted.haircuts.push_back({value_of(tier.money("upto", "0")), kOne - tier.rate("ratio")});
    }
    if (!counted.haircuts.empty() && counted.haircuts.back().value_up_to.raw() != 0) {
        counted.haircuts.push_back({{}, kOne});
    }
    return counted;
}

void add_counted(Account& account, const Field& asset, const Counted& counted) {
    Asset row = plain_asset(asset.unit_price("price"));
    row.asset_weight = counted.weight;
    BalanceTerms terms;
    terms.haircuts = counted.haircuts;
    account.add_balance(account.add_asset(row, terms), asset.money("amount"));
}

Answers collateral_haircut(const Case& c) {
    std::deque<Counted> counted;
    Account account;
    for (const Field& asset : c.inputs["assets"].items()) {
        add_counted(account, asset, counted.emplace_back(counted_of(asset)));
    }
    const Figures figures = account.at(MarginLevel::maintenance);
    Answer::List values;
    for (const auto& balance : figures.balances) {
        values.emplace_back(balance.equity);
    }
    return {{"values", std::move(values)}, {"total", figures.equity}};
}

std::vector<core::BalanceTier<Extended>> borrow_tiers(const Field& liability) {
    std::vector<core::BalanceTier<Extended>> tiers;
    for (const Field& tier : liability.items_or_none("tiers")) {
        tiers.push_back({value_of(tier.money("upto", "0")),
                         {tier.rate("initial", "0"), tier.rate("maintenance", "0")}});
    }
    return tiers;
}

// What value times the rate of its tier is too much.
WeightedValue maintenance_amount(const Field& liability, const Value& value) {
    if (!liability.has("tiers")) {
        return {};
    }
    const auto rows = tiers_upto(liability["tiers"], "maintenance");
    const core::NotionalTiers<Extended> tiers(rows);
    return tier_deduction(tiers, tier_of(tiers, value, core::OnBound::lower));
}

std::optional<Rate> ratio_or_none(const Money& numerator, const Money& denominator) {
    if (denominator.raw() == 0) {
        return {};
    }
    return denominator.raw() > 0 ? ratio(numerator, denominator, Rounding::down)
                                 : ratio(-numerator, -denominator, Rounding::down);
}

Answers borrow_margin(const Case& c) {
    std::deque<Counted> counted;
    std::deque<std::vector<core::BalanceTier<Extended>>> borrowed;
    Account account;
    Answer::List amounts;
    for (const Field& asset : c.inputs.items_or_none("assets")) {
        add_counted(account, asset, counted.emplace_back(counted_of(asset)));
    }
    for (const Field& liability : c.inputs.items_or_none("liabilities")) {
        const UnitPrice price = liability.unit_price("price");
        const Money amount = liability.money("amount");
        BalanceTerms terms;
        terms.borrow_rates = borrowed.emplace_back(borrow_tiers(liability));
        account.add_balance(account.add_asset(plain_asset(price), terms), -amount);
        amounts.emplace_back(maintenance_amount(liability, amount * price));
    }
    const Figures initial = account.at(MarginLevel::initial);
    const Figures maintenance = account.at(MarginLevel::maintenance);
    const Money assets = round_down(maintenance.owned());
    const Money debt = round_up(maintenance.owed());
    const Money collateral = maintenance.equity + debt;
    const Money net = assets - debt;
    Answers answers{{"assets", assets},
                    {"liability", debt},
                    {"collateral", collateral},
                    {"net_equity", net},
                    {"initial", initial.margin},
                    {"maintenance", maintenance.margin},
                    {"maintenance_amounts", std::move(amounts)},
                    {"level", ratio_or_none(assets, debt)},
                    {"collateral_level", ratio_or_none(collateral, debt)},
                    {"margin_level", ratio_or_none(net, maintenance.margin)}};
    if (const auto rate = c.inputs.find("borrow_rate")) {
        answers.emplace("max_borrow", core::borrowable(net, initial.margin, rate->rate()));
    }
    return answers;
}

Answers borrow_margin_fraction(const Case& c) {
    Account account;
    for (const Field& balance : c.inputs["balances"].items()) {
        account.add_balance(account.add_asset(plain_asset(balance.unit_price("price"))),
                            balance.money("amount"));
    }
    const Figures figures = account.at(MarginLevel::maintenance);
    const Money borrowed = round_up(figures.owed());
    const Rate weight = c.params.rate("weight");
    return {{"equity", figures.equity},
            {"notional", borrowed},
            {"fraction", ratio_or_none(figures.equity, borrowed)},
            {"initial", core::borrow_margin_fraction(c.params.rate("initial"), weight)},
            {"maintenance", core::borrow_margin_fraction(c.params.rate("maintenance"), weight)}};
}

// One position and its margin, an account of its own; both margins stand since the entry.
Answers isolated_margin(const Case& c) {
    const Price entry = c.inputs.price("entry");
    const Quantity quantity = signed_by_side(c.inputs, c.inputs.quantity("contracts"));
    const Rate leverage = c.inputs.rate("leverage", "0");
    core::PerLevel<Rate> rates{c.params.rate("initial_rate", "0"), c.params.rate("mmr")};
    if (leverage.raw() > 0) {
        rates[MarginLevel::initial] = core::rate_at_leverage(leverage);
    }
    PositionTerms terms;
    terms.unit = kOneUnit;
    terms.margin_price = core::MarginPrice::entry;
    Account account;
    const auto balance = account.add_balance(account.add_asset(plain_asset(kPar)), Money{});
    account.add_position(
        account.add_instrument(plain_instrument(c.inputs.price("mark"), rates), terms), balance,
        quantity, entry);
    const Money initial = account.at(MarginLevel::initial).margin;
    account.balance(balance).amount = initial;
    const Figures figures = account.at(MarginLevel::maintenance);
    return {{"initial", initial},
            {"maintenance", figures.margin},
            {"pnl", figures.positions.at(0).gain},
            {"remaining", figures.equity},
            {"ratio", ratio_or_none(figures.margin, figures.equity)},
            {"liquidated", figures.equity < figures.margin}};
}

Answers scaled_risk_unit(const Case& c) {
    const auto tiers = tiers_upto(c.params["tiers"], "multiplier");
    const Money adjusted = round_up(
        core::tiered(core::NotionalTiers<Extended>(tiers), value_of(c.inputs.money("raw"))));
    return {{"adjusted", adjusted}, {"maintenance", std::max(adjusted, c.inputs.money("base"))}};
}

Answers adl_rank(const Case& c) {
    std::vector<Rate> scores;
    for (const Field& client : c.inputs["clients"].items()) {
        const auto share_and_leverage = client.items();
        if (share_and_leverage.size() != 2) {
            client.fail("is not [pnl share, leverage]");
        }
        scores.push_back(
            core::deleveraging_score(share_and_leverage[0].rate(), share_and_leverage[1].rate()));
    }
    return {{"score", scores}, {"order", core::deleveraging_queue<Extended>(scores)}};
}

Answers daily_settlement_account(const Case& c) {
    const Quantity contracts = c.inputs.quantity("contracts");
    const Quantity quantity = signed_by_side(c.inputs, contracts);
    const auto of_contracts = [&](const Money& each) {
        return round_up(value_of(each) * Rate::from_raw(contracts.raw()));
    };
    const core::MarginLevels<Extended> levels{of_contracts(c.params.money("initial")),
                                              of_contracts(c.params.money("maintenance"))};
    Price previous = c.inputs.price("open");
    Money balance = levels.initial;
    Money total;
    Answer::List balances;
    Answer::List calls;
    for (const Field& settlement : c.inputs["settlements"].items()) {
        const auto day = core::settle_day(kPlainContract, quantity, previous, settlement.price(),
                                          balance, levels);
        balances.emplace_back(day.balance);
        calls.emplace_back(day.margin_call);
        balance = day.balance + day.margin_call;
        total = total + day.pnl;
        previous = settlement.price();
    }
    return {
        {"balance", std::move(balances)}, {"margin_call", std::move(calls)}, {"total_pnl", total}};
}

constexpr Model kModels[] = {
    {"deribit_future_margin", deribit_future_margin},
    {"collateral_haircut", collateral_haircut},
    {"borrow_margin", borrow_margin},
    {"borrow_margin_fraction", borrow_margin_fraction},
    {"isolated_margin", isolated_margin},
    {"inverse_liquidation", inverse_liquidation},
    {"linear_cross_liquidation", linear_cross_liquidation},
    {"scaled_risk_unit", scaled_risk_unit},
    {"adl_rank", adl_rank},
    {"daily_settlement_account", daily_settlement_account},
};

}  // namespace

std::span<const Model> venue_examples_models() {
    return kModels;
}

}  // namespace margind::test
