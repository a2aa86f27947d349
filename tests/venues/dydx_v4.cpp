// dYdX v4. Money counts quote quantums and quantities base quantums, each as 1 unit, so that prices
// are quote quantums for a base quantum.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/margin/evaluate.hpp"
#include "core/margin/funding_index.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/maintenance_fraction.hpp"
#include "core/margin/open_interest_scaling.hpp"
#include "core/margin/risk_order.hpp"
#include "core/margin/takeover_price.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using core::MarginLevel;
using core::Rounding;
using AccountRisk = core::AccountRisk<Extended>;
using FundingIndex = core::FundingIndexOf<Extended>;
using PositionStake = core::PositionStake<Extended>;

const Money kQuantum = Money::from_raw(Extended::scale());
const Integer kPpm = Extended::scale() / 1'000'000;  // raws in a millionth
const Rate kPpmStep = Rate::from_raw(kPpm);

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

// A market as the evaluation sees it: its row points at its terms.
struct Market {
    core::PositionTermsOf<Extended> terms;
    core::InstrumentRowOf<Extended> row;
    FundingIndex funding;
    Rate initial_floor;
    Quantity step;
    std::optional<std::int64_t> quantum_conversion_exponent;
};

// What a quantity is worth, cut as the venue cuts it; signed.
Money notional(const Price& price, const Quantity& size) {
    const Money value =
        core::round(kPlainContract.value(price, core::magnitude(size)), Rounding::down, kQuantum);
    return size < Quantity() ? -value : value;
}

core::MaintenanceFraction<Extended> fraction_of(const Field& field) {
    return {.initial_rate = ppm(field, "initial_margin_ppm"),
            .fraction = ppm(field, "maintenance_fraction_ppm")};
}

Rate scaled_initial_rate(const Field& field, const Money& open_interest) {
    const core::OpenInterestScaling<Extended> scaling{.lower_cap = field.money("oi_lower_cap", "0"),
                                                      .upper_cap = field.money("oi_upper_cap", "0"),
                                                      .step = kPpmStep};
    return core::scale_by_open_interest(scaling, ppm(field, "initial_margin_ppm"), open_interest);
}

void fill(Market& market, const Field& field, const Price& price) {
    Money open_interest = field.money("oi_notional", "0");
    if (const auto open = field.find("open_interest")) {
        open_interest = notional(price, open->quantity());
    }
    market.row.mark = price;
    market.row.scale = kPlainContract;
    market.row.tier_count = 1;
    market.row.tiers[0].rate = {scaled_initial_rate(field, open_interest), Rate()};
    market.terms.maintenance_of_initial = fraction_of(field);
    market.terms.rounding = {.notional_step = kQuantum, .requirement_step = kQuantum};
    market.initial_floor = ppm(field, "custom_imf_ppm");
    market.funding = index(field, "funding_index");
    market.step = field.quantity("step_quantums", "1");
    if (const auto exponent = field.find("quantum_conversion_exponent")) {
        market.quantum_conversion_exponent = exponent->whole();
    }
}

Price price_of_quantum(const Field& field) {
    return scaled(field, "price", field.whole("exponent") + field.whole("atomic_resolution") + 6);
}

// An account, its positions valued against what they would be worth at a price of zero: the quote
// balance already has what they cost.
struct Account {
    Account() = default;
    Account(Account&&) = default;
    Account(const Account&) = delete;  // rows point at terms in `markets`

    std::deque<Market> markets;
    std::map<std::string, std::uint32_t> market_of_name;
    std::vector<core::InstrumentRowOf<Extended>> instruments;
    std::vector<core::PositionRowOf<Extended>> positions;
    Money quote;

