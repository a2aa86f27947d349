// An account and the market it stands in, built row by row for core's evaluation, and the figures
// of one level with what they are made of.
#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/limits.hpp"
#include "core/margin/evaluate.hpp"
#include "tests/venues/case.hpp"

namespace margind::test {

using core::MarginLevel;
using Value = core::ValueOf<Extended>;
using WeightedValue = core::WeightedValueOf<Extended>;
using Instrument = core::InstrumentRowOf<Extended>;
using Asset = core::AssetRowOf<Extended>;
using PositionTerms = core::PositionTermsOf<Extended>;
using BalanceTerms = core::BalanceTermsOf<Extended>;

inline const Rate kOne = core::rate_one<Extended>();
inline const UnitPrice kPar = UnitPrice::from_raw(Extended::scale());
inline const Money kOneMoney = Money::from_raw(Extended::scale());
inline const Quantity kOneUnit = Quantity::from_raw(Extended::scale());

// An asset that counts in full, owned and owed.
inline Asset plain_asset(const UnitPrice& price) {
    Asset row;
    row.price = price;
    row.asset_weight = kOne;
    row.liability_weight = kOne;
    return row;
}

// A linear instrument with one tier, of prices and quantities with 30 decimals.
inline Instrument plain_instrument(const Price& mark, const core::PerLevel<Rate>& rate = {}) {
    Instrument row;
    row.mark = mark;
    row.scale = kPlainContract;
    row.tier_count = 1;
    row.tiers[0].rate = rate;
    return row;
}

// Adds up what an evaluation is made of.
struct Observed : core::NoObserver<Extended> {
    std::vector<core::PositionFigures<Extended>> positions;
    std::vector<core::BalanceFigures<Extended>> balances;

    void position(std::uint32_t, const core::PositionFigures<Extended>& figures) {
        positions.push_back(figures);
    }
    void balance(std::uint32_t, const core::BalanceFigures<Extended>& figures) {
        balances.push_back(figures);
    }

    // Values without weights: of what is owned, and of what is owed (positive).
    Value owned() const {
        Value sum;
        for (const auto& one : balances) sum += one.value.raw() > 0 ? one.value : Value{};
        return sum;
    }
    Value owed() const {
        Value sum;
        for (const auto& one : balances) sum += one.value.raw() < 0 ? -one.value : Value{};
        return sum;
    }
};

struct Figures : core::LevelFiguresOf<Extended>, Observed {};

class Account {
  public:
    core::AccountTermsOf<Extended> terms;  // used if use_terms

    // Each returns the index of the new row.
    std::uint32_t add_asset(const Asset& row) { return append(assets_, row); }
    std::uint32_t add_asset(Asset row, const BalanceTerms& rules) {
        row.terms = &balance_terms_.emplace_back(rules);
        return append(assets_, row);
    }
    std::uint32_t add_instrument(const Instrument& row) { return append(instruments_, row); }
    std::uint32_t add_instrument(Instrument row, const PositionTerms& rules) {
        row.terms = &position_terms_.emplace_back(rules);
        return append(instruments_, row);
    }
    std::uint32_t add_balance(std::uint32_t asset, const Money& amount) {
        check(balances_.size(), core::kMaxBalancesPerAccount, "balances");
        return append(balances_, {core::AssetId(asset), amount});
    }
    // `balance`: the row that the position is settled in.
    std::uint32_t add_position(std::uint32_t instrument, std::uint32_t balance,
                               const Quantity& quantity, const Price& entry) {
        check(positions_.size(), core::kMaxPositionsPerAccount, "positions");
        core::PositionRowOf<Extended> row;
        row.instrument = core::InstrumentId(instrument);
        row.balance = balance;
        row.quantity = quantity;
        row.entry_price = entry;
        return append(positions_, row);
    }
    void add_order(const core::OrderRowOf<Extended>& order) { orders_.push_back(order); }
    void add_spot_order(const core::SpotOrderRowOf<Extended>& order) {
        spot_orders_.push_back(order);
    }
    core::PositionRowOf<Extended>& position(std::uint32_t row) { return positions_[row]; }
    core::BalanceRowOf<Extended>& balance(std::uint32_t row) { return balances_[row]; }
    void each_asset(const auto& change) {
        for (Asset& row : assets_) change(row);
    }
    void each_instrument(const auto& change) {
        for (Instrument& row : instruments_) change(row);
    }
    void use_terms() { with_terms_ = true; }

    core::AccountViewOf<Extended> view() const {
        return {.balances = balances_,
                .positions = positions_,
                .orders = orders_,
                .spot_orders = spot_orders_,
                .terms = with_terms_ ? &terms : nullptr};
    }
    core::MarketViewOf<Extended> market() const { return {instruments_, assets_}; }

    Figures at(MarginLevel level) const {
        Observed observed;
        const auto figures = core::evaluate_level(view(), market(), level, observed);
        return {figures, std::move(observed)};
    }

  private:
    template <class Row>
    static std::uint32_t append(std::vector<Row>& rows, const Row& row) {
        rows.push_back(row);
        return static_cast<std::uint32_t>(rows.size() - 1);
    }
    static void check(std::size_t count, std::size_t most, const char* what) {
        if (count >= most) {
            throw std::runtime_error("more than " + std::to_string(most) + ' ' + what);
        }
    }

    std::vector<Instrument> instruments_;
    std::vector<Asset> assets_;
    std::vector<core::BalanceRowOf<Extended>> balances_;
    std::vector<core::PositionRowOf<Extended>> positions_;
    std::vector<core::OrderRowOf<Extended>> orders_;
    std::vector<core::SpotOrderRowOf<Extended>> spot_orders_;
    std::deque<BalanceTerms> balance_terms_;  // addresses stay
    std::deque<PositionTerms> position_terms_;
    bool with_terms_ = false;
};

}  // namespace margind::test
