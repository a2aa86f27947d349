// Mango v4: cross accounts of tokens, resting orders and perpetuals; README of the reference data,
// section 3.3.
#include <array>
#include <vector>

#include "core/margin/contract_liquidation.hpp"
#include "core/margin/loss_cover.hpp"
#include "core/margin/position_cost.hpp"
#include "core/margin/swap_liquidation.hpp"
#include "core/margin/weight_shift.hpp"
#include "core/market/slow_price.hpp"
#include "tests/venues/mango_account.hpp"
#include "tests/venues/mango_engine.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::MarginLevel;
using core::Rounding;
using core::Timestamp;
using mango::Account;
using mango::from_lots;
using mango::kEnd;

Timestamp at_second(std::int64_t seconds) {
    return Timestamp{} + core::Duration::from_seconds(seconds);
}

Answers health(const Case& one) {
    const Account account(one.inputs);
    const Money least_equity = Money::from_raw(Extended::scale() / 1'000);
    return {{"init_health", account.health(MarginLevel::initial)},
            {"maint_health", account.health(MarginLevel::maintenance)},
            {"liquidation_end_health", account.health(kEnd)},
            {"leverage", account.gross().leverage(least_equity)}};
}

Answers token_liquidation(const Case& one) {
    Account account(one.inputs["account"]);
    const std::uint32_t asset = account.token(one.inputs["asset"]);
    const std::uint32_t debt = account.token(one.inputs["liability"]);
    const auto side = [&](std::uint32_t token, const Rate& weight) {
        return core::SwapSide<Extended>{account.balance(token), account.with_contracts(token, kEnd),
                                        account.asset(token).price, weight,
                                        account.liquidation_fees(token)};
    };
    const auto swap = swap_liquidation(
        account.health(kEnd), side(asset, account.asset(asset).asset_weight[kEnd]),
        side(debt, account.asset(debt).liability_weight[kEnd]), one.inputs.money("max_liability"));
    account.set_balance(asset, account.balance(asset) - swap.taken);
    account.set_balance(debt, account.balance(debt) + swap.repaid);
    return {{"possible", swap.possible},
            {"asset_after", account.balance(asset)},
            {"liability_after", account.balance(debt)},
            {"health_after", account.health(kEnd)}};
}

// The first perpetual of the account is the one liquidated.
Answers perp_liquidation(const Case& one) {
    Account account(one.inputs["account"]);
    const Field& fees = one.params;
    const Rate fee = fees.rate("base_fee", "0") + fees.rate("platform_fee", "0");
    const Rate profit_fee = fees.rate("positive_pnl_fee", "0");
    const Integer max_lots = one.inputs.integer("max_base");
    const Money max_profit = one.inputs.money("max_pnl");
    if (account.perps() == 0) {
        one.inputs["account"].fail("has no perpetual");
    }
    auto& perp = account.perp(0);
    const auto& terms = account.terms(0);
    const Integer lot = account.lot_size(0).raw();
    const Rate whole = core::rate_one<Extended>();
    const core::ContractLiquidationRule<Extended> rule{
        fee, profit_fee, whole - terms.long_rate[kEnd], whole + terms.short_rate[kEnd],
        terms.gains.weight[kEnd]};
    const core::LiquidatedContract<Extended> start{
        .quantity = Quantity::from_raw(perp.quantity.raw() / lot),
        .lot_value = kPlainContract.value(account.mark(0), account.lot_size(0)),
        .cash = perp.accrued,
        .risk_pnl = account.risk_pnl(0, kEnd),
        .balance = account.balance(perp.balance),
        .balance_with_contracts = account.with_contracts(perp.balance, kEnd),
        .health = account.health(kEnd)};
    const auto after =
        liquidate_contract<Extended>(rule, account.weights(perp.balance, kEnd), start,
                                     {Quantity::from_raw(max_lots), max_profit});
    perp.quantity = Quantity::from_raw(after.quantity.raw() * lot);
    perp.accrued = after.cash;
    account.set_balance(perp.balance, after.balance);
    return {{"spot_after", after.balance},
            {"base_lots_after", Answer::integer(after.quantity.raw())},
            {"quote_after", after.cash},
            {"health_after", account.health(kEnd)}};
}

Answers perp_bankruptcy(const Case& one) {
    const Field& in = one.inputs;
    const Money settle_limit = in.money("settle_limit");
    const Money max_transfer = in.money("max_transfer");
    const core::InsuranceFund<Extended> fund{
        in.money("insurance_amount"), in.unit_price("insurance_price"),
        Money::from_raw(Extended::scale()), one.params.rate("base_fee", "0")};
    Account account(in["account"]);
    if (account.perps() == 0) {
        in["account"].fail("has no perpetual");
    }
    const auto& perp = account.perp(0);
    if (perp.quantity.raw() != 0 || perp.accrued.raw() >= 0) {
        return {{"possible", false}};
    }
    Account without_losses(in["account"]);
    without_losses.forgive_losses(MarginLevel::maintenance);
    const auto at = [&](const Account& which, MarginLevel level) {
        return core::LevelBalance<Extended>{which.weights(perp.balance, level),
                                            which.with_contracts(perp.balance, level),
                                            which.health(level)};
    };
    const auto cover =
        cover_loss<Extended>({.loss = -perp.accrued,
                              .price = account.asset(perp.balance).price,
                              .maintenance = at(without_losses, MarginLevel::maintenance),
                              .ending = at(account, kEnd),
                              .settle_limit = settle_limit,
                              .max_transfer = max_transfer},
                             fund);
    return {{"possible", true},
            {"liqee_settle_token", account.balance(perp.balance) - cover.settled},
            {"liqee_perp_quote", perp.accrued + cover.settled + cover.insured + cover.socialised},
            {"liqor_settle_token", cover.settled},
            {"liqor_perp_quote", -(cover.settled + cover.insured)},
            {"insurance_used", cover.insurance_used},
            {"socialized_loss", cover.socialised}};
}

Answers position(const Case& one) {
    const Quantity lot_size = one.params.quantity("lot_size", "1");
    const auto entry = one.inputs.price("entry_price", "0");
    const auto mark = one.inputs.find("mark_price");
    auto cost = core::opened_at<Extended>(from_lots(one.inputs["base_lots"], lot_size), entry,
                                          kPlainContract);
    Money cash = cost.opening_cash;
    Money realized;
    for (const Field& trade : one.inputs.items_or_none("trades")) {
        const std::vector<Field> parts = trade.items();
        if (parts.size() != 2) {
            trade.fail("is not [lots, quote]");
        }
        const Money quote = parts[1].money();
        realized = record_trade(cost, from_lots(parts[0], lot_size), quote);
        cash = cash + quote;
    }
    Answers answers{
        {"quote_running", cost.running_cash},
        {"base_lots", Rational(cost.quantity.raw(), lot_size.raw())},
        {"entry_price", entry_price(cost, kPlainContract)},
        {"break_even_price", break_even_price(cost, kPlainContract)},
        {"realized_last", realized},
    };
    if (mark) {
        answers.emplace("unsettled_pnl",
                        marked_pnl(cash, cost.quantity, mark->price(), kPlainContract));
    }
    return answers;
}

Answers weight_shift(const Case& one) {
    const Timestamp now = at_second(one.inputs.whole("time"));
    const auto shift = [&](const char* from, const char* to) {
        return core::WeightShift<Extended>{at_second(one.params.whole("start")),
                                           at_second(one.params.whole("end")),
                                           one.params.rate(from), one.params.rate(to)};
    };
    return {{"asset", shifted_weight(shift("asset", "asset_target"), now, Rounding::down)},
            {"liab", shifted_weight(shift("liab", "liab_target"), now, Rounding::up)}};
}

Answers stable_price(const Case& one) {
    core::SlowPriceRule<Extended> rule;
    rule.slot_growth = one.params.rate("delay_growth_limit");
    rule.growth_per_second = one.params.rate("stable_growth_limit");
    core::SlowPriceOf<Extended> slow(rule, one.inputs.unit_price("start_price"), Timestamp{});
    std::int64_t time = 0;
    for (const Field& leg : one.inputs["legs"].items()) {
        const std::int64_t dt = leg.whole("dt");
        const UnitPrice price = leg.unit_price("price");
        const auto after = leg.find("after");
        const auto price_after = leg.find("price_after");
        const std::int64_t turn = after ? after->whole() : 0;
        const UnitPrice turned = price_after ? price_after->unit_price() : price;
        for (std::int64_t step = leg.whole("steps"); step > 0; --step) {
            time += dt;
            slow.update(after && time > turn ? turned : price, at_second(time));
        }
    }
    return {{"stable_price", slow.price()},
            {"delay_price_first", slow.delay_price(0)},
            {"delay_price_second", slow.delay_price(1)}};
}

constexpr std::array kModels{
    Model{"mango_health", health, mango_health_production},
    Model{"mango_token_liquidation", token_liquidation},
    Model{"mango_perp_liquidation", perp_liquidation},
    Model{"mango_perp_bankruptcy", perp_bankruptcy},
    Model{"mango_position", position},
    Model{"mango_weight_shift", weight_shift},
    Model{"mango_stable_price", stable_price},
};

}  // namespace

std::span<const Model> mango_v4_models() {
    return kModels;
}

}  // namespace margind::test