    std::uint32_t add_market(const std::string& name, const Field& field, const Price& price) {
        const auto number = static_cast<std::uint32_t>(markets.size());
        Market& market = markets.emplace_back();
        fill(market, field, price);
        market.row.terms = &market.terms;
        instruments.push_back(market.row);
        market_of_name.emplace(name, number);
        return number;
    }
    // `field` may name where the position's funding was settled and a floor of its initial rate.
    void add_position(std::uint32_t market, const Quantity& size, const Field& field,
                      const Rate& floor) {
        const auto funding = core::funding_settlement(
            kIndexContract, size, index(field, "funding_index"), markets[market].funding);
        positions.push_back({.instrument = core::InstrumentId(market),
                             .balance = 0,
                             .quantity = size,
                             .entry_price = Price(),
                             .accrued = core::round(funding, Rounding::down, kQuantum),
                             .least_initial_rate = std::max({floor, ppm(field, "custom_imf_ppm"),
                                                             markets[market].initial_floor})});
    }
    core::LevelFiguresOf<Extended> evaluate(MarginLevel level) const {
        const core::AssetRowOf<Extended> at_par{.price = UnitPrice::from_raw(Extended::scale()),
                                                .asset_weight = core::rate_one<Extended>(),
                                                .liability_weight = core::rate_one<Extended>()};
        const core::BalanceRowOf<Extended> balance{core::AssetId(0), quote};
        return core::evaluate_level<Extended>({.balances = {&balance, 1}, .positions = positions},
                                              {.instruments = instruments, .assets = {&at_par, 1}},
                                              level);
    }
    AccountRisk risk() const {
        const auto figures = evaluate(MarginLevel::maintenance);
        return {.equity = figures.equity, .maintenance = figures.margin};
    }
};

// One position by itself.
PositionStake stake(const Market& market, const Quantity& size) {
    const core::PositionRowOf<Extended> position{.instrument = core::InstrumentId(0),
                                                 .balance = 0,
                                                 .quantity = size,
                                                 .entry_price = Price()};
    const auto figures = core::position_figures<Extended>(
        {.balances = {}, .positions = {&position, 1}}, 0, market.row, MarginLevel::maintenance);
    return {.notional = core::round_down(figures.gain),
            .maintenance = core::round_up(figures.requirement)};
}

Answers margins(const Account& account) {
    const auto initial = account.evaluate(MarginLevel::initial);
    const AccountRisk risk = account.risk();
    return {{"net_collateral", risk.equity},
            {"initial_margin", initial.margin},
            {"maintenance_margin", risk.maintenance},
            {"is_liquidatable", core::liquidatable(risk)}};
}

// A notional is a position of one unit at that price.
Answers margin_ppm(const Case& test) {
    const auto rule = fraction_of(test.inputs);
    Account account;
    const auto market = account.add_market("", test.inputs, test.inputs.price("notional", "0"));
    account.add_position(market, Quantity::from_raw(Extended::scale()), test.inputs, Rate());
    const Rate adjusted = account.markets[market].row.tiers[0].rate[MarginLevel::initial];
    Answers answers = margins(account);
    answers.emplace("maintenance_margin_ppm", in_ppm(core::maintenance_rate(rule, kPpmStep)));
    answers.emplace(
        "funding_clamp_ppm",
        in_ppm(core::funding_clamp(rule, ppm(test.inputs, "clamp_factor_ppm"), kPpmStep)));
    answers.emplace("adjusted_initial_margin_ppm",
                    in_ppm(std::max(adjusted, account.markets[market].initial_floor)));
    return answers;
}

Answers funding_settlement(const Case& test) {
    const auto settlement = core::funding_settlement(
        kIndexContract, test.inputs.quantity("quantums"), index(test.inputs, "position_index"),
        index(test.inputs, "funding_index"));
    return {{"settlement_ppm", Rational(settlement.raw(), Integer(kPpm * Extended::scale()))}};
}

