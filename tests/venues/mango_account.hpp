// An account of Mango v4 as a reference case gives it, turned into rows and rules for core: tokens
// are balances, perpetuals positions that count net of their margin.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/margin/concentration.hpp"
#include "core/margin/evaluate.hpp"
#include "core/margin/gross_leverage.hpp"
#include "core/margin/sided_prices.hpp"
#include "core/margin/weighted_balance.hpp"
#include "tests/venues/case.hpp"

namespace margind::test::mango {

using core::MarginLevel;

// Mango's kinds of health as levels: init, maint, and liquidation_end as the level where a
// liquidation closes out.
inline constexpr MarginLevel kEnd = MarginLevel::close_out;

// Sizes are counted in lots; the formulas take base units.
inline Quantity from_lots(const Field& lots, const Quantity& lot_size) {
    return Quantity::from_raw(lots.integer() * lot_size.raw());
}

// An account with its market: tokens, each a balance; perpetuals, each a position; resting orders.
class Account {
  public:
    explicit Account(const Field& in) {
        const std::vector<Field> tokens = in["tokens"].items();
        const std::vector<Field> perps = in.items_or_none("perps");
        assets_.resize(tokens.size());
        balance_terms_.resize(tokens.size());
        instruments_.resize(perps.size());
        position_terms_.resize(perps.size());
        if (tokens.size() > core::kMaxBalancesPerAccount) {
            in.fail("has more tokens than an account may hold");
        }
        for (const Field& token : tokens) {
            add_token(token);
        }
        for (const Field& perp : perps) {
            add_perp(perp);
        }
        for (const Field& market : in.items_or_none("spot_markets")) {
            add_spot_market(market);
        }
    }
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    core::LevelFiguresOf<Extended> at(MarginLevel level) const {
        return evaluate_level(view(), market(), level);
    }
    Money health(MarginLevel level) const {
        const auto figures = at(level);
        return figures.equity - figures.margin;
    }
    // A token's balance together with the perpetuals settled in it.
    Money with_contracts(std::uint32_t token, MarginLevel level) const {
        struct Observer : core::NoObserver<Extended> {
            std::uint32_t wanted = 0;
            Money amount;
            void balance(std::uint32_t b, const core::BalanceFigures<Extended>& figures) {
                if (b == wanted) {
                    amount = figures.amount;
                }
            }
        } observer;
        observer.wanted = token;
        evaluate_level(view(), market(), level, observer);
        return observer.amount;
    }
    // A perpetual's cash and weighted value.
    Money risk_pnl(std::uint32_t perp, MarginLevel level) const {
        const auto figures = position_figures(view(), perp, instruments_[perp], level);
        return round_down(figures.gain * core::rate_one<Extended>() - figures.requirement);
    }
    // The account as if its losing perpetuals were not there.
    void forgive_losses(MarginLevel level) {
        for (std::uint32_t p = 0; p < positions_.size(); ++p) {
            if (risk_pnl(p, level).raw() < 0) {
                positions_[p].quantity = {};
                positions_[p].accrued = {};
                std::erase_if(orders_, [p](const auto& order) { return order.position == p; });
            }
        }
    }

    std::uint32_t token(const Field& name) const {
        const auto found = std::ranges::find(names_, name.text());
        if (found == names_.end()) {
            name.fail("names no token of the account");
        }
        return static_cast<std::uint32_t>(found - names_.begin());
    }
    // What was deposited or borrowed, without what lies free in a market of resting orders.
    Money& balance(std::uint32_t token) { return deposits_[token]; }
    void set_balance(std::uint32_t token, const Money& amount) {
        balances_[token].amount = balances_[token].amount - deposits_[token] + amount;
        deposits_[token] = amount;
    }
    core::PositionRowOf<Extended>& perp(std::uint32_t index) { return positions_[index]; }
    std::size_t perps() const { return positions_.size(); }
    const Quantity& lot_size(std::uint32_t perp) const { return lot_sizes_[perp]; }

    const core::AssetRowOf<Extended>& asset(std::uint32_t token) const { return assets_[token]; }
    const Rate& liquidation_fees(std::uint32_t token) const { return fees_[token]; }
    core::SidedWeights<Extended> weights(std::uint32_t token, MarginLevel level) const {
        const auto& terms = balance_terms_[token];
        return {terms.asset_price[level], assets_[token].asset_weight[level],
                terms.liability_price[level], assets_[token].liability_weight[level]};
    }
    const core::PositionTermsOf<Extended>& terms(std::uint32_t perp) const {
        return position_terms_[perp];
    }
    const Price& mark(std::uint32_t perp) const { return instruments_[perp].mark; }

    core::GrossValueOf<Extended> gross() const {
        core::GrossValueOf<Extended> gross;
        for (const auto& balance : balances_) {
            gross.add(balance.amount * price_of(balance.asset.index()));
        }
        for (const auto& order : spot_orders_) {
            gross.add(order.base_reserved * price_of(order.base));
            gross.add(order.quote_reserved * price_of(order.quote));
        }
        for (std::uint32_t p = 0; p < positions_.size(); ++p) {
            const auto value = kPlainContract.value(mark(p), positions_[p].quantity);
            gross.add(round_down(value) * price_of(positions_[p].balance));
            gross.add(positions_[p].accrued * price_of(positions_[p].balance));
        }
        return gross;
    }

