// Random markets and accounts over every rule of core/margin, within what the engine admits: for
// properties that must hold for all of them. The same seed gives the same book on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "core/margin/evaluate.hpp"
#include "core/parameters.hpp"
#include "tests/support/book.hpp"
#include "tests/support/rows.hpp"

namespace margind::test {

// What a random book may use.
struct RuleChoice {
    bool terms = true;            // any rule at all beside tiers, haircuts, liability weights
    bool rates_by_size = true;    // slope, slippage, premium, reduced rates
    bool weights_by_size = true;  // discounts and premiums by size, of balances and gains
    bool amount_discount = true;
    bool inverse = true;
    bool rounding = true;        // the venue's own steps
    bool net_of_margin = true;   // requirements taken off gains
    bool apart = true;           // gains apart from the settlement asset's balance
    bool odd_settlement = true;  // gains finer than 1e-8; settled in what is not at par
    bool orders = true;
    bool spot_orders = true;
    bool account_terms = true;
    bool keeper_reward = true;
    bool liquidation_rules =
        false;                 // fees that grow, insurance by what is left, capacities, a ramp
    bool levels_apart = true;  // prices of levels that are not the mark
    core::Int128 exposure_max = core::kMaxExposure;
    bool at_maximum = false;  // every size as large as it may be
};

// Parameters are filled as far as a liquidation plan reads them.
struct RandomBook : Rows<core::Ledger> {
    core::RiskParameters parameters;
};

class BookMaker {
  public:
    BookMaker(Random& random, const RuleChoice& choice) : random_(random), choice_(choice) {}

    RandomBook make() {
        const std::size_t assets = 1 + random_.below(4);
        const std::size_t positions = random_.below(5);
        // The account's exposure in equal shares: balances, positions and, beside each, orders.
        const core::Int128 shares =
            static_cast<core::Int128>(assets + assets + positions * (2 + kOrdersMost));
        share_ = (choice_.at_maximum ? choice_.exposure_max : spread_wide(choice_.exposure_max)) /
                 shares;
        for (std::size_t a = 0; a < assets; ++a) add_asset(a);
        for (std::uint32_t p = 0; p < positions; ++p) add_position(p);
        if (choice_.terms && choice_.spot_orders && assets > 1 && maybe(0.3)) add_spot_orders();
        if (choice_.terms && choice_.account_terms && maybe(0.4)) add_account_terms();
        if (choice_.liquidation_rules) add_liquidation_rules();
        book_.link();
        return std::move(book_);
    }

  private:
    static constexpr std::size_t kOrdersMost = 3;
    static constexpr std::int64_t kSizeMax = std::int64_t{1} << 58;
    static constexpr std::array<std::int64_t, 17> powers() {
        std::array<std::int64_t, 17> out{1};
        for (std::size_t i = 1; i < out.size(); ++i) out[i] = out[i - 1] * 10;
        return out;
    }

