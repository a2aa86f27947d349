// dYdX v4. Money counts quote quantums and quantities base quantums, each as 1 unit, so that prices
// are quote quantums for a base quantum.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "core/margin/funding_index.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/maintenance_fraction.hpp"
#include "core/margin/open_interest_scaling.hpp"
#include "core/margin/risk_order.hpp"
#include "core/margin/takeover_price.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::Rounding;
using AccountRisk = core::AccountRisk<Extended>;
using FundingIndex = core::FundingIndexOf<Extended>;
using PositionStake = core::PositionStake<Extended>;

const Money kQuantum = Money::from_raw(Extended::scale());
const Integer kPpm = Extended::scale() / 1'000'000;  // raws in a millionth

// Funding indices count millionths of a quote quantum for a base quantum.
const core::ContractScaleOf<Extended> kIndexContract =
    core::ContractScaleOf<Extended>::from_factor(kPpm);

Rate ppm(const Field& field, std::string_view name, const Integer& otherwise = 0) {
    return Rate::from_raw(field.integer(name, otherwise) * kPpm);
}
Answer in_ppm(const Rate& rate) {
    return Rational(rate.raw(), kPpm);
}
FundingIndex index(const Field& field, std::string_view name) {
    return FundingIndex::from_raw(field.integer(name, 0));
}

// number * 10^exponent as a price; refused if that has more than 30 decimals.
Price scaled(const Field& field, std::string_view number, std::int64_t exponent) {
    Rational value = Rational(field.integer(number)) * Rational(Extended::scale());
    const Integer power =
        boost::multiprecision::pow(Integer(10), static_cast<unsigned>(std::abs(exponent)));
    value = exponent < 0 ? Rational(value / Rational(power)) : Rational(value * Rational(power));
    if (denominator(value) != 1) {
        field.fail("the price of a quantum has too many decimals");
    }
    return Price::from_raw(numerator(value));
}

struct Market {
    Price price;
    core::OpenInterestScaling<Extended> scaling;
    Money open_interest;
    Rate initial_floor;
    core::MarginFractions<Extended> rates;
    FundingIndex funding;
    Quantity step;
    std::optional<std::int64_t> quantum_conversion_exponent;
};

Money notional(const Price& price, const Quantity& size) {
    const Money value =
        core::round(kPlainContract.value(price, core::magnitude(size)), Rounding::down, kQuantum);
    return size < Quantity() ? -value : value;
}

void read_rates(const Field& field, Market& market) {
    market.rates = {.initial_rate = ppm(field, "initial_margin_ppm"),
                    .maintenance_fraction = ppm(field, "maintenance_fraction_ppm"),
                    .step = Rate::from_raw(kPpm)};
    market.scaling = {.lower_cap = field.money("oi_lower_cap", "0"),
                      .upper_cap = field.money("oi_upper_cap", "0"),
                      .step = Rate::from_raw(kPpm)};
    market.initial_floor = ppm(field, "custom_imf_ppm");
    market.open_interest = field.money("oi_notional", "0");
}

Market market_of(const Field& field) {
    Market market;
    market.price =
        scaled(field, "price", field.whole("exponent") + field.whole("atomic_resolution") + 6);
    read_rates(field, market);
    if (const auto open = field.find("open_interest")) {
        market.open_interest = notional(market.price, open->quantity());
    }
    market.funding = index(field, "funding_index");
    market.step = field.quantity("step_quantums", "1");
    if (const auto exponent = field.find("quantum_conversion_exponent")) {
        market.quantum_conversion_exponent = exponent->whole();
    }
    return market;
}

Rate initial_rate(const Market& market) {
    return core::scale_by_open_interest(market.scaling, market.rates.initial_rate,
                                        market.open_interest);
}
Money initial_margin(const Market& market, const Money& value, const Rate& floor) {
    return core::initial_requirement(value, initial_rate(market),
                                     std::max(market.initial_floor, floor), kQuantum);
}
PositionStake stake(const Market& market, const Quantity& size) {
    const Money value = notional(market.price, size);
    return {.notional = value,
            .maintenance = core::maintenance_requirement(market.rates, value, kQuantum)};
}