  private:
    core::AccountViewOf<Extended> view() const {
        return {.balances = balances_,
                .positions = positions_,
                .orders = orders_,
                .spot_orders = spot_orders_};
    }
    core::MarketViewOf<Extended> market() const { return {instruments_, assets_}; }
    const UnitPrice& price_of(std::uint32_t token) const { return assets_[token].price; }

    void add_token(const Field& token) {
        const auto index = static_cast<std::uint32_t>(names_.size());
        auto& row = assets_[index];
        auto& terms = balance_terms_[index];
        row.price = token.unit_price("oracle");
        row.terms = &terms;
        const auto guarded = core::against_account(row.price, token.unit_price("stable", "0"));
        terms.asset_price = {row.price};
        terms.liability_price = {row.price};
        terms.asset_price[MarginLevel::initial] = guarded.owned;
        terms.liability_price[MarginLevel::initial] = guarded.owed;

        const Rate asset_weight = token.rate("init_asset_weight");
        const Rate liability_weight = token.rate("init_liab_weight");
        row.asset_weight = {asset_weight, token.rate("maint_asset_weight")};
        row.liability_weight = {liability_weight, token.rate("maint_liab_weight")};
        row.asset_weight[kEnd] = asset_weight;
        row.liability_weight[kEnd] = liability_weight;
        row.asset_weight[MarginLevel::initial] = concentrated_asset_weight(
            asset_weight, token.money("bank_deposits", "0") + token.money("bank_potential", "0"),
            guarded.owed, token.money("deposit_scale_start", "0"));
        row.liability_weight[MarginLevel::initial] =
            concentrated_liability_weight(liability_weight, token.money("bank_borrows", "0"),
                                          guarded.owed, token.money("borrow_scale_start", "0"));

        names_.push_back(token.text("name"));
        deposits_.push_back(token.money("balance"));
        balances_.push_back({core::AssetId(index), deposits_.back()});
        fees_.push_back(token.rate("liquidation_fee", "0") + token.rate("platform_fee", "0"));
    }

    void add_perp(const Field& perp) {
        const auto index = static_cast<std::uint32_t>(positions_.size());
        auto& row = instruments_[index];
        auto& terms = position_terms_[index];
        row.mark = perp.price("oracle");
        row.scale = kPlainContract;
        row.tier_count = 1;
        row.terms = &terms;
        const auto guarded = core::against_account(row.mark, perp.price("stable", "0"));
        terms.long_price[MarginLevel::initial] = guarded.owned;
        terms.short_price[MarginLevel::initial] = guarded.owed;

        const Rate one = core::rate_one<Extended>();
        const Rate long_rate = one - perp.rate("init_base_asset_weight");
        const Rate short_rate = perp.rate("init_base_liab_weight") - one;
        terms.long_rate = {long_rate, one - perp.rate("maint_base_asset_weight")};
        terms.short_rate = {short_rate, perp.rate("maint_base_liab_weight") - one};
        terms.long_rate[kEnd] = long_rate;
        terms.short_rate[kEnd] = short_rate;
        terms.gains.net_of_margin = true;
        terms.gains.weight = {perp.rate("init_overall_asset_weight"),
                              perp.rate("maint_overall_asset_weight")};
        terms.gains.weight[kEnd] = terms.gains.weight[MarginLevel::initial];
        terms.orders = core::OrderRule::worst_fill;

        const Quantity lot_size = perp.quantity("lot_size", "1");
        lot_sizes_.push_back(lot_size);
        positions_.push_back({.instrument = core::InstrumentId(index),
                              .balance = token(perp["settle"]),
                              .quantity = from_lots(perp["base_lots"], lot_size),
                              .entry_price = {},
                              .accrued = perp.money("quote")});
        if (const auto bids = perp.find("bids_lots")) {
            orders_.push_back({.position = index, .size = from_lots(*bids, lot_size), .price = {}});
        }
        if (const auto asks = perp.find("asks_lots")) {
            orders_.push_back(
                {.position = index, .size = -from_lots(*asks, lot_size), .price = {}});
        }
    }

    void add_spot_market(const Field& market) {
        core::SpotOrderRowOf<Extended> order;
        order.base = token(market["base"]);
        order.quote = token(market["quote"]);
        order.base_reserved = market.money("base_reserved", "0");
        order.quote_reserved = market.money("quote_reserved", "0");
        order.lowest_ask = market.unit_price("lowest_ask", "0");
        order.highest_bid_inverse = market.unit_price("highest_bid_inverse", "0");
        Money& base = balances_[order.base].amount;
        Money& quote = balances_[order.quote].amount;
        base = base + market.money("base_free", "0");
        quote = quote + market.money("quote_free", "0");
        spot_orders_.push_back(order);
    }

    std::vector<core::AssetRowOf<Extended>> assets_;
    std::vector<core::BalanceTermsOf<Extended>> balance_terms_;
    std::vector<core::InstrumentRowOf<Extended>> instruments_;
    std::vector<core::PositionTermsOf<Extended>> position_terms_;

    std::vector<std::string> names_;
    std::vector<Money> deposits_;
    std::vector<Rate> fees_;
    std::vector<Quantity> lot_sizes_;
    std::vector<core::BalanceRowOf<Extended>> balances_;
    std::vector<core::PositionRowOf<Extended>> positions_;
    std::vector<core::OrderRowOf<Extended>> orders_;
    std::vector<core::SpotOrderRowOf<Extended>> spot_orders_;
};

}  // namespace margind::test::mango
