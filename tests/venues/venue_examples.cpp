#include <vector>

#include "core/margin/daily_settlement.hpp"
#include "core/margin/deleveraging.hpp"
#include "core/margin/leverage.hpp"
#include "core/margin/liquidation_price.hpp"
#include "core/margin/notional_tiers.hpp"
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
    const auto leverage = c.inputs.find("leverage");
    const Money margin = balance    ? balance->money()
                         : leverage ? core::margin_at_leverage(value_of(value), leverage->rate())
                                    : c.inputs.money("balance");
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
