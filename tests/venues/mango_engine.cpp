// Mango v4's health through profile, config loader and engine.
#include "tests/venues/mango_engine.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/margin/gross_leverage.hpp"
#include "tests/support/widened.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/mango_account.hpp"
#include "tests/venues/production.hpp"
#include "tests/venues/rules_text.hpp"

namespace margind::test {
namespace {

using mango::from_lots;
using mango::kEnd;

// init, maint, and the end of a liquidation: init's weights at the oracle's price.
core::PerLevel<Rate> levels(const Rate& init, const Rate& maint) {
    core::PerLevel<Rate> rates(init, maint);
    rates[kEnd] = init;
    return rates;
}

class Holder {
  public:
    explicit Holder(const Field& in) : venue_("mango-v4") {
        for (const Field& token : in["tokens"].items()) add_token(token);
        for (const Field& perp : in.items_or_none("perps")) add_perp(perp);
        if (!in.items_or_none("spot_markets").empty()) {
            throw BeyondDaemon("orders between two assets are no input of the engine");
        }
    }

    Money health(MarginLevel level) { return venue_.health(level); }

    // What the engine's rows are worth, each by itself.
    core::GrossValueOf<Extended> gross() {
        core::GrossValueOf<Extended> gross;
        const auto price_of = [&](core::AssetId asset) {
            return widened(venue_.market().assets[asset.index()].price);
        };
        const core::AccountView account = venue_.view();
        for (const core::BalanceRow& row : account.balances) {
            gross.add(venue_.widened(row.amount) * price_of(row.asset));
        }
        for (const auto& [name, settle] : perps_) {
            const core::PositionRow& row = account.positions[venue_.position_row(name)];
            const Quantity size = venue_.widened(name, row.quantity);
            const auto worth = [&](const core::Price& price) {
                return round_down(kPlainContract.value(venue_.widened(name, price), size));
            };
            const Money mark = worth(venue_.market().instruments[row.instrument.index()].mark);
            const UnitPrice price = price_of(venue_.asset(settle));
            gross.add(mark * price);
            gross.add((venue_.widened(row.accrued) - worth(row.entry_price)) * price);
        }
        return gross;
    }

  private:
    // The market's price, and the slow one where the case states it.
    bool quote(const std::string& instrument, const Field& market) {
        venue_.price(instrument, market.price("oracle"));
        const Price stable = market.price("stable", "0");
        if (stable.raw() != 0) venue_.slow_price(instrument, stable);
        return stable.raw() != 0;
    }

    void add_token(const Field& token) {
        for (const char* unused : {"liquidation_fee", "platform_fee"}) token.ignore(unused);
        const std::string spot = venue_.add_instrument({.rules = "", .kind = "spot"});
        Asset row = plain_asset({});
        row.asset_weight =
            levels(token.rate("init_asset_weight"), token.rate("maint_asset_weight"));
        row.liability_weight =
            levels(token.rate("init_liab_weight"), token.rate("maint_liab_weight"));
        Keys keys = asset_keys(venue_, row);
        keys.add("priced_by", spot);
        keys.add_if(quote(spot, token), "slow_price", "true");
        const Money deposits_from = token.money("deposit_scale_start", "0");
        const Money borrows_from = token.money("borrow_scale_start", "0");
        keys.add("concentration", Keys()
                                      .add("deposits_from", venue_.text(deposits_from))
                                      .add("borrows_from", venue_.text(borrows_from)));
        const std::string asset = venue_.add_asset(keys.text());
        names_[token.text("name")] = asset;
        venue_.balance(asset, token.money("balance"));
        venue_.statistic(core::Statistic::total_deposits, asset,
                         token.money("bank_deposits", "0") + token.money("bank_potential", "0"));
        venue_.statistic(core::Statistic::total_borrows, asset, token.money("bank_borrows", "0"));
    }

    void add_perp(const Field& perp) {
        PositionTerms terms;
        terms.orders = core::OrderRule::worst_fill;
        terms.long_rate = levels(kOne - perp.rate("init_base_asset_weight"),
                                 kOne - perp.rate("maint_base_asset_weight"));
        terms.short_rate = levels(perp.rate("init_base_liab_weight") - kOne,
                                  perp.rate("maint_base_liab_weight") - kOne);
        terms.gains.net_of_margin = true;
        terms.gains.weight =
            levels(perp.rate("init_overall_asset_weight"), perp.rate("maint_overall_asset_weight"));
        const std::string settle = settlement(perp["settle"]);
        const Price oracle = perp.price("oracle");
        const bool slow = perp.price("stable", "0").raw() != 0;
        Keys margin = margin_keys(venue_, terms);
        margin.add("slow_price", slow ? "true" : "false");
        const std::string name = venue_.add_instrument(
            {.rules = Keys()
                          .add("settle", settle)
                          .add("tiers", "[{initial_rate: 0, maintenance_rate: 0}]")
                          .add("margin", margin)
                          .text()});
        quote(name, perp);
        const Quantity lot = perp.quantity("lot_size", "1");
        const Quantity size = from_lots(perp["base_lots"], lot);
        const Money cash = perp.money("quote");
        if (size.raw() == 0 && cash.raw() != 0) {
            throw BeyondDaemon("an unsettled gain without a position is no input of the engine");
        }
        venue_.position(name, size, oracle);
        if (size.raw() != 0) {
            // What the position cost is a sum of money here: its gain since now is told apart.
            venue_.accrued(name, cash + round_down(kPlainContract.value(oracle, size)));
            perps_.emplace_back(name, settle);
        }
        if (const auto bids = perp.find("bids_lots"))
            add_order(name, from_lots(*bids, lot), oracle);
        if (const auto asks = perp.find("asks_lots")) {
            add_order(name, -from_lots(*asks, lot), oracle);
        }
    }
    void add_order(const std::string& name, const Quantity& size, const Price& price) {
        if (size.raw() != 0) venue_.order(name, size, price);
    }

    const std::string& settlement(const Field& token) const {
        const auto found = names_.find(token.text());
        if (found == names_.end()) token.fail("names no token of the account");
        return found->second;
    }

    VenueAccount venue_;
    std::map<std::string, std::string> names_;                // of the case's tokens
    std::vector<std::pair<std::string, std::string>> perps_;  // held, and what they settle in
};

}  // namespace

Answers mango_health_production(const Case& one) {
    Holder holder(one.inputs);
    const Money least_equity = Money::from_raw(Extended::scale() / 1'000);
    return {{"init_health", holder.health(MarginLevel::initial)},
            {"maint_health", holder.health(MarginLevel::maintenance)},
            {"liquidation_end_health", holder.health(kEnd)},
            {"leverage", holder.gross().leverage(least_equity)}};
}

}  // namespace margind::test
