#include "core/margin/evaluate.hpp"

#include <algorithm>

namespace margind::core {

LevelFigures evaluate_level(const AccountView& account, const MarketView& market,
                            MarginLevel level) noexcept {
    return evaluate_level<Ledger>(account, market, level);
}

Evaluation evaluate(const AccountView& account, const MarketView& market,
                    LevelSet levels) noexcept {
    const auto figures = [&](MarginLevel level) {
        return levels.has(level) ? evaluate_level(account, market, level) : LevelFigures{};
    };
    const LevelFigures maintenance = figures(MarginLevel::maintenance);
    const LevelFigures initial = figures(MarginLevel::initial);
    const LevelFigures close_out = figures(MarginLevel::close_out);
    return {.equity = maintenance.equity,
            .initial_margin = initial.margin,
            .maintenance_margin = maintenance.margin,
            .initial_equity = initial.equity,
            .close_out_equity = close_out.equity,
            .close_out_margin = close_out.margin};
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
    const Int128 missing = evaluation.initial_margin.wide() - evaluation.initial_equity.wide();
    return Money::from_raw(std::max<std::int64_t>(0, saturate_to_int64(missing)));
}

}  // namespace margind::core