Answers margin_ppm(const Case& test) {
    Market market;
    read_rates(test.inputs, market);
    const Money value = test.inputs.money("notional", "0");
    return {{"maintenance_margin_ppm", in_ppm(core::maintenance_rate(market.rates))},
            {"funding_clamp_ppm",
             in_ppm(core::funding_clamp(market.rates, ppm(test.inputs, "clamp_factor_ppm")))},
            {"adjusted_initial_margin_ppm",
             in_ppm(std::max(initial_rate(market), market.initial_floor))},
            {"initial_margin", initial_margin(market, value, Rate())},
            {"maintenance_margin", core::maintenance_requirement(market.rates, value, kQuantum)}};
}

Answers funding_settlement(const Case& test) {
    const auto settlement = core::funding_settlement(
        kIndexContract, test.inputs.quantity("quantums"), index(test.inputs, "position_index"),
        index(test.inputs, "funding_index"));
    return {{"settlement_ppm", Rational(settlement.raw(), Integer(kPpm * Extended::scale()))}};
}

Answers position(const Case& test) {
    const Market market = market_of(test.params);
    const Rate floor = ppm(test.inputs, "custom_imf_ppm");
    const PositionStake held = stake(market, test.inputs.quantity("quantums"));
    return {{"notional", held.notional},
            {"initial_margin", initial_margin(market, held.notional, floor)},
            {"maintenance_margin", held.maintenance}};
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

// [net collateral, maintenance margin]
AccountRisk risk(const Field& pair) {
    const auto items = pair.items();
    if (items.size() != 2) {
        pair.fail("is not a pair");
    }
    return {.equity = items[0].money(), .maintenance = items[1].money()};
}

Answers risk_order(const Case& test) {
    const auto order = core::compare_risk(risk(test.inputs["first"]), risk(test.inputs["second"]));
    return {{"order", order > 0 ? 1 : order < 0 ? -1 : 0}};
}

Answers transition(const Case& test) {
    return {{"allowed", core::repairs(risk(test.inputs["old"]), risk(test.inputs["new"]))}};
}

// An account, and the position in `market` that is being closed, if the case names one.
struct Account {
    std::map<std::string, Market> markets;
    Quantity position;
    AccountRisk risk;
    Money initial_margin;
};

Account account_of(const Case& test) {
    Account account;
    for (const auto& [name, field] : test.inputs["markets"].members()) {
        account.markets.emplace(name, market_of(field));
    }
    const std::string closing = test.inputs.text("market", "");
    account.risk.equity = test.inputs.money("quote_balance", "0");
    const Rate floor = ppm(test.inputs, "custom_imf_ppm");
    for (const Field& row : test.inputs.items_or_none("positions")) {
        const std::string name = row.text("market");
        const Quantity size = row.quantity("quantums");
        const auto found = account.markets.find(name);
        if (found == account.markets.end()) {
            row.fail("names no market");
        }
        const Market& market = found->second;
        const PositionStake held = stake(market, size);
        const Money funding =
            core::round(core::funding_settlement(kIndexContract, size, index(row, "funding_index"),
                                                 market.funding),
                        Rounding::down, kQuantum);
        account.risk.equity = account.risk.equity + held.notional + funding;
        account.risk.maintenance = account.risk.maintenance + held.maintenance;
        account.initial_margin =
            account.initial_margin +
            initial_margin(market, held.notional, std::max(floor, ppm(row, "custom_imf_ppm")));
        if (name == closing) {
            account.position = account.position + size;
        }
    }
    return account;
}

const Market& closing_market(const Case& test, const Account& account) {
    const auto found = account.markets.find(test.inputs.text("market"));
    if (found == account.markets.end()) {
        test.inputs.fail("market is not among the markets");
    }
    return found->second;
}

Answers account(const Case& test) {
    const Account account = account_of(test);
    return {{"net_collateral", account.risk.equity},
            {"initial_margin", account.initial_margin},
            {"maintenance_margin", account.risk.maintenance},
            {"is_liquidatable", core::liquidatable(account.risk)}};
}

// Nothing if the trade does not make the position smaller, or no margin would be released.
std::optional<Money> bankruptcy_proceeds(const Account& account, const Market& market,
                                         const Quantity& change) {
    if (!core::reduces(account.position, change) || account.risk.maintenance == Money()) {
        return {};
    }
    return core::bankruptcy_proceeds(account.risk, stake(market, account.position),
                                     stake(market, account.position + change), kQuantum);
}

Answers bankruptcy_price(const Case& test) {
    const Account account = account_of(test);
    return {{"quote_quantums", bankruptcy_proceeds(account, closing_market(test, account),
                                                   test.inputs.quantity("delta_quantums"))}};
}

Answers fillable_price(const Case& test) {
    const Account account = account_of(test);
    const Market& market = closing_market(test, account);
    const core::FillablePrice<Extended> rule{
        .bankruptcy_adjustment = ppm(test.params, "bankruptcy_adjustment_ppm"),
        .spread_to_maintenance = ppm(test.params, "spread_to_maintenance_margin_ratio_ppm")};
    if (!core::reduces(account.position, test.inputs.quantity("delta_quantums")) ||
        account.risk.maintenance == Money()) {
        return {{"price", nullptr}};
    }
    const auto value = core::fillable_value(rule, account.risk, stake(market, account.position));
    return {
        {"price", core::price_bringing(value, account.position, kPlainContract, Rounding::down)}};
}

Answers insurance_delta(const Case& test) {
    const Account account = account_of(test);
    const Market& market = closing_market(test, account);
    const Rate max_fee = ppm(test.params, "max_liquidation_fee_ppm");
    const Quantity filled = test.inputs.quantity("fill_quantums");
    const Quantity change = test.inputs.boolean("is_buy") ? filled : -filled;
    if (!market.quantum_conversion_exponent) {
        test.inputs.fail("the market has no quantum_conversion_exponent");
    }
    const Price price = scaled(test.inputs, "subticks", *market.quantum_conversion_exponent);
    const auto bankruptcy = bankruptcy_proceeds(account, market, change);
    if (!bankruptcy) {
        return {{"quote_quantums", nullptr}};
    }
    return {{"quote_quantums",
             core::insurance_change(-notional(price, change), *bankruptcy, max_fee, kQuantum)}};
}

Answers liquidation_size(const Case& test) {
    const Market market = market_of(test.inputs["market"]);
    const Quantity size = test.inputs.quantity("quantums");
    const core::LiquidationLimits<Extended> rule{
        .min_notional = test.params.money("min_position_notional"),
        .max_portion = ppm(test.params, "max_position_portion_ppm"),
        .account_notional = test.params.money("max_account_notional")};
    const auto range =
        core::liquidatable_notional(rule, core::magnitude(notional(market.price, size)), kQuantum);
    return {{"min_notional", range.least},
            {"max_notional", range.most},
            {"delta_quantums", -core::liquidation_quantity(rule, kPlainContract, market.price, size,
                                                           market.step, kQuantum)}};
}

constexpr std::array kModels = {
    Model{"dydx_margin_ppm", margin_ppm},
    Model{"dydx_funding_settlement", funding_settlement},
    Model{"dydx_position", position},
    Model{"dydx_thresholds", thresholds},
    Model{"dydx_risk_order", risk_order},
    Model{"dydx_transition", transition},
    Model{"dydx_account", account},
    Model{"dydx_bankruptcy_price", bankruptcy_price},
    Model{"dydx_fillable_price", fillable_price},
    Model{"dydx_insurance_delta", insurance_delta},
    Model{"dydx_liquidation_size", liquidation_size},
};

}  // namespace

std::span<const Model> dydx_v4_models() {
    return kModels;
}

}  // namespace margind::test
