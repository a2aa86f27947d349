#include <vector>

#include "core/margin/funding.hpp"
#include "core/margin/leverage.hpp"
#include "core/margin/liquidation_price.hpp"
#include "core/margin/notional_tiers.hpp"
#include "tests/venues/contract.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::Rounding;
using Terms = core::LevelTerms<Extended>;

Answers crossing(const Price& price, const Quantity& quantity, const Terms& terms) {
    return {{"price",
             core::linear_crossing_price(kPlainContract, price, quantity, terms, Rounding::down)}};
}

// Another position of the same wallet, at its mark price.
void add_other_position(const Field& other, Terms& terms) {
    const Quantity quantity = signed_by_side(other, other.quantity("amount"));
    const Price mark = other.price("mark");
    const auto notional = magnitude(kPlainContract.value(mark, quantity));
    terms.equity =
        terms.equity + round_down(kPlainContract.gain(other.price("open"), mark, quantity));
    terms.requirement =
        terms.requirement + round_up(notional * other.rate("mmr")) - other.money("cum", "0");
}

Answers binance_liquidation_price(const Case& c) {
    Terms terms{.equity = c.inputs.money("wallet"),
                .requirement = -c.inputs.money("cum", "0"),
                .rate = c.inputs.rate("mmr")};
    for (const Field& other : c.inputs.items_or_none("other_positions")) {
        add_other_position(other, terms);
    }
    return crossing(c.inputs.price("open"), signed_by_side(c.inputs, c.inputs.quantity("amount")),
                    terms);
}

Answers bankruptcy_fee_liquidation_price(const Case& c) {
    return crossing(c.inputs.price("open"), signed_by_side(c.inputs, c.inputs.quantity("amount")),
                    {.equity = c.inputs.money("wallet"),
                     .requirement = {},
                     .rate = c.params.rate("mmr") + c.params.rate("taker_fee", "0")});
}

// Both margins stand since the entry.
Answers bybit_liquidation_price(const Case& c) {
    c.inputs.ignore("wallet");
    const Price open = c.inputs.price("open");
    const Quantity quantity = signed_by_side(c.inputs, c.inputs.quantity("amount", "1"));
    const auto notional = magnitude(kPlainContract.value(open, quantity));
    return crossing(open, quantity,
                    {.equity = core::margin_at_leverage(notional, c.inputs.rate("leverage")),
                     .requirement = round_up(notional * c.params.rate("mmr")),
                     .rate = {}});
}

// Maintenance is half of the initial margin at the highest leverage.
Answers hyperliquid_liquidation_price(const Case& c) {
    const Rate highest = c.params.rate("max_leverage");
    return crossing(c.inputs.price("entry"),
                    signed_by_side(c.inputs, c.inputs.quantity("contracts")),
                    {.equity = c.inputs.money("collateral"),
                     .requirement = {},
                     .rate = core::rate_at_leverage(highest + highest)});
}

Answers maintenance_tiers(const Case& c) {
    std::vector<core::NotionalTier<Extended>> rows;
    for (const Field& tier : c.inputs["tiers"].items()) {
        const auto bound_and_rate = tier.items();
        if (bound_and_rate.size() != 2) {
            tier.fail("is not [lower bound, rate]");
        }
        rows.push_back({bound_and_rate[0].money(), bound_and_rate[1].rate()});
    }
    const core::NotionalTiers<Extended> tiers(rows);
    Answer::List amounts;
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        amounts.emplace_back(tier_deduction(tiers, i));
    }
    Answers answers{{"amounts", std::move(amounts)}};
    if (const auto notional = c.inputs.find("notional"); notional && !tiers.empty()) {
        const auto value = value_of(notional->money());
        const std::size_t tier = tier_of(tiers, value);
        answers.emplace("rate", tiers[tier].rate);
        answers.emplace("amount", tier_deduction(tiers, tier));
        answers.emplace("requirement", tiered(tiers, value));
    }
    return answers;
}

Answers funding_payment(const Case& c) {
    return {{"fee", core::funding_payment(kPlainContract, c.inputs.price("mark"),
                                          c.inputs.quantity("size"), c.inputs.rate("rate"))}};
}

constexpr Model kModels[] = {
    {"binance_liquidation_price", binance_liquidation_price},
    {"bankruptcy_fee_liquidation_price", bankruptcy_fee_liquidation_price},
    {"bybit_liquidation_price", bybit_liquidation_price},
    {"hyperliquid_liquidation_price", hyperliquid_liquidation_price},
    {"maintenance_tiers", maintenance_tiers},
    {"funding_payment", funding_payment},
};

}  // namespace

std::span<const Model> exchange_liquidation_models() {
    return kModels;
}

}  // namespace margind::test
