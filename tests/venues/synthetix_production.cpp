#include "tests/venues/synthetix_production.hpp"

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/margin/withdrawable.hpp"
#include "core/market/skew.hpp"
#include "tests/venues/production.hpp"
#include "tests/venues/rules_text.hpp"
#include "tests/venues/synthetix_market.hpp"

namespace margind::test::synthetix {
namespace {

using core::Ledger;
using core::MarginState;

constexpr const char* kProfile = "synthetix-v3";
constexpr const char* kDollar = "sUSD";

std::string add_market(VenueAccount& venue, const Market& market, const Price& index) {
    PositionTerms terms = market.terms;
    terms.flag_reward = market.reward_ratio;
    const Instrument row = plain_instrument(index, market.rate);
    const std::string name = venue.add_instrument({.rules = instrument_rules(venue, row, terms),
                                                   .sizes = {terms.slope.scale},
                                                   .finest_prices = true});
    venue.price(name, index);
    return name;
}

Rational number(const auto& amount) {
    return Rational(amount.raw(), Extended::scale());
}

void hold(VenueAccount& venue, const std::string& name, const Market& market, const Quantity& size,
          const Price& entry) {
    const auto& slope = market.terms.slope;
    const Rational rate =
        number(slope.fraction) * number(core::magnitude(size)) / number(slope.scale);
    require_decimals(rate, "a rate by size");
    require_decimals(rate * number(market.terms.slope_share[MarginLevel::maintenance]),
                     "a maintenance rate by size");
    venue.position(name, size, entry);
}

void set_keeper_reward(VenueAccount& venue, const core::KeeperReward<Extended>& rule,
                       const core::KeeperCosts<Extended>& costs) {
    Keys keys;
    keys.add("flag_cost", venue.text(costs.flag));
    keys.add("liquidate_cost", venue.text(costs.liquidate));
    keys.add("reward_min", venue.text(rule.least));
    keys.add("profit_share", venue.text(rule.profit_share));
    if (rule.collateral_share) {
        keys.add("collateral_share", venue.text(*rule.collateral_share));
    }
    if (rule.most) keys.add("reward_max", venue.text(*rule.most));
    venue.replace_section("keeper_reward", keys.map());
}

// What an evaluation at the initial level is made of, dollars apart.
struct Seen : core::NoObserver<Ledger> {
    const core::AccountView& account;
    core::AssetId dollar;
    std::map<core::InstrumentId, core::Value> gains;
    core::Value open_interest;
    core::Value collateral;
    core::Money reward;

    Seen(const core::AccountView& of, core::AssetId in) : account(of), dollar(in) {}

