#include "daemon/commands/account_json.hpp"

#include "daemon/explain/level_seen.hpp"
#include "daemon/explain/liquidation_price.hpp"

namespace margind::daemon {
namespace {

void put_text(TextBuffer& out, std::string_view name, std::int64_t raw, int decimals) {
    fmt::format_to(std::back_inserter(out), "\"{}\":\"", name);
    append_decimal(out, raw, decimals);
    out.push_back('"');
}

void put_money(TextBuffer& out, std::string_view name, core::Money money) {
    put_text(out, name, money.raw(), core::kScaleDecimals);
    out.push_back(',');
}

void put_levels(TextBuffer& out, const core::Evaluation& evaluation) {
    out.append(std::string_view("\"levels\":{"));
    const char* separator = "";
    for (const core::MarginLevel level : core::kAllMarginLevels) {
        const core::LevelFigures figures = evaluation.at(level);
        fmt::format_to(std::back_inserter(out), "{}\"{}\":{{", separator, name_of(level));
        put_money(out, "equity", figures.equity);
        put_text(out, "margin", figures.margin.raw(), core::kScaleDecimals);
        out.push_back('}');
        separator = ",";
    }
    out.append(std::string_view("},"));
}

// By itself, whether it is counted as margin or taken off the position's gain.
core::WeightedValue required(const PositionSeen& position) {
    core::WeightedValue sum;
    for (const TermSeen& term : position.terms) sum += term.amount;
    return sum;
}

}  // namespace

// The account's names need no escaping: FixedText admits no character that would.
void AccountJson::append(core::AccountSlot slot, TextBuffer& out) {
    const core::AccountReport report = engine_.report(slot);
    fmt::format_to(std::back_inserter(out), "{{\"account\":\"{}\",\"sub_account\":\"{}\",",
                   report.key.owner.view(), report.key.sub_account.view());
    put_money(out, "equity", report.evaluation.equity);
    put_money(out, "initial_margin", report.evaluation.initial_margin);
    put_money(out, "maintenance_margin", report.evaluation.maintenance_margin);
    const core::HealthFactor health = core::health_factor(report.evaluation);
    if (health.infinite()) {
        out.append(std::string_view("\"health_factor\":null"));
    } else {
        put_text(out, "health_factor", health.raw, core::kScaleDecimals);
    }
    fmt::format_to(std::back_inserter(out), ",\"state\":\"{}\",", name_of(report.state));
    put_levels(out, report.evaluation);
    append_positions(slot, out);
    out.append(std::string_view("}\n"));
}

// Notional and margin are those of the maintenance level, in the asset the instrument settles in.
void AccountJson::append_positions(core::AccountSlot slot, TextBuffer& out) {
    const core::AccountView account = engine_.view(slot);
    const core::RiskParameters& parameters = engine_.parameters();
    const LevelSeen seen(account, engine_.market().view(), core::MarginLevel::maintenance);
    out.append(std::string_view("\"positions\":["));
    for (std::size_t p = 0; p < account.positions.size(); ++p) {
        const core::PositionRow& row = account.positions[p];
        const core::Instrument& instrument = parameters.instruments[row.instrument.index()];
        if (p > 0) out.push_back(',');
        out.append(std::string_view("{\"instrument\":"));
        append_quoted(out, instrument.name);
        out.push_back(',');
        put_text(out, "quantity", row.quantity.raw(), instrument.quantity_decimals);
        out.append(std::string_view(",\"asset\":"));
        append_quoted(out, parameters.assets[core::settlement_asset(instrument).index()].name);
        out.push_back(',');
        put_money(out, "notional", core::round_up(seen.positions[p].figures.notional));
        put_money(out, "margin", core::round_up(required(seen.positions[p])));
        const auto price = liquidation_price(engine_, account, p, scenario_);
        if (price) {
            put_text(out, "liquidation_price", price->raw(), instrument.price_decimals);
        } else {
            out.append(std::string_view("\"liquidation_price\":null"));
        }
        out.push_back('}');
    }
    out.push_back(']');
}

}  // namespace margind::daemon
