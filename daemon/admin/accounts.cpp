// /accounts: answers of the engine's thread about accounts.
#include <fmt/format.h>

#include "daemon/admin/json_writer.hpp"
#include "daemon/admin/pages.hpp"

namespace margind::daemon {
namespace {

void append_report(JsonWriter& json, const core::AccountReport& report) {
    json.text("account", report.key.owner.view());
    if (!report.key.sub_account.empty()) json.text("sub_account", report.key.sub_account.view());
    json.text("state", name_of(report.state));
    json.flag("held", report.held);
    if (report.in_liquidation_since.stated()) {
        json.number("in_liquidation_since_time", report.in_liquidation_since.ns());
    } else {
        json.null("in_liquidation_since_time");
    }
    json.flag("priced", report.priced);
    if (report.priced) {
        const core::HealthFactor health = core::health_factor(report.evaluation);
        json.money("equity", report.evaluation.equity);
        json.money("initial_margin", report.evaluation.initial_margin);
        json.money("maintenance_margin", report.evaluation.maintenance_margin);
        if (health.infinite()) {
            json.null("health_factor");
        } else {
            json.decimal("health_factor", health.raw, core::kScaleDecimals);
        }
        json.money("shortfall", core::shortfall(report.evaluation));
    }
    json.number("as_of_input_seq", report.as_of_input_seq);
    json.number("as_of_time", report.as_of.ns());
}

void append_position(JsonWriter& json, const core::PositionRow& row,
                     const core::RiskParameters& parameters) {
    const core::Instrument& instrument = parameters.instruments[row.instrument.index()];
    json.open_object();
    json.text("instrument", instrument.name);
    json.decimal("quantity", row.quantity.raw(), instrument.quantity_decimals);
    json.price("entry_price", row.entry_price, instrument.price_decimals);
    json.close_object();
}

}  // namespace

Page accounts_page(const AccountQuery& query, core::Timestamp now) {
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("order", "health");
    json.number("limit", query.limit);
    json.number("answered_time", now.ns());
    json.open_array("accounts");
    for (const AccountRow& row : query.worst) {
        json.open_object();
        append_report(json, row.report);
        json.close_object();
    }
    json.close_array();
    json.close_object();
    return {.body = fmt::to_string(out)};
}

Page account_page(const AccountQuery& query, const core::RiskParameters& parameters,
                  core::Timestamp now) {
    if (!query.one.found) {
        return error_page(
            404, fmt::format("no account {}{}{}: nothing has been said about it yet",
                             query.key.owner.view(), query.key.sub_account.empty() ? "" : "/",
                             query.key.sub_account.view()));
    }
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    append_report(json, query.one.report);
    json.number("answered_time", now.ns());
    json.open_array("balances");
    for (const core::BalanceRow& row : query.one.balances) {
        json.open_object();
        json.text("asset", parameters.assets[row.asset.index()].name);
        json.money("amount", row.amount);
        json.close_object();
    }
    json.close_array();
    json.open_array("positions");
    for (const core::PositionRow& row : query.one.positions) {
        append_position(json, row, parameters);
    }
    json.close_array();
    json.close_object();
    return {.body = fmt::to_string(out)};
}

Page error_page(int status, std::string_view message) {
    TextBuffer out;
    JsonWriter json(out);
    json.open_object();
    json.text("error", message);
    json.close_object();
    return {.status = status, .body = fmt::to_string(out)};
}

Page index_page() {
    return {.body =
                "margind " MARGIND_VERSION
                "\n"
                "\n"
                "/metrics                          counters and gauges, Prometheus text format\n"
                "/livez                            200 while the engine reports\n"
                "/readyz                           200 when prices can be trusted, else why not\n"
                "/status                           everything in one JSON document\n"
                "/accounts?order=health&limit=10   accounts nearest to liquidation, 1 to 1000\n"
                "/accounts/OWNER[/SUB_ACCOUNT]     one account with balances and positions\n",
            .content_type = "text/plain; charset=utf-8"};
}

}  // namespace margind::daemon
