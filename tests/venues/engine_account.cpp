#include "tests/venues/engine_account.hpp"

#include <algorithm>

#include "tests/venues/rules_text.hpp"

namespace margind::test {
namespace {

using Raw = Extended::Raw;
using Seen = core::BalanceFigures<core::Ledger>;

// What the engine's own evaluation is made of.
struct Observer : core::NoObserver<core::Ledger> {
    std::vector<Seen> balances;
    std::vector<core::PositionFigures<core::Ledger>> positions;

    void balance(std::uint32_t, const Seen& figures) { balances.push_back(figures); }
    void position(std::uint32_t, const core::PositionFigures<core::Ledger>& figures) {
        positions.push_back(figures);
    }
};

// A number of the ledger with 30 decimals for each 8.
Raw wide(core::Int128 raw, int scales) {
    const auto high = static_cast<std::int64_t>(raw >> 62);
    const auto low = static_cast<std::int64_t>(raw & ((core::Int128{1} << 62) - 1));
    Raw all = (Raw(high) << 62) + low;
    for (int s = 0; s < scales; ++s) all *= Extended::scale() / core::kScale;
    return all;
}
Value wide(const core::Value& value) {
    return Value::from_raw(wide(value.raw(), 2));
}
WeightedValue wide(const core::WeightedValue& value) {
    return WeightedValue::from_raw(wide(value.raw(), 3));
}

void require_no_prices_of_levels(const Account& rows) {
    for (const Asset& asset : rows.market().assets) {
        if (asset.terms == nullptr) continue;
        for (const MarginLevel level : core::kAllMarginLevels) {
            if (asset.terms->asset_price[level].raw() != 0 ||
                asset.terms->liability_price[level].raw() != 0) {
                throw std::runtime_error("a level's own prices are no part of a config");
            }
        }
    }
}

}  // namespace

Figures engine_figures(VenueAccount& venue, const std::vector<std::string>& assets,
                       MarginLevel level) {
    Observer seen;
    const core::AccountView account = venue.view();
    core::evaluate_level<core::Ledger>(account, venue.market(), level, seen);
    Figures figures;
    static_cast<core::LevelFiguresOf<Extended>&>(figures) = venue.at(level);
    for (const auto& position : seen.positions) {
        figures.positions.push_back({.notional = wide(position.notional),
                                     .gain = wide(position.gain),
                                     .requirement = wide(position.requirement),
                                     .size = {},
                                     .order_charges = wide(position.order_charges)});
    }
    // The engine's rows are in the order of its assets, and leave out what is empty.
    for (const std::string& name : assets) {
        figures.balances.emplace_back();
        const auto row =
            std::ranges::find(account.balances, venue.asset(name), &core::BalanceRow::asset);
        if (row == account.balances.end()) continue;
        const Seen& of = seen.balances.at(static_cast<std::size_t>(row - account.balances.begin()));
        auto& balance = figures.balances.back();
        balance.amount = Money::from_raw(wide(of.amount.raw(), 1));
        balance.price = UnitPrice::from_raw(wide(of.price.raw(), 1));
        balance.weight = Rate::from_raw(wide(of.weight.raw(), 1));
        balance.value = wide(of.value);
        balance.equity = wide(of.equity);
        balance.required = wide(of.required);
    }
    return figures;
}

EngineAccount::EngineAccount(const Settings& settings, const Account& rows)
    : venue_(settings.profile, settings.money_exponent) {
    require_no_prices_of_levels(rows);
    add_balances(rows);
    add_positions(rows, settings);
}

void EngineAccount::add_balances(const Account& rows) {
    for (const auto& balance : rows.view().balances) {
        const Asset& row = rows.market().assets[balance.asset.index()];
        const std::string rules = asset_keys(venue_, row).text();
        assets_.push_back(row.price == kPar ? venue_.add_asset(rules)
                                            : venue_.add_asset(rules, row.price));
        venue_.balance(assets_.back(), balance.amount);
    }
}

void EngineAccount::add_positions(const Account& rows, const Settings& settings) {
    const auto kind = [](core::Payoff payoff) {
        return payoff == core::Payoff::inverse  ? "inverse_perpetual"
               : payoff == core::Payoff::capped ? "capped"
                                                : "linear_perpetual";
    };
    static const PositionTerms kPlain;
    for (const auto& position : rows.view().positions) {
        const Instrument& row = rows.market().instruments[position.instrument.index()];
        const PositionTerms& terms = row.terms == nullptr ? kPlain : *row.terms;
        const std::string rules =
            "settle: " + assets_[position.balance] + ", " + instrument_rules(venue_, row, terms);
        instruments_.push_back(venue_.add_instrument({.rules = rules,
                                                      .kind = kind(terms.payoff),
                                                      .price_max = settings.price_max,
                                                      .sizes = settings.sizes,
                                                      .finest_prices = settings.finest_prices}));
        venue_.price(instruments_.back(), row.mark);
        venue_.position(instruments_.back(), position.quantity, position.entry_price);
        venue_.accrued(instruments_.back(), position.accrued);
        venue_.least_initial_rate(instruments_.back(), position.least_initial_rate);
    }
    for (const auto& order : rows.view().orders) {
        if (order.size.raw() == 0) continue;
        venue_.order(instruments_[order.position], order.size, order.price);
    }
}

}  // namespace margind::test
