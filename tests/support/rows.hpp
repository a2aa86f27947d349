// One account and its market as rows that own what they point to, in numbers of any width: the same
// account for the ledger and for numbers without limits.
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

#include "core/margin/evaluate.hpp"
#include "core/units.hpp"

namespace margind::test {

// Numbers of any size with `kDigits` decimals, and the ledger's rule for rates that grow with size.
// With 8 decimals they round where the ledger rounds, so that any difference is an overflow; with
// 30 they hardly round, so that the difference is the ledger's rounding.
template <int kDigits>
struct Unbounded {
    using Raw = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>,
                                              boost::multiprecision::et_off>;
    using WideRaw = Raw;
    static constexpr int kDecimals = kDigits;
    static const WideRaw& scale() {
        static const WideRaw kScale = boost::multiprecision::pow(WideRaw(10), kDigits);
        return kScale;
    }
    static const Raw& narrow(const WideRaw& value) { return value; }
    inline static const Raw kLargestRate = boost::multiprecision::pow(WideRaw(10), kDigits) * 1'000;
};

template <class N>
struct Rows {
    struct Position {
        bool used = false;
        core::PositionTermsOf<N> terms;
    };
    struct Balance {
        bool used = false;
        core::BalanceTermsOf<N> terms;
        std::vector<core::BalanceTier<N>> haircuts = {};
        std::vector<core::BalanceTier<N>> borrow_rates = {};
    };

    std::vector<core::InstrumentRowOf<N>> instruments;
    std::vector<Position> position_terms;  // by instrument
    std::vector<core::AssetRowOf<N>> assets;
    std::vector<Balance> balance_terms;  // by asset
    std::vector<core::BalanceRowOf<N>> balances;
    std::vector<core::PositionRowOf<N>> positions;
    std::vector<core::OrderRowOf<N>> orders;
    std::vector<core::SpotOrderRowOf<N>> spot_orders;
    bool has_account_terms = false;
    core::AccountTermsOf<N> account_terms;

    // Rows point to the terms. Call after the vectors are filled, and after a copy.
    void link() {
        for (std::size_t i = 0; i < instruments.size(); ++i) {
            instruments[i].terms = position_terms[i].used ? &position_terms[i].terms : nullptr;
        }
        for (std::size_t a = 0; a < assets.size(); ++a) {
            Balance& balance = balance_terms[a];
            balance.terms.haircuts = balance.haircuts;
            balance.terms.borrow_rates = balance.borrow_rates;
            assets[a].terms = balance.used ? &balance.terms : nullptr;
        }
    }
    core::MarketViewOf<N> market() const { return {instruments, assets}; }
    core::AccountViewOf<N> account() const {
        return {.balances = balances,
                .positions = positions,
                .orders = orders,
                .spot_orders = spot_orders,
                .terms = has_account_terms ? &account_terms : nullptr};
    }
    core::LevelFiguresOf<N> figures(core::MarginLevel level) const {
        return core::evaluate_level<N>(account(), market(), level);
    }
};

// The ledger's rows in N, number by number: amounts and rates get N's decimals; prices and
// quantities stay counts of ticks and steps, so the contract's factor takes the decimals.
template <class N>
class Widening {
  public:
    static Rows<N> of(const Rows<core::Ledger>& from) {
        Rows<N> to;
        for (const auto& row : from.instruments) to.instruments.push_back(of(row));
        for (const auto& [used, terms] : from.position_terms) {
            to.position_terms.push_back({used, of(terms)});
        }
        for (const auto& row : from.assets) to.assets.push_back(of(row));
        for (const auto& balance : from.balance_terms) to.balance_terms.push_back(of(balance));
        for (const auto& row : from.balances) to.balances.push_back({row.asset, of(row.amount)});
        for (const auto& row : from.positions) to.positions.push_back(of(row));
        for (const auto& row : from.orders) {
            to.orders.push_back({row.position, of(row.size), of(row.price), row.count});
        }
        for (const auto& row : from.spot_orders) to.spot_orders.push_back(of(row));
        to.has_account_terms = from.has_account_terms;
        to.account_terms.least_rate = of(from.account_terms.least_rate);
        to.account_terms.high_leverage = from.account_terms.high_leverage;
        to.account_terms.buffer = of(from.account_terms.buffer);
        if (from.account_terms.keeper) to.account_terms.keeper = of(*from.account_terms.keeper);
        to.link();
        return to;
    }

  private:
    using Raw = typename N::Raw;

    static Raw finer() { return N::scale() / core::kScale; }

    template <class Tag>
    static core::Scaled<Tag, N> of(const core::Scaled<Tag>& amount) {
        constexpr bool kCount =
            std::is_same_v<Tag, core::PriceTag> || std::is_same_v<Tag, core::QuantityTag>;
        return core::Scaled<Tag, N>::from_raw(Raw(amount.raw()) * (kCount ? Raw(1) : finer()));
    }
    static core::ValueOf<N> of(const core::Value& value) {
        const auto high = static_cast<std::int64_t>(value.raw() >> 62);
        const auto low = static_cast<std::int64_t>(value.raw() & ((core::Int128{1} << 62) - 1));
        return core::ValueOf<N>::from_raw(((Raw(high) << 62) + low) * finer() * finer());
    }
    template <class T>
    static auto of(const core::PerLevel<T>& values) {
        core::PerLevel<decltype(of(values[core::MarginLevel::initial]))> out;
        for (const core::MarginLevel level : core::kAllMarginLevels) out[level] = of(values[level]);
        return out;
    }