    bool maybe(double probability) { return random_.chance(probability); }
    std::int64_t within(std::int64_t low, std::int64_t high) {
        if (high <= low) return low;
        return low +
               static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low) + 1));
    }
    // Every magnitude from 1 to `high` alike.
    std::int64_t spread(std::int64_t high) {
        if (high <= 1) return 1;
        const int bits = static_cast<int>(random_.below(static_cast<std::uint64_t>(
                             std::bit_width(static_cast<std::uint64_t>(high))))) +
                         1;
        return std::min(high, within(1, (std::int64_t{1} << std::min(bits, 62)) - 1));
    }
    core::Int128 spread_wide(core::Int128 high) {
        return std::max<core::Int128>(high >> random_.below(80), 1);
    }
    // Of a size that may be at most `high`; zero where nothing may.
    std::int64_t size_below(core::Int128 high) {
        if (high < 1) return 0;
        const auto most = static_cast<std::int64_t>(std::min<core::Int128>(high, kSizeMax));
        return choice_.at_maximum ? most : spread(most);
    }
    core::Rate rate_to(std::int64_t highest) {
        return core::Rate::from_raw(choice_.at_maximum && maybe(0.5) ? highest
                                                                     : within(0, highest));
    }
    core::PerLevel<core::Rate> rates_to(std::int64_t highest) {
        core::PerLevel<core::Rate> out;
        for (const core::MarginLevel level : core::kAllMarginLevels) out[level] = rate_to(highest);
        return out;
    }
    core::SizeFactor<core::Ledger> size_factor() {
        return {.factor = core::Rate::from_raw(spread(20 * core::kScale)),
                .premium_base = core::Rate::from_raw(within(1, core::kScale * 9 / 10)),
                .discount_base = core::Rate::from_raw(within(1, 2 * core::kScale))};
    }
    core::Int128 unit_of(std::size_t asset) const {
        return std::max<core::Int128>(price_max_[asset], core::kScale);
    }

    void add_asset(std::size_t a) {
        core::AssetRow& row = book_.assets.emplace_back();
        const bool at_par = a == 0 || maybe(0.2);
        row.price =
            core::UnitPrice::from_raw(at_par ? core::kScale : spread(std::int64_t{1} << 44));
        price_max_.push_back(at_par ? core::kScale : row.price.raw() * within(1, 4));
        for (const core::MarginLevel level : core::kAllMarginLevels) {
            row.asset_weight[level] = rate_to(core::kScale);
            row.liability_weight[level] = core::Rate::from_raw(within(1, 10) * core::kScale);
        }
        book_.balance_terms.emplace_back();
        if (choice_.terms && maybe(0.6)) add_balance_terms(a);
        core::BalanceRow balance{core::AssetId(static_cast<std::uint32_t>(a)), {}};
        const std::int64_t amount = size_below(share_ / price_max_[a]);
        balance.amount = core::Money::from_raw(maybe(0.4) ? -amount : amount);
        book_.balances.push_back(balance);

        core::Asset& asset = book_.parameters.assets.emplace_back();
        asset.name = "A" + std::to_string(a);
        asset.liquidation.bonus = core::Rate::from_raw(within(0, core::kScale / 5));
    }

    void add_balance_terms(std::size_t a) {
        Rows<core::Ledger>::Balance& out = book_.balance_terms[a];
        out.used = true;
        const std::int64_t price = book_.assets[a].price.raw();
        if (choice_.levels_apart && maybe(0.5)) {
            for (const core::MarginLevel level : core::kAllMarginLevels) {
                out.terms.asset_price[level] =
                    core::UnitPrice::from_raw(within(std::max<std::int64_t>(price / 2, 1), price));
                out.terms.liability_price[level] =
                    core::UnitPrice::from_raw(within(price, price_max_[a]));
            }
        }
        if (choice_.weights_by_size && maybe(0.3)) out.terms.asset_discount = size_factor();
        if (choice_.weights_by_size && maybe(0.3)) out.terms.liability_premium = size_factor();
        if (choice_.amount_discount && maybe(0.2)) {
            out.terms.amount_discount.scale = core::Money::from_raw(spread(kSizeMax));
            out.terms.amount_discount.slope = rate_to(10 * core::kScale);
            out.terms.amount_discount.upper = rate_to(core::kScale);
            out.terms.amount_discount.lower = rate_to(out.terms.amount_discount.upper.raw());
        }
        if (maybe(0.3)) out.haircuts = balance_tiers(core::kScale);
        if (maybe(0.3)) out.borrow_rates = balance_tiers(2 * core::kScale);
        out.terms.debt_is_requirement = maybe(0.3);
        out.terms.order_charge = core::Money::from_raw(within(0, 10 * core::kScale));
    }

    std::vector<core::BalanceTier<core::Ledger>> balance_tiers(std::int64_t highest) {
        std::vector<core::BalanceTier<core::Ledger>> tiers(1 + random_.below(3));
        core::Int128 end = 0;
        for (auto& tier : tiers) {
            end += spread_wide(core::kMaxExposure / 8);
            tier.value_up_to = core::Value::from_raw(end);
            tier.rate = rates_to(highest);
        }
        return tiers;
    }

    std::uint32_t settlement(bool inverse) {
        const auto assets = static_cast<std::uint32_t>(book_.assets.size());
        if (!choice_.odd_settlement) return 0;
        if (!inverse) return static_cast<std::uint32_t>(random_.below(assets));
        return assets == 1 ? 0 : 1 + static_cast<std::uint32_t>(random_.below(assets - 1));
    }

    void add_position(std::uint32_t p) {
        core::InstrumentRow& row = book_.instruments.emplace_back();
        book_.position_terms.emplace_back();
        core::Instrument& instrument = book_.parameters.instruments.emplace_back();
        const bool with_terms = choice_.terms && maybe(0.8);
        const bool inverse = with_terms && choice_.inverse && maybe(0.25);
        const std::uint32_t settle = settlement(inverse);
        const int quantity_decimals = static_cast<int>(random_.below(inverse ? 3 : 9));
        const int price_decimals = static_cast<int>(random_.below(
            inverse                  ? 3
            : choice_.odd_settlement ? 8
                                     : 9 - static_cast<std::uint64_t>(quantity_decimals)));
        constexpr auto kPowers = powers();
        row.scale = core::ContractScale::from_factor(
            inverse ? kPowers[16] * kPowers[static_cast<std::size_t>(price_decimals)] /
                          kPowers[static_cast<std::size_t>(quantity_decimals)]
                    : kPowers[static_cast<std::size_t>(16 - price_decimals - quantity_decimals)]);
        row.mark = core::Price::from_raw(
            inverse ? inverse_mark(settle, kPowers[static_cast<std::size_t>(price_decimals)])
                    : spread(std::int64_t{1} << 40));
        const std::int64_t price_max = row.mark.raw() * within(1, 4);
        add_tiers(row);

        instrument.name = "I" + std::to_string(p);
        instrument.quote = core::AssetId(0);
        instrument.settle = core::AssetId(settle);
        instrument.scale = row.scale;
        instrument.price_max = core::Price::from_raw(price_max);
        instrument.lot = core::Quantity::from_raw(1);
        instrument.liquidation_fee = core::Rate::from_raw(within(0, core::kScale / 100));

        if (with_terms) {
            add_position_terms(p, inverse, price_max,
                               kPowers[static_cast<std::size_t>(quantity_decimals)]);
        }
        add_position_row(p, settle, inverse, price_max);
    }

    // The contract's price agrees with the settlement asset's.
    std::int64_t inverse_mark(std::uint32_t settle, std::int64_t ticks) {
        const core::Int128 fair =
            core::Int128{book_.assets[settle].price.raw()} * ticks / core::kScale;
        return std::max<std::int64_t>(
            1, static_cast<std::int64_t>(std::min<core::Int128>(fair, std::int64_t{1} << 50)));
    }

    void add_tiers(core::InstrumentRow& row) {
        row.tier_count = 1 + static_cast<std::uint32_t>(random_.below(4));
        core::Int128 end = 0;
        for (std::uint32_t t = 0; t < row.tier_count; ++t) {
            end += spread_wide(core::kMaxExposure / 8);
            row.tiers[t].notional_up_to = core::Value::from_raw(end);
            row.tiers[t].rate = rates_to(2 * core::kScale);
        }
    }

    void add_position_terms(std::uint32_t p, bool inverse, std::int64_t price_max,
                            std::int64_t unit) {
        Rows<core::Ledger>::Position& out = book_.position_terms[p];
        out.used = true;
        core::PositionTerms& terms = out.terms;
        const std::int64_t mark = book_.instruments[p].mark.raw();
        terms.unit = core::Quantity::from_raw(unit);
        if (inverse) {
            terms.payoff = core::Payoff::inverse;
        } else if (maybe(0.15)) {
            terms.payoff = core::Payoff::capped;
            terms.payoff_cap = core::Price::from_raw(price_max);
        }
        if (maybe(0.2)) terms.margin_price = core::MarginPrice::entry;
        if (choice_.levels_apart && maybe(0.4)) {
            for (const core::MarginLevel level : core::kAllMarginLevels) {
                terms.long_price[level] =
                    core::Price::from_raw(within(std::max<std::int64_t>(mark / 2, 1), mark));
                terms.short_price[level] = core::Price::from_raw(within(mark, price_max));
            }
        }
        if (maybe(0.3)) terms.long_rate = rates_to(10 * core::kScale);
        if (maybe(0.3)) terms.short_rate = rates_to(10 * core::kScale);
        if (choice_.rates_by_size) add_rates_by_size(terms);
        if (maybe(0.2)) {
            terms.maintenance_of_initial = {rate_to(2 * core::kScale),
                                            core::Rate::from_raw(within(1, core::kScale))};
        }
        if (maybe(0.3)) terms.minimum = core::Money::from_raw(spread(1'000'000 * core::kScale));
        if (maybe(0.3)) terms.order_charge = core::Money::from_raw(within(0, 10 * core::kScale));
        if (maybe(0.2)) add_charge(terms, p, unit, price_max);
        if (choice_.keeper_reward && maybe(0.5)) terms.flag_reward = rate_to(core::kScale / 5);
        if (choice_.orders) {
            for (const core::MarginLevel level : core::kAllMarginLevels) {
                terms.orders[level] = static_cast<core::OrderRule>(random_.below(4));
            }
            terms.in_auction = maybe(0.3);
            terms.auction_price = core::Price::from_raw(within(1, price_max));
        }
        add_gain_rule(terms.gains);
        if (choice_.rounding && maybe(0.3)) {
            terms.rounding.notional_step = core::Money::from_raw(within(0, 1'000));
            terms.rounding.requirement_step = core::Money::from_raw(spread(core::kScale));
        }
    }

    void add_rates_by_size(core::PositionTerms& terms) {
        if (maybe(0.3)) {
            terms.slippage = {rate_to(core::Ledger::kLargestRate),
                              core::Rate::from_raw(spread(core::Ledger::kLargestRate))};
        }
        if (maybe(0.3)) {
            terms.slope = {core::Rate::from_raw(spread(10 * core::kScale)),
                           core::Quantity::from_raw(spread(kSizeMax))};
            terms.slope_share = rates_to(core::kScale);
        }
        if (maybe(0.3)) terms.premium = size_factor();
        if (maybe(0.2)) terms.reduced_rate = rates_to(2 * core::kScale);
    }

    // At most what one unit is worth.
    void add_charge(core::PositionTerms& terms, std::uint32_t p, std::int64_t unit,
                    std::int64_t price_max) {
        if (terms.payoff == core::Payoff::inverse) return;
        const core::Int128 worth = core::Int128{unit} * price_max;
        const std::int64_t factor = book_.instruments[p].scale.factor();
        const core::Int128 most = worth / core::kScale * factor;
        const std::int64_t charge = size_below(std::min<core::Int128>(most, kSizeMax));
        terms.charge_per_unit = core::Money::from_raw(maybe(0.5) ? charge : -charge);
    }

    void add_gain_rule(core::GainRule<core::Ledger>& gains) {
        if (choice_.apart && maybe(0.3)) {
            gains.apart = true;
            if (maybe(0.3)) gains.cap = core::Money::from_raw(spread(kSizeMax));
            if (choice_.weights_by_size && maybe(0.3)) gains.discount = size_factor();
        } else if (choice_.net_of_margin && maybe(0.2)) {
            gains.net_of_margin = true;
        } else {
            return;
        }
        gains.weight = rates_to(core::kScale);
    }

    void add_position_row(std::uint32_t p, std::uint32_t settle, bool inverse,
                          std::int64_t price_max) {
        const core::InstrumentRow& row = book_.instruments[p];
        core::Int128 share = share_;
        // What a requirement takes off a gain stays in the amount of the settlement asset, which
        // must hold 1,000 times the notional then.
        if (book_.position_terms[p].terms.gains.net_of_margin) share /= 2'000;
        const core::Int128 each =
            inverse ? core::Int128{row.scale.factor()}
                    : (core::Int128{row.scale.factor()} * price_max / core::kScale + 1) *
                          unit_of(settle);
        const auto size = [&] {
            const std::int64_t raw = size_below(share / each);
            return core::Quantity::from_raw(maybe(0.5) ? -raw : raw);
        };
        core::PositionRow position;
        position.instrument = core::InstrumentId(p);
        position.balance = settle;
        position.quantity = size();
        position.entry_price =
            core::Price::from_raw(within(std::max<std::int64_t>(row.mark.raw() / 4, 1), price_max));
        const std::int64_t accrued =
            maybe(0.3) ? size_below(share / unit_of(settle)) : std::int64_t{0};
        position.accrued = core::Money::from_raw(maybe(0.5) ? -accrued : accrued);
        if (maybe(0.2)) position.least_initial_rate = rate_to(core::kScale);
        book_.positions.push_back(position);
        if (!choice_.orders || !book_.position_terms[p].used) return;
        for (std::uint64_t o = random_.below(kOrdersMost + 1); o > 0; --o) {
            core::OrderRow order;
            order.position = p;
            order.size = size();
            order.price = core::Price::from_raw(within(1, price_max));
            order.count = 1 + static_cast<std::uint32_t>(random_.below(3));
            if (order.size.raw() != 0) book_.orders.push_back(order);
        }
    }

    // Amounts of each balance's second share, and such that what they may be exchanged into fits.
    void add_spot_orders() {
        core::SpotOrderRow order;
        order.base = static_cast<std::uint32_t>(random_.below(book_.assets.size()));
        order.quote = static_cast<std::uint32_t>((order.base + 1) % book_.assets.size());
        const core::Int128 base = price_max_[order.base];
        const core::Int128 quote = price_max_[order.quote];
        const auto amount = [&](core::Int128 own, core::Int128 other) {
            const core::Int128 exchanged = core::Int128{kSizeMax} * other / own / 32;
            return core::Money::from_raw(size_below(std::min(share_ / own, exchanged)));
        };
        if (maybe(0.5)) {
            order.base_reserved = amount(base, quote);
            order.quote_reserved = amount(quote, base);
            if (maybe(0.5)) order.lowest_ask = core::UnitPrice::from_raw(spread(core::kScale));
            if (maybe(0.5)) {
                order.highest_bid_inverse = core::UnitPrice::from_raw(spread(core::kScale));
            }
        } else {
            order.bids = amount(base, quote);
            order.asks = amount(base, quote);
        }
        order.count = static_cast<std::uint32_t>(random_.below(4));
        book_.spot_orders.push_back(order);
    }

    void add_account_terms() {
        book_.has_account_terms = true;
        core::AccountTerms& terms = book_.account_terms;
        if (maybe(0.5)) terms.least_rate = rates_to(core::kScale * 9 / 10);
        terms.high_leverage = maybe(0.5);
        if (maybe(0.5)) terms.buffer = rates_to(core::kScale / 10);
        if (choice_.keeper_reward && maybe(0.5)) terms.keeper = keeper_rule();
    }

    void add_liquidation_rules() {
        for (std::size_t p = 0; p < book_.positions.size(); ++p) {
            core::Instrument& instrument = book_.parameters.instruments[p];
            instrument.insurance_fee = rate_to(core::kScale / 50);
            if (maybe(0.5)) instrument.insurance_share = rate_to(core::kScale);
            if (maybe(0.5)) {
                instrument.fee_growth = {.max = core::Rate::from_raw(core::kScale / 50),
                                         .grace = core::Duration::from_seconds(within(0, 40)),
                                         .increase_per_second = rate_to(core::kScale / 2'000)};
            }
            if (maybe(0.2)) {
                instrument.liquidation_capacity = {
                    .maker_fee = rate_to(core::kScale / 100),
                    .taker_fee = rate_to(core::kScale / 100),
                    .skew_scale = core::Quantity::from_raw(spread(kSizeMax)),
                    .multiplier = core::kRateOne,
                    .window = core::Duration::from_seconds(30)};
            }
        }
        if (!maybe(0.6)) return;
        book_.parameters.liquidation_ramp =
            core::LiquidationRamp<core::Ledger>{.initial_share = rate_to(core::kScale / 2),
                                                .duration = core::Duration::from_seconds(100).ns(),
                                                .at_once_below = core::Money::from_raw(0)};
    }

    core::KeeperRule<core::Ledger> keeper_rule() {
        const auto amount = [&] { return core::Money::from_raw(spread(1'000'000 * core::kScale)); };
        core::KeeperRule<core::Ledger> rule{amount(), amount(), {amount(), rate_to(core::kScale)}};
        if (maybe(0.5)) rule.reward.collateral_share = rate_to(1'000 * core::kScale);
        if (maybe(0.5)) rule.reward.most = amount();
        return rule;
    }

    Random& random_;
    RuleChoice choice_;
    RandomBook book_;
    core::Int128 share_ = 0;
    std::vector<std::int64_t> price_max_;  // of the assets
};

inline RandomBook random_book(Random& random, const RuleChoice& choice = {}) {
    return BookMaker(random, choice).make();
}

}  // namespace margind::test
