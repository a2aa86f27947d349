// Who pays for a loss when nothing is left to liquidate: first the account's own balance of the
// settlement asset, then the insurance fund, then everybody.
//
//   settled    = min(loss, settle_limit, max_transfer, what the balance can lose until maintenance
//                health - without the losses of contracts - is zero)          rounded down
//   missing    = what the balance must gain for health at the level where a liquidation ends to be
//                zero, at most the loss that is left                          rounded up
//   insurance  = min(missing, max_transfer - settled) price (1 + fee) / insurance price, in whole
//                units rounded up, at most the fund
//   insured    = the part of `missing` which that pays for                    rounded down
//   socialised = missing - insured, once the fund is empty
//
// Settling moves balance to loss one for one and so leaves the ending level's health where it is.
// Source: Mango v4, perp_liq_negative_pnl_or_bankruptcy.
#pragma once

#include "core/margin/weighted_balance.hpp"
#include "core/units.hpp"

namespace margind::core {

template <class N>
struct InsuranceFund {
    MoneyOf<N> amount;     // of the insurance asset
    UnitPriceOf<N> price;  // of it
    MoneyOf<N> unit;       // what it pays in, at least 1 raw
    RateOf<N> fee;         // on top, for whoever carries out the liquidation
};

// One level's view of the settlement asset and of the account.
template <class N>
struct LevelBalance {
    SidedWeights<N> weights;
    MoneyOf<N> balance;  // with contracts
    MoneyOf<N> health;
};

template <class N>
struct UncoveredLoss {
    MoneyOf<N> loss;              // above zero, in the settlement asset
    UnitPriceOf<N> price;         // of the settlement asset
    LevelBalance<N> maintenance;  // without the losses of contracts
    LevelBalance<N> ending;
    MoneyOf<N> settle_limit;
    MoneyOf<N> max_transfer;
};

// In the settlement asset.
template <class N>
struct LossCover {
    MoneyOf<N> settled;
    MoneyOf<N> insured;
    MoneyOf<N> insurance_used;  // of the insurance asset
    MoneyOf<N> socialised;
};

template <class N>
struct InsurancePayment {
    MoneyOf<N> insured;
    MoneyOf<N> used;  // of the insurance asset
};

// What the fund pays towards `wanted` of an asset at `price`.
template <class N>
constexpr InsurancePayment<N> insurance_payment(const InsuranceFund<N>& fund,
                                                const UnitPriceOf<N>& price,
                                                const MoneyOf<N>& wanted) {
    using Wide = typename N::WideRaw;
    const Wide dearer = price.wide() * (rate_one<N>() + fund.fee).wide();
    const Wide cheaper = fund.price.wide() * N::scale();
    const Wide units =
        div_ceil<Wide>(Wide(wanted.wide() * dearer), Wide(cheaper * fund.unit.wide()));
    if (units * fund.unit.wide() <= fund.amount.wide()) {
        return {wanted, MoneyOf<N>::from_raw(N::narrow(units * fund.unit.wide()))};
    }
    const Wide paid = div_floor<Wide>(Wide(fund.amount.wide() * cheaper), dearer);
    return {paid < wanted.wide() ? MoneyOf<N>::from_raw(N::narrow(paid)) : wanted, fund.amount};
}

template <class N>
constexpr LossCover<N> cover_loss(const UncoveredLoss<N>& account, const InsuranceFund<N>& fund) {
    const auto lesser = [](const MoneyOf<N>& a, const MoneyOf<N>& b) { return b < a ? b : a; };
    const auto worth_of = [](const MoneyOf<N>& amount) { return value_of(amount) * rate_one<N>(); };
    const LevelBalance<N>& keep = account.maintenance;
    const LevelBalance<N>& end = account.ending;
    const MoneyOf<N> none;

    LossCover<N> cover;
    const MoneyOf<N> may_settle =
        lesser(account.loss, lesser(account.settle_limit, account.max_transfer));
    if (keep.health > none && may_settle > none) {
        cover.settled =
            amount_to_lose(keep.weights, keep.balance, worth_of(keep.health), may_settle);
    }
    if (end.health >= none) {
        return cover;
    }
    const MoneyOf<N> missing = amount_to_gain(end.weights, end.balance, worth_of(-end.health),
                                              account.loss - cover.settled);
    const MoneyOf<N> wanted = lesser(missing, account.max_transfer - cover.settled);
    const InsurancePayment<N> payment = insurance_payment(fund, account.price, wanted);
    cover.insured = payment.insured;
    cover.insurance_used = payment.used;
    if (cover.insurance_used >= fund.amount) {
        cover.socialised = missing - cover.insured;
    }
    return cover;
}

}  // namespace margind::core