    static core::InstrumentRowOf<N> of(const core::InstrumentRow& row) {
        core::InstrumentRowOf<N> out;
        out.mark = of(row.mark);
        out.scale =
            core::ContractScaleOf<N>::from_factor(Raw(row.scale.factor()) * finer() * finer());
        out.tier_count = row.tier_count;
        for (std::uint32_t t = 0; t < row.tier_count; ++t) {
            out.tiers[t] = {of(row.tiers[t].notional_up_to), of(row.tiers[t].rate)};
        }
        return out;
    }
    static core::SizeFactor<N> of(const core::SizeFactor<core::Ledger>& rule) {
        return {of(rule.factor), of(rule.premium_base), of(rule.discount_base)};
    }
    static core::KeeperRule<N> of(const core::KeeperRule<core::Ledger>& from) {
        core::KeeperRule<N> to{of(from.flag_cost), of(from.liquidate_cost), {}};
        to.reward.least = of(from.reward.least);
        to.reward.profit_share = of(from.reward.profit_share);
        if (from.reward.collateral_share) {
            to.reward.collateral_share = of(*from.reward.collateral_share);
        }
        if (from.reward.most) to.reward.most = of(*from.reward.most);
        return to;
    }
    static core::PositionTermsOf<N> of(const core::PositionTerms& from) {
        core::PositionTermsOf<N> to;
        to.payoff = from.payoff;
        to.payoff_cap = of(from.payoff_cap);
        to.unit = of(from.unit);
        to.margin_price = from.margin_price;
        to.long_price = of(from.long_price);
        to.short_price = of(from.short_price);
        to.long_rate = of(from.long_rate);
        to.short_rate = of(from.short_rate);
        to.slippage = {of(from.slippage.linear), of(from.slippage.quadratic)};
        to.slope = {of(from.slope.fraction), of(from.slope.scale)};
        to.slope_share = of(from.slope_share);
        to.premium = of(from.premium);
        to.reduced_rate = of(from.reduced_rate);
        to.maintenance_of_initial = {of(from.maintenance_of_initial.initial_rate),
                                     of(from.maintenance_of_initial.fraction)};
        to.minimum = of(from.minimum);
        to.order_charge = of(from.order_charge);
        to.charge_per_unit = of(from.charge_per_unit);
        to.flag_reward = of(from.flag_reward);
        to.orders = from.orders;
        to.in_auction = from.in_auction;
        to.auction_price = of(from.auction_price);
        to.gains.apart = from.gains.apart;
        to.gains.weight = of(from.gains.weight);
        to.gains.cap = of(from.gains.cap);
        to.gains.discount = of(from.gains.discount);
        to.gains.net_of_margin = from.gains.net_of_margin;
        to.rounding = {of(from.rounding.notional_step), of(from.rounding.requirement_step)};
        return to;
    }
    static core::AssetRowOf<N> of(const core::AssetRow& row) {
        core::AssetRowOf<N> out;
        out.price = of(row.price);
        out.asset_weight = of(row.asset_weight);
        out.liability_weight = of(row.liability_weight);
        return out;
    }
    static std::vector<core::BalanceTier<N>> of(
        const std::vector<core::BalanceTier<core::Ledger>>& tiers) {
        std::vector<core::BalanceTier<N>> out;
        for (const auto& tier : tiers) out.push_back({of(tier.value_up_to), of(tier.rate)});
        return out;
    }
    static typename Rows<N>::Balance of(const Rows<core::Ledger>::Balance& from) {
        typename Rows<N>::Balance to;
        to.used = from.used;
        to.terms.asset_price = of(from.terms.asset_price);
        to.terms.liability_price = of(from.terms.liability_price);
        to.terms.asset_discount = of(from.terms.asset_discount);
        to.terms.liability_premium = of(from.terms.liability_premium);
        const core::AmountDiscount<core::Ledger>& discount = from.terms.amount_discount;
        to.terms.amount_discount = {of(discount.scale), of(discount.slope), of(discount.lower),
                                    of(discount.upper)};
        to.terms.debt_is_requirement = from.terms.debt_is_requirement;
        to.terms.order_charge = of(from.terms.order_charge);
        to.haircuts = of(from.haircuts);
        to.borrow_rates = of(from.borrow_rates);
        return to;
    }
    static core::PositionRowOf<N> of(const core::PositionRow& row) {
        core::PositionRowOf<N> out;
        out.instrument = row.instrument;
        out.balance = row.balance;
        out.quantity = of(row.quantity);
        out.entry_price = of(row.entry_price);
        out.accrued = of(row.accrued);
        out.least_initial_rate = of(row.least_initial_rate);
        return out;
    }
    static core::SpotOrderRowOf<N> of(const core::SpotOrderRow& row) {
        core::SpotOrderRowOf<N> out;
        out.base = row.base;
        out.quote = row.quote;
        out.base_reserved = of(row.base_reserved);
        out.quote_reserved = of(row.quote_reserved);
        out.lowest_ask = of(row.lowest_ask);
        out.highest_bid_inverse = of(row.highest_bid_inverse);
        out.bids = of(row.bids);
        out.asks = of(row.asks);
        out.count = row.count;
        return out;
    }
};

}  // namespace margind::test
