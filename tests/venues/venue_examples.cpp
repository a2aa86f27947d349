#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/margin/daily_settlement.hpp"
#include "core/margin/deleveraging.hpp"
#include "core/margin/lending.hpp"
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

// A position in an account without money, whose margins stand since the entry.
Account entry_margined(const Price& entry, const Price& mark, const Quantity& size,
                       const core::PerLevel<Rate>& rates) {
    PositionTerms terms;
    terms.unit = kOneUnit;
    terms.margin_price = core::MarginPrice::entry;
    Account account;
    const auto balance = account.add_balance(account.add_asset(plain_asset(kPar)), Money{});
    account.add_position(account.add_instrument(plain_instrument(mark, rates), terms), balance,
                         size, entry);
    return account;
}

// The same with a level's rates at all of them: the config wants no other to ask more than the
// initial one, which a case's margins may.
Account with_rates_of(const Account& account, MarginLevel level) {
    Account flat = account;  // its terms stay where they are
    flat.each_instrument([&](Instrument& row) {
        for (auto& tier : row.tiers) tier.rate = Rate(tier.rate[level]);
    });
    return flat;
}
Figures level_alone(const Account& account, MarginLevel level) {
    return EngineAccount({.profile = "hyperliquid"}, with_rates_of(account, level)).at(level);
}

Answers linear_cross_production(const Case& c) {
    const Price entry = c.inputs.price("entry");
    Account account =
        entry_margined(entry, entry, signed_by_side(c.inputs, c.inputs.quantity("contracts")),
                       {c.params.rate("initial_rate"), c.params.rate("mmr")});
    const auto margin = [&](MarginLevel level) { return level_alone(account, level).margin; };
    const Money initial = margin(MarginLevel::initial);
    const Money maintenance = margin(MarginLevel::maintenance);
    account.balance(0).amount = c.inputs.money("available") + initial;
    return {{"initial", initial},
            {"maintenance", maintenance},
            {"sustainable_loss", account.balance(0).amount - maintenance},
            {"price", engine_liquidation_price(with_rates_of(account, MarginLevel::maintenance))}};
}

// One inverse position of contracts of one unit of the quote currency, its margin in coins.
Account inverse_position(const Price& entry, const Quantity& size, const Rate& rate,
                         const Money& margin, PositionTerms terms) {
    Instrument row = plain_instrument(entry, rate);
    row.scale = core::ContractScaleOf<Extended>::from_factor(Extended::scale() * Extended::scale());
    terms.payoff = core::Payoff::inverse;
    terms.unit = kOneUnit;
    Account account;
    const auto coins = account.add_balance(
        account.add_asset(plain_asset(UnitPrice::from_raw(entry.raw()))), margin);
    account.add_position(account.add_instrument(row, terms), coins, size, entry);
    return account;
}

// An inverse position as a case has it, in coins a power of ten times as many: prices are the same,
// and the ledger's 1e-8 of a coin is finer.
struct InverseCase {
    Price entry;
    Quantity size;
    Rate mmr;
    Rate fee;
    bool fee_stands;  // since the entry, at the bankruptcy price
    std::optional<Money> balance;
    Rate leverage;
};

InverseCase inverse_case(const Case& c) {
    const auto balance = c.inputs.find("balance");
    return {.entry = c.inputs.price("entry"),
            .size = signed_by_side(c.inputs, c.inputs.quantity("contracts", "1")),
            .mmr = c.params.rate("mmr"),
            .fee = c.params.rate("fee", "0"),
            .fee_stands = c.params.text("fee_at", "price") == "bankruptcy",
            .balance = balance ? std::optional(balance->money()) : std::nullopt,
            .leverage = balance ? c.inputs.rate("leverage", "1") : c.inputs.rate("leverage")};
}

Money in_ledger_steps(const Money& amount, Rounding rounding) {
    const Extended::Raw step = Extended::scale() / core::kScale;
    return Money::from_raw(core::to_multiple<Extended::Raw>(amount.raw(), step, rounding));
}

