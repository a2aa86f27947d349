#include "tests/venues/dydx_account.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace margind::test::dydx {
namespace {

core::MaintenanceFraction<Extended> fraction_of(const Field& field) {
    return {.initial_rate = ppm(field, "initial_margin_ppm"),
            .fraction = ppm(field, "maintenance_fraction_ppm")};
}

core::OpenInterestScaling<Extended> scaling_of(const Field& field) {
    return {.lower_cap = field.money("oi_lower_cap", "0"),
            .upper_cap = field.money("oi_upper_cap", "0"),
            .step = kPpmStep};
}

}  // namespace

Rate ppm(const Field& field, std::string_view name) {
    return Rate::from_raw(field.integer(name, 0) * kPpm);
}

FundingIndex index(const Field& field, std::string_view name) {
    return FundingIndex::from_raw(field.integer(name, 0));
}

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

Price price_of_quantum(const Field& market) {
    return scaled(market, "price",
                  market.whole("exponent") + market.whole("atomic_resolution") + 6);
}

Market market_of(const Field& field, const Price& price) {
    Market market;
    market.open_interest = field.money("oi_notional", "0");
    if (const auto open = field.find("open_interest")) {
        market.open_interest = notional(kPlainContract, price, open->quantity(), kQuantum);
    }
    market.scaling = scaling_of(field);
    market.row.mark = price;
    market.row.scale = kPlainContract;
    market.row.tier_count = 1;
    market.row.tiers[0].rate = {
        core::scale_by_open_interest(market.scaling, ppm(field, "initial_margin_ppm"),
                                     market.open_interest),
        Rate()};
    market.terms.maintenance_of_initial = fraction_of(field);
    market.terms.rounding = {.notional_step = kQuantum, .requirement_step = kQuantum};
    market.initial_floor = ppm(field, "custom_imf_ppm");
    market.funding = index(field, "funding_index");
    market.step = field.quantity("step_quantums", "1");
    if (const auto exponent = field.find("quantum_conversion_exponent")) {
        market.quantum_conversion_exponent = exponent->whole();
    }
    return market;
}

std::uint32_t Account::add_market(const std::string& name, const Field& field, const Price& price) {
    const auto number = static_cast<std::uint32_t>(markets.size());
    Market& market = markets.emplace_back(market_of(field, price));
    market.row.terms = &market.terms;
    instruments.push_back(market.row);
    market_of_name.emplace(name, number);
    return number;
}

void Account::add_position(std::uint32_t market, const Quantity& size, const Field& field,
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

core::LevelFiguresOf<Extended> Account::evaluate(MarginLevel level) const {
    const Asset at_par = plain_asset(kPar);
    const core::BalanceRowOf<Extended> balance{core::AssetId(0), quote};
    return core::evaluate_level<Extended>({.balances = {&balance, 1}, .positions = positions},
                                          {.instruments = instruments, .assets = {&at_par, 1}},
                                          level);
}

AccountRisk Account::risk() const {
    const auto figures = evaluate(MarginLevel::maintenance);
    return {.equity = figures.equity, .maintenance = figures.margin};
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

Account account_of_notional(const Case& test) {
    Account account;
    const auto market = account.add_market("", test.inputs, test.inputs.price("notional", "0"));
    account.add_position(market, kOneUnit, test.inputs, Rate());
    return account;
}

Account account_of_position(const Case& test) {
    Account account;
    const auto market = account.add_market("", test.params, price_of_quantum(test.params));
    account.add_position(market, test.inputs.quantity("quantums"), test.inputs, Rate());
    return account;
}

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

core::FillablePrice<Extended> fillable_rule(const Field& params) {
    return {.bankruptcy_adjustment = ppm(params, "bankruptcy_adjustment_ppm"),
            .spread_to_maintenance = ppm(params, "spread_to_maintenance_margin_ratio_ppm")};
}

core::LiquidationLimits<Extended> limits_of(const Field& params) {
    return {.min_notional = params.money("min_position_notional"),
            .max_portion = ppm(params, "max_position_portion_ppm"),
            .account_notional = params.money("max_account_notional")};
}

Quantity filled(const Field& inputs) {
    const Quantity size = inputs.quantity("fill_quantums");
    return inputs.boolean("is_buy") ? size : -size;
}

Price fill_price(const Case& test, const Closing& closing) {
    if (!closing.at().quantum_conversion_exponent) {
        test.inputs.fail("the market has no quantum_conversion_exponent");
    }
    return scaled(test.inputs, "subticks", *closing.at().quantum_conversion_exponent);
}

AccountRisk risk_of(const Field& pair) {
    const auto items = pair.items();
    if (items.size() != 2) {
        pair.fail("is not a pair");
    }
    return {.equity = items[0].money(), .maintenance = items[1].money()};
}

}  // namespace margind::test::dydx