    void position(std::uint32_t p, const core::PositionFigures<Ledger>& figures) {
        gains[account.positions[p].instrument] = figures.gain;
        open_interest += figures.notional;
    }
    void balance(std::uint32_t b, const core::BalanceFigures<Ledger>& figures) {
        if (account.balances[b].asset != dollar) collateral += figures.value;
    }
    void keeper_reward(const core::Money& amount) { reward = amount; }
};

Seen see(VenueAccount& venue, const core::AccountView& account) {
    Seen seen(account, venue.asset(kDollar));
    core::evaluate_level<Ledger>(account, venue.market(), MarginLevel::initial, seen);
    return seen;
}

void add_collateral(VenueAccount& venue, const Field& collateral) {
    const BalanceTerms terms = collateral_terms(collateral);
    Asset row = plain_asset(collateral.unit_price("price"));
    row.terms = &terms;
    const Money amount = collateral.money("amount");
    if (const auto& rule = terms.amount_discount; rule.scale.raw() != 0) {
        const Rational discount = number(amount) / number(rule.scale) * number(rule.slope);
        const bool limited = discount <= number(rule.lower) || discount >= number(rule.upper);
        if (!limited) require_decimals(discount, "a discount by amount");
    }
    const std::string name = venue.add_asset(asset_keys(venue, row).text(), row.price);
    venue.balance(name, amount);
}

}  // namespace

Answers account_production(const Case& one) {
    const Field& in = one.inputs;
    const Markets markets = read_markets(one.params);
    const Prices prices = read_prices(in["prices"]);
    const std::vector<Field> positions = in["positions"].items();
    const Money debt = in.money("debt", "0");

    VenueAccount venue(kProfile);
    set_keeper_reward(venue, reward_rule_of(one), keeper_costs(in, positions.size()));
    venue.balance(kDollar, -debt);
    for (const Field& each : in["collateral"].items()) add_collateral(venue, each);
    std::vector<std::string> names;
    for (const Field& each : positions) {
        const std::string market_name = each.text("market");
        const Market& market = find_market(markets, each, market_name);
        names.push_back(add_market(venue, market, find_price(prices, in["prices"], market_name)));
        // Every position was opened in a market without skew.
        const Quantity size = each.quantity("size");
        hold(venue, names.back(), market, size,
             core::skewed_fill_price(each.price("index_at_entry"), Quantity{}, size,
                                     market.terms.slope.scale));
    }

    const core::AccountView account = venue.view();
    Seen seen = see(venue, account);
    const Money reward = venue.widened(seen.reward);
    const auto initial = venue.at(MarginLevel::initial);
    const auto maintenance = venue.at(MarginLevel::maintenance);
    std::vector<Value> pnl;
    for (const std::string& name : names) {
        pnl.push_back(widened(seen.gains[venue.instrument(name)]));
    }
    const core::Money withdrawable =
        core::withdrawable<Ledger>({.has_positions = !account.positions.empty(),
                                    .debt = venue.narrowed(debt),
                                    .collateral = core::round_down(seen.collateral),
                                    .available = venue.narrowed(initial.equity),
                                    .required = venue.narrowed(initial.margin)});
    return {{"pnl", pnl},
            {"available_margin", initial.equity},
            {"initial_margin", initial.margin - reward},
            {"maintenance_margin", maintenance.margin - reward},
            {"reward", reward},
            {"withdrawable", venue.widened(withdrawable)},
            {"liquidatable", venue.state() >= MarginState::liquidation},
            {"open_interest", widened(seen.open_interest)}};
}

Answers order_margin_production(const Case& one) {
    const Field& in = one.inputs;
    const Markets markets = read_markets(one.params);
    const Prices prices = read_prices(in["prices"]);
    const std::string wanted = in.text("market");
    const Quantity size = in.quantity("size_delta");
    const auto sizes = in["sizes"].members();

    VenueAccount venue(kProfile);
    set_keeper_reward(venue, reward_rule_of(one), keeper_costs(in, sizes.size()));
    venue.balance(kDollar, in.money("collateral"));
    std::map<std::string, std::string> names;
    const auto name_of = [&](const Field& field, const std::string& market) {
        auto [at, added] = names.try_emplace(market);
        if (added) {
            at->second = add_market(venue, find_market(markets, field, market),
                                    find_price(prices, in["prices"], market));
        }
        return at->second;
    };
    for (const auto& [market, field] : sizes) {
        const std::string name = name_of(field, market);
        hold(venue, name, find_market(markets, field, market), field.quantity(),
             find_price(prices, in["prices"], market));
    }
    const std::string traded = name_of(in, wanted);

    const core::Price index = venue.narrowed(traded, find_price(prices, in["prices"], wanted));
    const core::Instrument& settings = venue.settings(traded);
    const core::Price fill = core::skewed_fill_price<Ledger>(
        index, venue.narrowed(traded, in.quantity("skew")), venue.narrowed(traded, size),
        settings.rules.terms.slope.scale);
    const core::Money loss = core::round_up(
        core::fill_loss<Ledger>(settings.scale, index, fill, venue.narrowed(traded, size)));
    const Money available = in.money("available_before") - venue.widened(loss);
    const Money required = venue.at(MarginLevel::initial).margin;
    return {{"required", required},
            {"available", available},
            {"fill_price", venue.widened(traded, fill)},
            {"accepted", available >= required}};
}

// Of an account that holds these positions and this much in dollars.
Answers keeper_reward_production(const Case& one) {
    const std::vector<Field> positions = one.inputs["positions"].items();
    const auto costs = keeper_costs(one.inputs, positions.size());
    if (costs.feeds != positions.size()) {
        throw std::runtime_error("the engine counts one price feed for each position");
    }
    VenueAccount venue(kProfile);
    set_keeper_reward(venue, reward_rule(one.params), costs);
    venue.balance(kDollar, one.inputs.money("collateral"));
    for (const Field& position : positions) {
        const Price price = position.price("price");
        const Keys no_slope = Keys().add("fraction", "0").add("scale", "0");
        const Keys margin = Keys()
                                .add("flag_reward", venue.text(position.rate("reward_ratio")))
                                .add("size_slope", no_slope);
        const std::string name = venue.add_instrument(
            {.rules = Keys().add("margin", margin).text(), .finest_prices = true});
        venue.price(name, price);
        venue.position(name, position.quantity("size"), price);
    }
    const core::AccountView account = venue.view();
    return {{"reward", venue.widened(see(venue, account).reward)}};
}

}  // namespace margind::test::synthetix
