// An account as it would be after some of a plan's steps.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/limits.hpp"
#include "core/margin/evaluate.hpp"
#include "core/margin/lending.hpp"
#include "core/margin/liquidation_fee.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"

namespace margind::core {

// A copy of the rows of an account, its orders cancelled; lives on the stack. Keeps references to
// the market and the parameters.
class Hypothetical {
  public:
    // `in_liquidation`: for how long the account has been liquidated.
    Hypothetical(const AccountView& account, const MarketView& market,
                 const RiskParameters& parameters, Duration in_liquidation = {}) noexcept
        : market_(market),
          parameters_(parameters),
          in_liquidation_(in_liquidation),
          terms_(account.terms),
          balance_count_(account.balances.size()),
          position_count_(account.positions.size()) {
        std::copy(account.balances.begin(), account.balances.end(), balances_.begin());
        std::copy(account.positions.begin(), account.positions.end(), positions_.begin());
    }

    std::size_t position_count() const noexcept { return position_count_; }
    std::size_t balance_count() const noexcept { return balance_count_; }
    const PositionRow& position(std::size_t p) const noexcept { return positions_[p]; }
    PositionRow& position(std::size_t p) noexcept { return positions_[p]; }
    const BalanceRow& balance(std::size_t b) const noexcept { return balances_[b]; }
    const Instrument& instrument(std::size_t p) const noexcept {
        return parameters_.instruments[positions_[p].instrument.index()];
    }
    const Asset& asset(std::size_t b) const noexcept {
        return parameters_.assets[balances_[b].asset.index()];
    }
    UnitPrice price(std::size_t b) const noexcept {
        return market_.assets[balances_[b].asset.index()].price;
    }
    AccountView view() const noexcept {
        return {.balances = {balances_.data(), balance_count_},
                .positions = {positions_.data(), position_count_},
                .terms = terms_};
    }
    Evaluation evaluation() const noexcept { return evaluate(view(), market_); }

    // The liquidator's fee by now, and the insurance fund's.
    Rate liquidation_fee(std::size_t p) const noexcept {
        constexpr std::int64_t kSecond = 1'000'000'000;
        const FeeGrowth& growth = instrument(p).fee_growth;
        const Rate base = instrument(p).liquidation_fee;
        if (growth.increase_per_second.raw() == 0) return base;
        return fee_after<Ledger>({.base = base,
                                  .max = growth.max,
                                  .grace = growth.grace.ns() / kSecond,
                                  .increase = growth.increase_per_second},
                                 in_liquidation_.ns() / kSecond);
    }
    Rate insurance_fee(std::size_t p) const noexcept {
        const Rate share = instrument(p).insurance_share;
        return share.raw() == 0 ? instrument(p).insurance_fee : insurance_fee_left(p, share);
    }

    // What trading `quantity` of position p at the mark is a fee of, rounded up.
    Money fee(std::size_t p, Quantity quantity, Rate rate) const noexcept {
        return round_up(notional(p, quantity) * rate);
    }
    Value notional(std::size_t p, Quantity quantity) const noexcept {
        const InstrumentRow& row = row_of(p);
        return margin_detail::notional_of(row, terms_of(row), row.mark, magnitude(quantity));
    }
    // Gain of `quantity` (signed like the position) between its entry and `price`.
    Value gain(std::size_t p, Quantity quantity, Price price) const noexcept {
        const InstrumentRow& row = row_of(p);
        return margin_detail::gain_of(row, terms_of(row), positions_[p].entry_price, price,
                                      quantity);
    }
    // What position p needs by itself, in its settlement asset.
    WeightedValue requirement(std::size_t p, MarginLevel level) const noexcept {
        return position_figures(view(), static_cast<std::uint32_t>(p), row_of(p), level)
            .requirement;
    }
    const InstrumentRow& row_of(std::size_t p) const noexcept {
        return market_.instruments[positions_[p].instrument.index()];
    }

    // Closes `quantity` (a magnitude) of position p at the mark: gain, unsettled gain if nothing is
    // left, and fees go to the balance.
    void close(std::size_t p, Quantity quantity) noexcept {
        PositionRow& row = positions_[p];
        const Quantity closed = row.quantity.raw() < 0 ? -quantity : quantity;
        BalanceRow& settled = balances_[row.balance];
        settled.amount = settled.amount + round_down(gain(p, closed, row_of(p).mark)) -
                         fee(p, quantity, liquidation_fee(p)) - fee(p, quantity, insurance_fee(p));
        row.quantity = row.quantity - closed;
        if (row.quantity.raw() != 0) return;
        settled.amount = settled.amount + row.accrued;
        row.accrued = {};
    }

    // The debt in b repaid by `amount`, with as much of the collateral in c as that is worth.
    LendingLiquidation<Ledger> swap(std::size_t c, std::size_t b, Money amount) const noexcept {
        return seize<Ledger>({balances_[c].amount, price(c)}, {-balances_[b].amount, price(b)},
                             amount, asset(c).liquidation);
    }
    void repay(std::size_t c, std::size_t b, Money amount) noexcept {
        const LendingLiquidation<Ledger> done = swap(c, b, amount);
        balances_[c].amount = balances_[c].amount - done.seized;
        balances_[b].amount = balances_[b].amount + done.cover;
    }

    // Equity above target * margin, at 1e-16; not negative: the liquidation may end.
    Int128 room() const noexcept {
        LevelSet levels;
        levels.add(parameters_.ladder.target_of);
        const LevelFigures figures =
            evaluate(view(), market_, levels).at(parameters_.ladder.target_of);
        return figures.equity.wide() * kScale -
               parameters_.ladder.liquidation_target.wide() * figures.margin.raw();
    }

    static const PositionTerms& terms_of(const InstrumentRow& row) noexcept {
        static constexpr PositionTerms kPlain{};
        return row.terms == nullptr ? kPlain : *row.terms;
    }

    // What is missing to the end of the liquidation.
    Money shortage() const noexcept {
        return Money::from_raw(saturate_to_int64(div_ceil(std::max<Int128>(-room(), 0), kScale)));
    }

  private:
    // Of the whole position, before anything of it is closed.
    Rate insurance_fee_left(std::size_t p, Rate share) const noexcept {
        const MarginLevel level = parameters_.ladder.target_of;
        const Value worth = notional(p, positions_[p].quantity);
        if (worth.raw() == 0) return {};
        const Int128 own = div_floor<Int128>(requirement(p, level).raw(), worth.raw());
        const Rate buffer = terms_ == nullptr ? Rate{} : terms_->buffer[level];
        const Rate asked = at_most_largest(Rate::from_raw(saturate_to_int64(own))) + buffer;
        const UnitPrice price =
            market_.assets[balances_[positions_[p].balance].asset.index()].price;
        const Money in_asset = round_down(worth);
        return perpetual_insurance_fee<Ledger>(
            {.margin_ratio = product(asked, parameters_.ladder.liquidation_target, Rounding::down),
             .liquidator_fee = liquidation_fee(p),
             .max_fee = instrument(p).insurance_fee,
             .cut = share},
            shortage(), in_asset * price);
    }

    MarketView market_;
    const RiskParameters& parameters_;
    Duration in_liquidation_;
    const AccountTerms* terms_;
    std::array<BalanceRow, kMaxBalancesPerAccount> balances_;
    std::array<PositionRow, kMaxPositionsPerAccount> positions_;
    std::size_t balance_count_;
    std::size_t position_count_;
};

}  // namespace margind::core
