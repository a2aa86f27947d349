#include "core/margin/evaluate.hpp"

#include <algorithm>
#include <array>

#include "core/limits.hpp"

namespace margind::core {
namespace {

struct Requirement {
    WeightedValue initial;
    WeightedValue maintenance;

    void add(Value part, const TierRow& tier) noexcept {
        initial += part * tier.initial_rate;
        maintenance += part * tier.maintenance_rate;
    }
};

// notional * rate, tier by tier: the part of the notional inside a tier needs that tier's rates.
void add_requirement(Value notional, const InstrumentRow& instrument,
                     Requirement& requirement) noexcept {
    const TierRow* tier = instrument.tiers.data();
    const TierRow* const last = tier + instrument.tier_count - 1;
    Value from;
    for (; tier != last && notional > tier->notional_up_to; ++tier) {
        requirement.add(tier->notional_up_to - from, *tier);
        from = tier->notional_up_to;
    }
    requirement.add(notional - from, *tier);
}

}  // namespace

Evaluation evaluate(const AccountView& account, const MarketView& market) noexcept {
    // Per balance row, in its asset. Left uninitialised but for what is used: most accounts have
    // one or two balances, and this is the innermost loop.
    std::array<Int128, kMaxBalancesPerAccount> gains;
    std::fill_n(gains.begin(), std::max<std::size_t>(account.balances.size(), 1), 0);
    Requirement requirement;
    for (const PositionRow& position : account.positions) {
        const InstrumentRow& instrument = market.instruments[position.instrument.index()];
        gains[position.balance] +=
            instrument.scale.gain(position.entry_price, instrument.mark, position.quantity).raw();
        add_requirement(magnitude(instrument.scale.value(instrument.mark, position.quantity)),
                        instrument, requirement);
    }
    WeightedValue equity;
    for (std::size_t b = 0; b < account.balances.size(); ++b) {
        const BalanceRow& balance = account.balances[b];
        const AssetRow& asset = market.assets[balance.asset.index()];
        const Money amount = balance.amount + round_down(Value::from_raw(gains[b]));
        const Rate weight = amount.raw() < 0 ? asset.liability_weight : asset.asset_weight;
        equity += amount * asset.price * weight;
    }
    return {round_down(equity), round_up(requirement.initial), round_up(requirement.maintenance)};
}

bool priced(const AccountView& account, const MarketView& market) noexcept {
    return std::all_of(account.positions.begin(), account.positions.end(),
                       [&](const PositionRow& p) {
                           return market.instruments[p.instrument.index()].mark.raw() > 0;
                       }) &&
           std::all_of(account.balances.begin(), account.balances.end(), [&](const BalanceRow& b) {
               return market.assets[b.asset.index()].price.raw() > 0;
           });
}

HealthFactor health_factor(const Evaluation& evaluation) noexcept {
    const std::int64_t requirement = evaluation.maintenance_margin.raw();
    if (requirement <= 0) return {};
    const Int128 ratio = div_floor(Int128{evaluation.equity.raw()} * kScale, requirement);
    return {std::min(saturate_to_int64(ratio), HealthFactor::kInfinite - 1)};
}

Money shortfall(const Evaluation& evaluation) noexcept {
    return std::max(Money{}, evaluation.initial_margin - evaluation.equity);
}

}  // namespace margind::core
