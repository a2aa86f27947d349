#include <vector>

#include "core/margin/funding.hpp"
#include "core/margin/leverage.hpp"
#include "core/margin/liquidation_price.hpp"
#include "core/margin/notional_tiers.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/contract.hpp"
#include "tests/venues/engine_account.hpp"
#include "tests/venues/price_search.hpp"
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

// --- the same as positions of an account

// A wallet of USD; the first position is the one whose price is asked for.
struct Wallet {
    Account account;
    std::uint32_t balance = 0;

    explicit Wallet(const Money& money)
        : balance(account.add_balance(account.add_asset(plain_asset(kPar)), money)) {}

    void deposit(const Money& money) {
        account.balance(balance).amount = account.balance(balance).amount + money;
    }
    void hold(const Quantity& quantity, const Price& open, const Price& mark, const Rate& rate,
              core::MarginPrice of = core::MarginPrice::mark) {
        PositionTerms terms;
        terms.unit = kOneUnit;
        terms.margin_price = of;
        account.add_position(account.add_instrument(plain_instrument(mark, rate), terms), balance,
                             quantity, open);
    }
};

Answers engine_answer(const Wallet& wallet) {
    return {{"price", engine_liquidation_price(wallet.account)}};
}

// A tier's deduction is the same for every price: money that is there already.
Answers binance_production(const Case& c) {
    const Price open = c.inputs.price("open");
    Wallet wallet(c.inputs.money("wallet") + c.inputs.money("cum", "0"));
    wallet.hold(signed_by_side(c.inputs, c.inputs.quantity("amount")), open, open,
                c.inputs.rate("mmr"));
    for (const Field& other : c.inputs.items_or_none("other_positions")) {
        wallet.hold(signed_by_side(other, other.quantity("amount")), other.price("open"),
                    other.price("mark"), other.rate("mmr"));
        wallet.deposit(other.money("cum", "0"));
    }
    return engine_answer(wallet);
}

Answers bankruptcy_fee_production(const Case& c) {
    const Price open = c.inputs.price("open");
    Wallet wallet(c.inputs.money("wallet"));
    wallet.hold(signed_by_side(c.inputs, c.inputs.quantity("amount")), open, open,
                c.params.rate("mmr") + c.params.rate("taker_fee", "0"));
    return engine_answer(wallet);
}

Answers bybit_production(const Case& c) {
    c.inputs.ignore("wallet");
    const Price open = c.inputs.price("open");
    const Quantity quantity = signed_by_side(c.inputs, c.inputs.quantity("amount", "1"));
    const auto notional = magnitude(kPlainContract.value(open, quantity));
    Wallet wallet(core::margin_at_leverage(notional, c.inputs.rate("leverage")));
    wallet.hold(quantity, open, open, c.params.rate("mmr"), core::MarginPrice::entry);
    return engine_answer(wallet);
}

// The venue's own rates have six decimals of a percent, up.
Answers hyperliquid_production(const Case& c) {
    const Rate highest = c.params.rate("max_leverage");
    const Extended::Raw step = Extended::scale() / core::kScale;
    const Rate rate = Rate::from_raw(core::to_multiple<Extended::Raw>(
        core::rate_at_leverage(highest + highest).raw(), step, Rounding::up));
    const Price entry = c.inputs.price("entry");
    Wallet wallet(c.inputs.money("collateral"));
    wallet.hold(signed_by_side(c.inputs, c.inputs.quantity("contracts")), entry, entry, rate);
    return engine_answer(wallet);
}

std::vector<core::NotionalTier<Extended>> tiers_of(const Case& c) {
    std::vector<core::NotionalTier<Extended>> rows;
    for (const Field& tier : c.inputs["tiers"].items()) {
        const auto bound_and_rate = tier.items();
        if (bound_and_rate.size() != 2) {
            tier.fail("is not [lower bound, rate]");
        }
        rows.push_back({bound_and_rate[0].money(), bound_and_rate[1].rate()});
    }
    return rows;
}

Answers maintenance_tiers(const Case& c) {
    const auto rows = tiers_of(c);
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

// What a position of `notional` needs at maintenance, by the engine.
Money tiered_requirement(const std::vector<core::NotionalTier<Extended>>& tiers,
                         const Money& notional) {
    if (tiers.size() > core::kMaxTiers) throw BeyondLedger("there are more tiers than 32");
    const Price one = Price::from_raw(Extended::scale());
    Instrument row = plain_instrument(one);
    row.tier_count = 0;
    for (std::size_t t = 0; t < tiers.size(); ++t) {
        auto& tier = row.tiers.at(row.tier_count++);
        tier.rate = tiers[t].rate;
        if (t + 1 < tiers.size()) tier.notional_up_to = value_of(tiers[t + 1].from);
    }
    Wallet wallet({});
    wallet.account.add_position(wallet.account.add_instrument(row), wallet.balance,
                                Quantity::from_raw(notional.raw()), one);
    return EngineAccount({.profile = "hyperliquid"}, wallet.account)
        .at(MarginLevel::maintenance)
        .margin;
}

// A tier's deduction: what its rate asks at its lower bound more than what the engine does.
Answers maintenance_tiers_production(const Case& c) {
    const auto tiers = tiers_of(c);
    Answer::List amounts;
    const auto deduction = [&](const core::NotionalTier<Extended>& tier) {
        if (tier.from.raw() == 0) return Money{};
        return round_up(value_of(tier.from) * tier.rate) - tiered_requirement(tiers, tier.from);
    };
    for (const auto& tier : tiers) amounts.emplace_back(deduction(tier));
    Answers answers{{"amounts", std::move(amounts)}};
    if (const auto notional = c.inputs.find("notional"); notional && !tiers.empty()) {
        const auto& tier =
            tiers[tier_of(core::NotionalTiers<Extended>(tiers), value_of(notional->money()))];
        answers.emplace("rate", tier.rate);
        answers.emplace("amount", deduction(tier));
        answers.emplace("requirement", tiered_requirement(tiers, notional->money()));
    }
    return answers;
}

Answers funding_payment(const Case& c) {
    return {{"fee", core::funding_payment(kPlainContract, c.inputs.price("mark"),
                                          c.inputs.quantity("size"), c.inputs.rate("rate"))}};
}

constexpr Model kModels[] = {
    {"binance_liquidation_price", binance_liquidation_price, binance_production},
    {"bankruptcy_fee_liquidation_price", bankruptcy_fee_liquidation_price,
     bankruptcy_fee_production},
    {"bybit_liquidation_price", bybit_liquidation_price, bybit_production},
    {"hyperliquid_liquidation_price", hyperliquid_liquidation_price, hyperliquid_production},
    {"maintenance_tiers", maintenance_tiers, maintenance_tiers_production},
    {"funding_payment", funding_payment},
};

}  // namespace

std::span<const Model> exchange_liquidation_models() {
    return kModels;
}

}  // namespace margind::test
