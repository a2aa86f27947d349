#include "daemon/explain/item_text.hpp"

namespace margind::daemon {
namespace {

// What the account holds of the asset, with the gains of the positions that settle in it.
void explain_amount(const Subject& subject, const LevelSeen& seen, std::uint32_t b,
                    Columns& columns) {
    const core::BalanceRow& row = subject.account.balances[b];
    const std::string& unit = subject.asset_name(row.asset);
    columns.term("held", exact(row.amount), unit);
    core::Value exactly = core::value_of(row.amount);
    for (std::uint32_t p = 0; p < seen.positions.size(); ++p) {
        const core::PositionRow& position = subject.account.positions[p];
        const core::Value& gain = seen.positions[p].settled;
        if (position.balance != b || gain.raw() == 0) continue;
        columns.term("gain of " + subject.instrument(position.instrument).name, exact(gain), unit);
        exactly += gain;
    }
    const core::Money amount = seen.balances[b].figures.amount;
    const core::Value rounding = core::value_of(amount) - exactly;
    if (rounding.raw() != 0) columns.term("rounding", exact(rounding), unit, "down");
    columns.sum("amount", exact(amount), unit);
}

}  // namespace

void explain_balance(const Subject& subject, const LevelSeen& seen, std::uint32_t b,
                     Columns& columns) {
    const core::AssetId asset = subject.account.balances[b].asset;
    const core::BalanceFigures<core::Ledger>& figures = seen.balances[b].figures;
    const std::string& currency = subject.parameters.valuation_currency;
    columns.heading("balance " + subject.asset_name(asset));
    explain_amount(subject, seen, b, columns);
    columns.figure("price", exact(figures.price), currency,
                   why_balance_price(subject, asset, figures.price));
    columns.figure("value", exact(figures.value), currency,
                   exact(figures.amount) + " x " + exact(figures.price));
    columns.figure("weight", exact(figures.weight), "",
                   why_weight(subject, asset, figures, seen.level));
    if (figures.required.raw() != 0) {
        columns.figure("required", exact(figures.required), currency, "a debt");
    }
    columns.figure("counts towards equity", exact(figures.equity), currency);
}

}  // namespace margind::daemon