// Where equity is what the fee takes at the mark and `standing` beside it.
std::optional<Price> inverse_price(const InverseCase& given, const Money& margin, const Rate& fee,
                                   const Money& standing) {
    constexpr std::int64_t kMinimumMost = 1'000'000;  // that a config may ask for
    if (standing.raw() > Extended::scale() * kMinimumMost) {
        throw BeyondLedger("the maintenance margin is more than a config may ask for");
    }
    // No config asks for nothing at all: where equity is nothing does not depend on what it asks.
    const bool of_equity = fee.raw() == 0 && standing.raw() == 0;
    PositionTerms terms;
    terms.minimum = in_ledger_steps(standing, Rounding::up);
    const Account rows = inverse_position(given.entry, given.size, of_equity ? kOne : fee,
                                          in_ledger_steps(margin, Rounding::down), terms);
    return near_or_far([&](int times) {
        EngineAccount account({.profile = "hyperliquid",
                               .price_max = Price::from_raw(given.entry.raw() * times),
                               .finest_prices = true,  // as the decimals of sizes let them be
                               .sizes = {Quantity::from_raw(Extended::scale() / 1'000'000)}},
                              rows);
        const std::string& contract = account.instrument(0);
        if (of_equity) return account.venue().bankruptcy_price(contract);
        return account.venue().liquidation_price(
            contract, given.size.raw() > 0 ? core::Crossing::falling : core::Crossing::rising);
    });
}

Answers inverse_through_engine(InverseCase given, int exponent) {
    Extended::Raw times = 1;
    for (int e = 0; e < exponent; ++e) times *= 10;
    const auto one = [&](const Money& amount) { return Money::from_raw(amount.raw() / times); };
    given.size = Quantity::from_raw(given.size.raw() * times);
    const auto opened = EngineAccount({.profile = "hyperliquid"},
                                      inverse_position(given.entry, given.size, given.mmr, {}, {}))
                            .at(MarginLevel::maintenance)
                            .positions.at(0);
    const Money margin = given.balance ? Money::from_raw(given.balance->raw() * times)
                                       : core::margin_at_leverage(opened.notional, given.leverage);
    const Money maintenance = round_up(opened.requirement);
    const auto bankruptcy = inverse_price(given, margin, given.fee, {});
    Money standing = maintenance;
    if (given.fee_stands && bankruptcy) {
        const auto fee = ratio(Money::from_raw(core::magnitude(given.size).raw()),
                               Money::from_raw(bankruptcy->raw()), Rounding::up);
        standing = standing + product(Money::from_raw(fee.raw()), given.fee, Rounding::up);
    }
    return {
        {"position_value", one(round_down(opened.notional))},
        {"margin", one(margin)},
        {"maintenance", one(maintenance)},
        {"bankruptcy", bankruptcy},
        {"price", inverse_price(given, margin, given.fee_stands ? Rate{} : given.fee, standing)}};
}

Answers inverse_liquidation_production(const Case& c) {
    const InverseCase given = inverse_case(c);
    return in_fitting_unit({6, 3, 0},
                           [&](int exponent) { return inverse_through_engine(given, exponent); });
}

// Contracts of one unit of the quote currency, settled in coins; the rate grows with the coins.
Account deribit_account(const Case& c) {
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
    return account;
}