Answers position(const Case& test) {
    Account account;
    const auto market = account.add_market("", test.params, price_of_quantum(test.params));
    const Quantity size = test.inputs.quantity("quantums");
    account.add_position(market, size, test.inputs, Rate());
    Answers answers = margins(account);
    answers.emplace("notional", stake(account.markets[market], size).notional);
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

Account account_of(const Case& test) {
    Account account;
    account.quote = test.inputs.money("quote_balance", "0");
    for (const auto& [name, field] : test.inputs["markets"].members()) {
        account.add_market(name, field, price_of_quantum(field));
    }
    const Rate floor = ppm(test.inputs, "custom_imf_ppm");
    for (const Field& row : test.inputs.items_or_none("positions")) {
        const auto market = account.market_of_name.find(row.text("market"));
        if (market == account.market_of_name.end()) {
            row.fail("names no market");
        }
        account.add_position(market->second, row.quantity("quantums"), row, floor);
    }
    return account;
}

Answers account(const Case& test) {
    return margins(account_of(test));
}

// The account of a case and what it holds in the market that the case names.
struct Closing {
    Account account;
    std::uint32_t market;
    Quantity position;

    const Market& at() const { return account.markets[market]; }
};

Closing closing_of(const Case& test) {
    Account account = account_of(test);
    const auto found = account.market_of_name.find(test.inputs.text("market"));
    if (found == account.market_of_name.end()) {
        test.inputs.fail("market is not among the markets");
    }
    const std::uint32_t market = found->second;
    Quantity position;
    for (const auto& row : account.positions) {
        if (row.instrument.index() == market) {
            position = position + row.quantity;
        }
    }
    return {.account = std::move(account), .market = market, .position = position};
}

// Nothing if the trade does not make the position smaller, or no margin would be released.
std::optional<Money> bankruptcy_proceeds(const Closing& closing, const Quantity& change) {
    const AccountRisk risk = closing.account.risk();
    if (!core::reduces(closing.position, change) || risk.maintenance == Money()) {
        return {};
    }
    return core::bankruptcy_proceeds(risk, stake(closing.at(), closing.position),
                                     stake(closing.at(), closing.position + change), kQuantum);
}

Answers bankruptcy_price(const Case& test) {
    return {{"quote_quantums",
             bankruptcy_proceeds(closing_of(test), test.inputs.quantity("delta_quantums"))}};
}

Answers fillable_price(const Case& test) {
    const Closing closing = closing_of(test);
    const core::FillablePrice<Extended> rule{
        .bankruptcy_adjustment = ppm(test.params, "bankruptcy_adjustment_ppm"),
        .spread_to_maintenance = ppm(test.params, "spread_to_maintenance_margin_ratio_ppm")};
    const AccountRisk risk = closing.account.risk();
    if (!core::reduces(closing.position, test.inputs.quantity("delta_quantums")) ||
        risk.maintenance == Money()) {
        return {{"price", nullptr}};
    }
    const auto value = core::fillable_value(rule, risk, stake(closing.at(), closing.position));
    return {
        {"price", core::price_bringing(value, closing.position, kPlainContract, Rounding::down)}};
}

Answers insurance_delta(const Case& test) {
    const Closing closing = closing_of(test);
    const Rate max_fee = ppm(test.params, "max_liquidation_fee_ppm");
    const Quantity filled = test.inputs.quantity("fill_quantums");
    const Quantity change = test.inputs.boolean("is_buy") ? filled : -filled;
    if (!closing.at().quantum_conversion_exponent) {
        test.inputs.fail("the market has no quantum_conversion_exponent");
    }
    const Price price = scaled(test.inputs, "subticks", *closing.at().quantum_conversion_exponent);
    const auto bankruptcy = bankruptcy_proceeds(closing, change);
    if (!bankruptcy) {
        return {{"quote_quantums", nullptr}};
    }
    return {{"quote_quantums",
             core::insurance_change(-notional(price, change), *bankruptcy, max_fee, kQuantum)}};
}

Answers liquidation_size(const Case& test) {
    const Field field = test.inputs["market"];
    Market market;
    fill(market, field, price_of_quantum(field));
    const Quantity size = test.inputs.quantity("quantums");
    const core::LiquidationLimits<Extended> rule{
        .min_notional = test.params.money("min_position_notional"),
        .max_portion = ppm(test.params, "max_position_portion_ppm"),
        .account_notional = test.params.money("max_account_notional")};
    const auto range = core::liquidatable_notional(
        rule, core::magnitude(notional(market.row.mark, size)), kQuantum);
    return {{"min_notional", range.least},
            {"max_notional", range.most},
            {"delta_quantums", -core::liquidation_quantity(rule, kPlainContract, market.row.mark,
                                                           size, market.step, kQuantum)}};
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
