// dYdX v4: markets and accounts as a case gives them. Money counts quote quantums and quantities
// base quantums, each as 1 unit, so that prices are quote quantums for a base quantum.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/margin/evaluate.hpp"
#include "core/margin/funding_index.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/open_interest_scaling.hpp"
#include "core/margin/risk_order.hpp"
#include "core/margin/takeover_price.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/case.hpp"

namespace margind::test::dydx {

using core::Rounding;
using AccountRisk = core::AccountRisk<Extended>;
using FundingIndex = core::FundingIndexOf<Extended>;

inline const Money kQuantum = Money::from_raw(Extended::scale());
inline const Integer kPpm = Extended::scale() / 1'000'000;  // raws in a millionth
inline const Rate kPpmStep = Rate::from_raw(kPpm);

// Funding indices count millionths of a quote quantum for a base quantum.
inline const core::ContractScaleOf<Extended> kIndexContract =
    core::ContractScaleOf<Extended>::from_factor(kPpm);

Rate ppm(const Field& field, std::string_view name);
FundingIndex index(const Field& field, std::string_view name);
// number * 10^exponent as a price; refused if that has more than 30 decimals.
Price scaled(const Field& field, std::string_view number, std::int64_t exponent);
Price price_of_quantum(const Field& market);

// What a quantity is worth, cut as the venue cuts it; signed.
template <class N>
core::MoneyOf<N> notional(const core::ContractScaleOf<N>& contract, const core::PriceOf<N>& price,
                          const core::QuantityOf<N>& size, const core::MoneyOf<N>& quantum) {
    const core::MoneyOf<N> value =
        core::round(contract.value(price, core::magnitude(size)), Rounding::down, quantum);
    return size.raw() < 0 ? -value : value;
}

// A market as the evaluation sees it, and what of its rules the market stage works out.
struct Market {
    core::PositionTermsOf<Extended> terms;
    core::InstrumentRowOf<Extended> row;  // its terms: the caller's affair
    core::OpenInterestScaling<Extended> scaling;
    Money open_interest;
    FundingIndex funding;
    Rate initial_floor;
    Quantity step;
    std::optional<std::int64_t> quantum_conversion_exponent;
};
Market market_of(const Field& field, const Price& price);

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

    std::uint32_t add_market(const std::string& name, const Field& field, const Price& price);
    // `field` may name where the position's funding was settled and a floor of its initial rate.
    void add_position(std::uint32_t market, const Quantity& size, const Field& field,
                      const Rate& floor);
    core::LevelFiguresOf<Extended> evaluate(MarginLevel level) const;
    AccountRisk risk() const;
};
Account account_of(const Case& test);
// A notional is a position of one unit at that price.
Account account_of_notional(const Case& test);
Account account_of_position(const Case& test);

// The account of a case and what it holds in the market that the case names.
struct Closing {
    Account account;
    std::uint32_t market;
    Quantity position;

    const Market& at() const { return account.markets[market]; }
};
Closing closing_of(const Case& test);

core::FillablePrice<Extended> fillable_rule(const Field& params);
core::LiquidationLimits<Extended> limits_of(const Field& params);
// The change that a case's fill makes, and the quote paid for a base quantum.
Quantity filled(const Field& inputs);
Price fill_price(const Case& test, const Closing& closing);
// [net collateral, maintenance margin]
AccountRisk risk_of(const Field& pair);

// One position by itself.
template <class N>
core::PositionStake<N> stake(const core::InstrumentRowOf<N>& row, const core::QuantityOf<N>& size) {
    const core::PositionRowOf<N> position{.instrument = core::InstrumentId(0),
                                          .balance = 0,
                                          .quantity = size,
                                          .entry_price = core::PriceOf<N>()};
    const auto figures = core::position_figures<N>({.balances = {}, .positions = {&position, 1}}, 0,
                                                   row, MarginLevel::maintenance);
    return {.notional = core::round_down(figures.gain),
            .maintenance = core::round_up(figures.requirement)};
}

// A position of an account that is being closed, in either kind of numbers.
template <class N>
struct ClosingRisk {
    core::AccountRisk<N> account;
    core::InstrumentRowOf<N> row;
    core::QuantityOf<N> position;
    core::MoneyOf<N> quantum;

    // Nothing if the trade does not make the position smaller, or no margin would be released.
    bool possible(const core::QuantityOf<N>& change) const {
        return core::reduces(position, change) && account.maintenance.raw() != 0;
    }
    std::optional<core::MoneyOf<N>> bankruptcy_proceeds(const core::QuantityOf<N>& change) const {
        if (!possible(change)) return {};
        return core::bankruptcy_proceeds(account, stake(row, position),
                                         stake(row, position + change), quantum);
    }
    std::optional<core::PriceOf<N>> fillable_price(const core::FillablePrice<N>& rule,
                                                   const core::QuantityOf<N>& change) const {
        if (!possible(change)) return {};
        return core::price_bringing(core::fillable_value(rule, account, stake(row, position)),
                                    position, row.scale, Rounding::down);
    }
    std::optional<core::MoneyOf<N>> insurance_change(const core::PriceOf<N>& price,
                                                     const core::QuantityOf<N>& change,
                                                     const core::RateOf<N>& max_fee) const {
        const auto bankruptcy = bankruptcy_proceeds(change);
        if (!bankruptcy) return {};
        return core::insurance_change(-notional(row.scale, price, change, quantum), *bankruptcy,
                                      max_fee, quantum);
    }
};

}  // namespace margind::test::dydx