Answers deribit_answers(auto&& account) {
    return {{"initial", account.at(MarginLevel::initial).margin},
            {"maintenance", account.at(MarginLevel::maintenance).margin}};
}
Answers deribit_future_margin(const Case& c) {
    return deribit_answers(deribit_account(c));
}
Answers deribit_production(const Case& c) {
    return deribit_answers(EngineAccount({.profile = "hyperliquid"}, deribit_account(c)));
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

// Rows point at what is counted.
struct Collateral {
    std::deque<Counted> counted;
    Account account;

    explicit Collateral(const std::vector<Field>& assets) {
        for (const Field& asset : assets) {
            add_counted(account, asset, counted.emplace_back(counted_of(asset)));
        }
    }
};

Answers haircut_answers(const Figures& figures) {
    Answer::List values;
    for (const auto& balance : figures.balances) {
        values.emplace_back(balance.equity);
    }
    return {{"values", std::move(values)}, {"total", figures.equity}};
}
Answers collateral_haircut(const Case& c) {
    return haircut_answers(
        Collateral(c.inputs["assets"].items()).account.at(MarginLevel::maintenance));
}
Answers collateral_haircut_production(const Case& c) {
    const Collateral collateral(c.inputs["assets"].items());
    return haircut_answers(
        EngineAccount({.profile = "hyperliquid"}, collateral.account).at(MarginLevel::maintenance));
}

// A level alone, where one is named: the config wants the others to ask no more than initially,
// which a case may leave out.
std::vector<core::BalanceTier<Extended>> borrow_tiers(const Field& liability,
                                                      const std::optional<MarginLevel>& alone) {
    std::vector<core::BalanceTier<Extended>> tiers;
    for (const Field& tier : liability.items_or_none("tiers")) {
        core::PerLevel<Rate> rate{tier.rate("initial", "0"), tier.rate("maintenance", "0")};
        if (alone) rate = Rate(rate[*alone]);
        tiers.push_back({value_of(tier.money("upto", "0")), rate});
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

struct Borrowing : Collateral {
    std::deque<std::vector<core::BalanceTier<Extended>>> borrowed;

    explicit Borrowing(const Field& inputs, const std::optional<MarginLevel>& alone = {})
        : Collateral(inputs.items_or_none("assets")) {
        for (const Field& liability : inputs.items_or_none("liabilities")) {
            BalanceTerms terms;
            terms.borrow_rates = borrowed.emplace_back(borrow_tiers(liability, alone));
            account.add_balance(
                account.add_asset(plain_asset(liability.unit_price("price")), terms),
                -liability.money("amount"));
        }
    }
};

Answers borrow_answers(const Case& c, auto&& account) {
    Answer::List amounts;
    for (const Field& liability : c.inputs.items_or_none("liabilities")) {
        amounts.emplace_back(maintenance_amount(
            liability, liability.money("amount") * liability.unit_price("price")));
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

Answers borrow_margin(const Case& c) {
    return borrow_answers(c, Borrowing(c.inputs).account);
}
Answers borrow_margin_production(const Case& c) {
    struct {
        Field inputs;
        Figures at(MarginLevel level) const {
            const Borrowing borrowing(inputs, level);
            return EngineAccount({.profile = "hyperliquid"}, borrowing.account).at(level);
        }
    } account{c.inputs};
    return borrow_answers(c, account);
}

Account priced_balances(const Case& c) {
    Account account;
    for (const Field& balance : c.inputs["balances"].items()) {
        account.add_balance(account.add_asset(plain_asset(balance.unit_price("price"))),
                            balance.money("amount"));
    }
    return account;
}

Answers fraction_answers(const Case& c, const Figures& figures) {
    const Money borrowed = round_up(figures.owed());
    const Rate weight = c.params.rate("weight");
    return {{"equity", figures.equity},
            {"notional", borrowed},
            {"fraction", ratio_or_none(figures.equity, borrowed)},
            {"initial", core::borrow_margin_fraction(c.params.rate("initial"), weight)},
            {"maintenance", core::borrow_margin_fraction(c.params.rate("maintenance"), weight)}};
}
Answers borrow_margin_fraction(const Case& c) {
    return fraction_answers(c, priced_balances(c).at(MarginLevel::maintenance));
}
Answers borrow_margin_fraction_production(const Case& c) {
    return fraction_answers(
        c,
        EngineAccount({.profile = "hyperliquid"}, priced_balances(c)).at(MarginLevel::maintenance));
}

// One position and its margin, an account of its own; both margins stand since the entry.
Account isolated_position(const Case& c) {
    const Price entry = c.inputs.price("entry");
    const Quantity quantity = signed_by_side(c.inputs, c.inputs.quantity("contracts"));
    const Rate leverage = c.inputs.rate("leverage", "0");
    core::PerLevel<Rate> rates{c.params.rate("initial_rate", "0"), c.params.rate("mmr")};
    if (leverage.raw() > 0) {
        rates[MarginLevel::initial] = core::rate_at_leverage(leverage);
    }
    return entry_margined(entry, c.inputs.price("mark"), quantity, rates);
}

// `at(account, level)` evaluates; the only balance holds what was asked for at the start.
Answers isolated_answers(const Case& c, const auto& at) {
    Account account = isolated_position(c);
    const Money initial = at(account, MarginLevel::initial).margin;
    account.balance(0).amount = initial;
    const Figures figures = at(account, MarginLevel::maintenance);
    return {{"initial", initial},
            {"maintenance", figures.margin},
            {"pnl", figures.positions.at(0).gain},
            {"remaining", figures.equity},
            {"ratio", ratio_or_none(figures.margin, figures.equity)},
            {"liquidated", figures.equity < figures.margin}};
}

Answers isolated_margin(const Case& c) {
    return isolated_answers(
        c, [](const Account& account, MarginLevel level) { return account.at(level); });
}
Answers isolated_margin_production(const Case& c) {
    return isolated_answers(c, level_alone);
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
    {"deribit_future_margin", deribit_future_margin, deribit_production},
    {"collateral_haircut", collateral_haircut, collateral_haircut_production},
    {"borrow_margin", borrow_margin, borrow_margin_production},
    {"borrow_margin_fraction", borrow_margin_fraction, borrow_margin_fraction_production},
    {"isolated_margin", isolated_margin, isolated_margin_production},
    {"inverse_liquidation", inverse_liquidation, inverse_liquidation_production},
    {"linear_cross_liquidation", linear_cross_liquidation, linear_cross_production},
    {"scaled_risk_unit", scaled_risk_unit},
    {"adl_rank", adl_rank},
    {"daily_settlement_account", daily_settlement_account},
};

}  // namespace

std::span<const Model> venue_examples_models() {
    return kModels;
}

}  // namespace margind::test
