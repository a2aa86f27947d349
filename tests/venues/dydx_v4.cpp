// dYdX v4, in numbers of any size.
#include <algorithm>
#include <array>

#include "core/margin/maintenance_fraction.hpp"
#include "tests/venues/dydx_account.hpp"
#include "tests/venues/dydx_production.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace dydx {
namespace {

Answers margins(const Account& account) {
    const auto initial = account.evaluate(MarginLevel::initial);
    const AccountRisk risk = account.risk();
    return {{"net_collateral", risk.equity},
            {"initial_margin", initial.margin},
            {"maintenance_margin", risk.maintenance},
            {"is_liquidatable", core::liquidatable(risk)}};
}

Answer in_ppm(const Rate& rate) {
    return Rational(rate.raw(), kPpm);
}

Answers margin_ppm(const Case& test) {
    const Account account = account_of_notional(test);
    const Market& market = account.markets.front();
    const auto& rule = market.terms.maintenance_of_initial;
    const Rate adjusted = market.row.tiers[0].rate[MarginLevel::initial];
    Answers answers = margins(account);
    answers.emplace("maintenance_margin_ppm", in_ppm(core::maintenance_rate(rule, kPpmStep)));
    answers.emplace(
        "funding_clamp_ppm",
        in_ppm(core::funding_clamp(rule, ppm(test.inputs, "clamp_factor_ppm"), kPpmStep)));
    answers.emplace("adjusted_initial_margin_ppm",
                    in_ppm(std::max(adjusted, market.initial_floor)));
    return answers;
}

Answers funding_settlement(const Case& test) {
    const auto settlement = core::funding_settlement(
        kIndexContract, test.inputs.quantity("quantums"), index(test.inputs, "position_index"),
        index(test.inputs, "funding_index"));
    return {{"settlement_ppm", Rational(settlement.raw(), Integer(kPpm * Extended::scale()))}};
}

Answers position(const Case& test) {
    const Account account = account_of_position(test);
    Answers answers = margins(account);
    answers.emplace(
        "notional",
        stake(account.markets.front().row, account.positions.front().quantity).notional);
    return answers;
}

Answers thresholds(const Case& test) {
    const Money net = test.inputs.money("net_collateral");
    const auto covered = [&](std::string_view requirement) {
        const auto field = test.inputs.find(requirement);
        return field && core::covers(net, field->money());
    };
    return {{"initial_ok", covered("initial_margin")},
            {"maintenance_ok", covered("maintenance_margin")},
            {"is_liquidatable",
             core::liquidatable(AccountRisk{
                 .equity = net, .maintenance = test.inputs.money("maintenance_margin", "0")})}};
}

Answers risk_order(const Case& test) {
    const auto order =
        core::compare_risk(risk_of(test.inputs["first"]), risk_of(test.inputs["second"]));
    return {{"order", order > 0 ? 1 : order < 0 ? -1 : 0}};
}

Answers transition(const Case& test) {
    return {{"allowed", core::repairs(risk_of(test.inputs["old"]), risk_of(test.inputs["new"]))}};
}

Answers account(const Case& test) {
    return margins(account_of(test));
}

ClosingRisk<Extended> risk_of(const Closing& closing) {
    return {.account = closing.account.risk(),
            .row = closing.at().row,
            .position = closing.position,
            .quantum = kQuantum};
}

Answers bankruptcy_price(const Case& test) {
    const Closing closing = closing_of(test);
    return {{"quote_quantums",
             risk_of(closing).bankruptcy_proceeds(test.inputs.quantity("delta_quantums"))}};
}

Answers fillable_price(const Case& test) {
    const Closing closing = closing_of(test);
    return {{"price", risk_of(closing).fillable_price(fillable_rule(test.params),
                                                      test.inputs.quantity("delta_quantums"))}};
}

Answers insurance_delta(const Case& test) {
    const Closing closing = closing_of(test);
    const Rate max_fee = ppm(test.params, "max_liquidation_fee_ppm");
    return {{"quote_quantums", risk_of(closing).insurance_change(fill_price(test, closing),
                                                                 filled(test.inputs), max_fee)}};
}

Answers liquidation_size(const Case& test) {
    const Field field = test.inputs["market"];
    const Market market = market_of(field, price_of_quantum(field));
    const Quantity size = test.inputs.quantity("quantums");
    const auto rule = limits_of(test.params);
    const auto range = core::liquidatable_notional(
        rule, core::magnitude(notional(kPlainContract, market.row.mark, size, kQuantum)), kQuantum);
    return {{"min_notional", range.least},
            {"max_notional", range.most},
            {"delta_quantums", -core::liquidation_quantity(rule, kPlainContract, market.row.mark,
                                                           size, market.step, kQuantum)}};
}

constexpr std::array kModels = {
    Model{"dydx_margin_ppm", margin_ppm, margin_ppm_production},
    Model{"dydx_funding_settlement", funding_settlement},
    Model{"dydx_position", position, position_production},
    Model{"dydx_thresholds", thresholds, thresholds_production},
    Model{"dydx_risk_order", risk_order, risk_order_production},
    Model{"dydx_transition", transition, transition_production},
    Model{"dydx_account", account, account_production},
    Model{"dydx_bankruptcy_price", bankruptcy_price, bankruptcy_price_production},
    Model{"dydx_fillable_price", fillable_price, fillable_price_production},
    Model{"dydx_insurance_delta", insurance_delta, insurance_delta_production},
    Model{"dydx_liquidation_size", liquidation_size, liquidation_size_production},
};

}  // namespace
}  // namespace dydx

std::span<const Model> dydx_v4_models() {
    return dydx::kModels;
}

}  // namespace margind::test
