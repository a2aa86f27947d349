#include "daemon/view/event_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

// The word for each kind in the second column.
std::string heading(std::string_view type) {
    if (type == "threshold_changed") return "THRESHOLD";
    if (type == "price_state") return "PRICE";
    if (type == "feed_state") return "FEED";
    if (type == "daemon_state") return "DAEMON";
    if (type == "parameters_changed") return "PARAMETERS";
    if (type == "audit_failed") return "AUDIT";
    std::string word(type);
    std::transform(word.begin(), word.end(), word.begin(), [](char c) {
        return c == '_' ? ' ' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
    return printable(word);
}

std::string account_name(Json event) {
    std::string name(text_of(event["account"]));
    if (const std::string_view sub = text_of(event["sub_account"]); !sub.empty()) {
        name += "/" + std::string(sub);
    }
    return printable(name);
}

// A venue's name for what it quotes; long ones, such as the oracle's 64 hex digits, abbreviated.
std::string symbol_text(std::string_view symbol) {
    constexpr std::size_t kShown = 12;
    if (symbol.size() <= kShown) return std::string(symbol);
    return fmt::format("..{}", symbol.substr(symbol.size() - kShown + 2));
}

std::string cause_text(const simdjson::simdjson_result<Json>& cause) {
    const std::string_view kind = text_of(cause["kind"]);
    const std::string_view instrument = text_of(cause["instrument"]);
    std::string text;
    if (!instrument.empty()) {
        text = fmt::format("{} {}", instrument, price_text(text_of(cause["mark"])));
    }
    if (kind != "price") text += fmt::format("{}({})", text.empty() ? "" : " ", kind);
    if (const std::string_view feed = text_of(cause["source"]["feed"]); !feed.empty()) {
        text += fmt::format(" <- {} {}", feed, symbol_text(text_of(cause["source"]["symbol"])));
    }
    return printable(text);
}

std::string plan_text(Json event) {
    std::string text;
    for_each(event["plan"], [&](Json step) {
        const char* const comma = text.empty() ? "" : ", ";
        if (text_of(step["action"]) == "repay") {
            text += fmt::format("{}repay {} {} with {} {}", comma, text_of(step["amount"]),
                                text_of(step["asset"]), text_of(step["seized"]),
                                text_of(step["collateral"]));
        } else {
            text += fmt::format("{}{} {} {}", comma, text_of(step["side"]),
                                text_of(step["quantity"]), text_of(step["instrument"]));
        }
    });
    if (text.empty()) return text;
    return printable("  plan: " + text + (flag_of(event["plan_complete"]) ? "" : " and more"));
}

void add_account(LineBuilder& line, Json event) {
    const std::string_view health = text_of(event["health_factor"]);
    line.cell(account_name(event), 18);
    line.add("health ").cell(health.empty() ? "none" : shortened(health, 3), 6, Align::right);
    line.add("equity ").cell(shortened(text_of(event["equity"]), 2), 14, Align::right);
    line.add("short ").cell(shortened(text_of(event["shortfall"]), 2), 13, Align::right);
    if (text_of(event["type"]) == "recovered") {
        const std::string_view to = text_of(event["to"]);
        line.add("to ").add(to, ink_of(to)).add("  ");
    }
    line.add(cause_text(event["cause"]));
    if (const auto deadline = integer_of(event["deadline_time"]); deadline != 0) {
        line.add("  due by " + time_of_day(deadline));
    }
    line.add(plan_text(event), Ink::dim);
}

void add_audit(LineBuilder& line, Json event) {
    line.cell(account_name(event), 18);
    line.add("failed: ").add(text_of(event["check"]), Ink::red);
    line.add(fmt::format("; stood in {}, due {}; equity {}, maintenance {}",
                         text_of(event["state"]), text_of(event["due"]),
                         shortened(text_of(event["equity"]), 2),
                         shortened(text_of(event["maintenance_margin"]), 2)));
}

void add_threshold(LineBuilder& line, Json event) {
    line.cell(printable(text_of(event["instrument"])), 18);
    line.cell(text_of(event["level"]), 11);
    line.add(fmt::format("{} -> {}  {}  sigma {}", percent(text_of(event["from"]), 3),
                         percent(text_of(event["to"]), 3), text_of(event["binding"]),
                         percent(number_of(event["sigma_annual"]), 0)));
}

void add_price_state(LineBuilder& line, Json event) {
    line.cell(printable(text_of(event["instrument"])), 18);
    line.add(text_of(event["from"]))
        .add(" -> ")
        .add(text_of(event["to"]), ink_of(text_of(event["to"])));
    line.add(fmt::format(" ({}; {} of {} sources)  mark {}", text_of(event["reason"]),
                         count_of(event["live_sources"]), count_of(event["quorum"]),
                         price_text(text_of(event["mark"]))));
}

void add_clock(LineBuilder& line, Json event) {
    for_each_member(event["accounts"], [&](std::string_view state, const auto& accounts) {
        line.add(fmt::format("{} {}  ", state, grouped(count_of(accounts))));
    });
}

void add_transition(LineBuilder& line, Json event) {
    const std::string_view to = text_of(event["to"]);
    line.add(text_of(event["from"])).add(" -> ").add(to, ink_of(to));
    if (const std::string_view reason = text_of(event["reason"]); !reason.empty()) {
        line.add(fmt::format(" ({})", reason));
    }
}

}  // namespace

std::string event_text(Json event, std::size_t width, Colour colour) {
    const std::string_view type = text_of(event["type"]);
    LineBuilder line(width, colour);
    line.cell(time_of_day_ms(integer_of(event["engine_time"])), 12, Align::left, Ink::dim);
    line.cell(heading(type), 11, Align::left, ink_of(type));
    if (type == "audit_failed") {
        add_audit(line, event);
    } else if (!text_of(event["account"]).empty()) {
        add_account(line, event);
    } else if (type == "threshold_changed") {
        add_threshold(line, event);
    } else if (type == "price_state") {
        add_price_state(line, event);
    } else if (type == "clock") {
        add_clock(line, event);
    } else if (type == "parameters_changed") {
        line.add(fmt::format("version {}, {} changed", count_of(event["parameter_version"]),
                             count_of(event["changes"])));
    } else {
        if (type == "feed_state") line.cell(printable(text_of(event["feed"])), 18);
        add_transition(line, event);
    }
    return line.str();
}

Ink ink_of(std::string_view word) {
    static constexpr std::array<std::pair<std::string_view, Ink>, 21> kInks{{
        {"healthy", Ink::green},      {"recovered", Ink::green},        {"live", Ink::green},
        {"good", Ink::green},         {"warning", Ink::yellow},         {"suspect", Ink::yellow},
        {"connecting", Ink::yellow},  {"warming", Ink::yellow},         {"degraded", Ink::yellow},
        {"margin_call", Ink::orange}, {"silent", Ink::orange},          {"liquidation", Ink::red},
        {"bankrupt", Ink::red},       {"bankruptcy", Ink::red},         {"frozen", Ink::red},
        {"down", Ink::red},           {"threshold_changed", Ink::cyan}, {"price_state", Ink::cyan},
        {"feed_state", Ink::cyan},    {"draining", Ink::yellow},        {"audit_failed", Ink::red},
    }};
    for (const auto& [known, ink] : kInks) {
        if (known == word) return ink;
    }
    return Ink::plain;
}

}  // namespace margind::daemon
