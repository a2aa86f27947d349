#include "daemon/ingress/account_lines.hpp"

#include <algorithm>
#include <array>

#include "core/limits.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/account_items.hpp"
#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {
namespace {

namespace json = simdjson::ondemand;

constexpr std::array<std::string_view, 11> kMembers = {
    "account", "sub_account", "mode", "margin_mode", "balances",  "positions",
    "orders",  "transfer",    "t",    "source",      "source_seq"};

bool is_of_sender(std::string_view member) {
    return member == "source" || member == "source_seq";
}

}  // namespace

class AccountLines::Implementation {
  public:
    Implementation(const core::RiskParameters& parameters, Numbered numbered)
        : items_(parameters), numbered_(numbered), line_(kLineBytesMax) {}

    LineProblem parse(std::string_view line, std::vector<core::Input>& records) {
        records.clear();
        update_ = {};
        update_.mode = core::UpdateMode::replace;
        margin_mode_ = MarginMode::not_said;
        time_ = {};
        seen_ = {};
        LineProblem problem = line_.read(line, [&](std::string_view name, json::value value) {
            return read_member(name, value, records);
        });
        if (problem.empty()) {
            problem = said("transfer") ? complete_transfer(records) : complete(records);
        }
        if (!problem.empty()) records.clear();
        return problem;
    }

  private:
    enum class MarginMode : std::uint8_t { not_said, cross, isolated };

    bool said(std::string_view member) const {
        const auto at = std::find(kMembers.begin(), kMembers.end(), member);
        return seen_[static_cast<std::size_t>(at - kMembers.begin())];
    }

    LineProblem read_member(std::string_view name, json::value value,
                            std::vector<core::Input>& records) {
        const auto member = std::find(kMembers.begin(), kMembers.end(), name);
        const bool known =
            member != kMembers.end() && (numbered_ == Numbered::yes || !is_of_sender(name));
        if (!known) {
            return wrong(name,
                         "is not a known member; known: account, sub_account, mode, margin_mode, "
                         "balances, positions, orders, transfer, t" +
                             std::string(numbered_ == Numbered::yes ? ", source, source_seq" : ""));
        }
        bool& seen = seen_[static_cast<std::size_t>(member - kMembers.begin())];
        if (seen) return wrong(name, "is given twice; keep one");
        seen = true;
        if (is_of_sender(name)) return {};
        if (name == "account") return read_key(value, name, update_.key.owner);
        if (name == "sub_account") return read_key(value, name, update_.key.sub_account);
        if (name == "mode") return read_mode(value);
        if (name == "margin_mode") return read_margin_mode(value);
        if (name == "balances") return read_balances(value, records);
        if (name == "transfer") return read_transfer(value, records);
        if (name == "t") return read_time(value);
        return read_list(name, value, records);
    }

    LineProblem read_mode(json::value value) {
        std::string_view text;
        if (LineProblem problem = read_text(value, "mode", text); !problem.empty()) return problem;
        if (text != "replace" && text != "patch") return wrong("mode", "must be replace or patch");
        update_.mode = text == "patch" ? core::UpdateMode::patch : core::UpdateMode::replace;
        return {};
    }

    LineProblem read_margin_mode(json::value value) {
        std::string_view text;
        LineProblem problem = read_text(value, "margin_mode", text);
        if (!problem.empty()) return problem;
        if (text != "cross" && text != "isolated") {
            return wrong("margin_mode", "must be cross or isolated");
        }
        margin_mode_ = text == "cross" ? MarginMode::cross : MarginMode::isolated;
        return {};
    }

    LineProblem read_time(json::value value) {
        std::int64_t ns = 0;
        if (value.get_int64().get(ns) != simdjson::SUCCESS || ns <= 0) {
            return wrong("t", "must be nanoseconds since 1970 UTC, a positive whole number");
        }
        time_ = core::Timestamp::from_ns(ns);
        return {};
    }

    LineProblem read_balances(json::value value, std::vector<core::Input>& records) {
        json::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) {
            return wrong("balances", "must be an object of asset: amount");
        }
        return for_each_member(object, "balances", [&](std::string_view name, json::value amount) {
            return items_.balance(name, amount, records);
        });
    }

    LineProblem read_transfer(json::value value, std::vector<core::Input>& records) {
        json::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS) {
            return wrong("transfer", "must be an object of from, to, asset, amount");
        }
        return items_.transfer(object, records);
    }

    // Positions or orders.
    LineProblem read_list(std::string_view name, json::value value,
                          std::vector<core::Input>& records) {
        json::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS) {
            return wrong(name, "must be a list of " + std::string(name));
        }
        std::size_t index = 0;
        for (auto item : array) {
            const std::string member = std::string(name) + "[" + std::to_string(index++) + "]";
            json::object object;
            if (std::move(item).get_object().get(object) != simdjson::SUCCESS) {
                return wrong(member, "must be an object");
            }
            LineProblem problem = name == "positions" ? items_.position(object, member, records)
                                                      : items_.order(object, member, records);
            if (!problem.empty()) return problem;
        }
        return {};
    }

    // What every record of the update shares is known only at the end of the line.
    LineProblem complete(std::vector<core::Input>& records) {
        if (update_.key.owner.empty()) return wrong("account", "is missing or empty");
        if (LineProblem problem = complete_margin_mode(records); !problem.empty()) return problem;
        if (records.empty()) records.push_back(core::Input::of(core::AccountInput{}));
        if (records.size() > core::kMaxEntriesPerUpdate) {
            return "the line: an update has at most " + std::to_string(core::kMaxEntriesPerUpdate) +
                   " entries; use sub-accounts";
        }
        for (core::Input& input : records) input.account.key = update_.key;
        stamp(records);
        return {};
    }

    LineProblem complete_transfer(std::vector<core::Input>& records) {
        for (const std::string_view member : kMembers) {
            if (member == "transfer" || member == "t" || is_of_sender(member)) continue;
            if (!said(member)) continue;
            return wrong(member, "does not go with a transfer; give it a line of its own");
        }
        stamp(records);
        return {};
    }

    void stamp(std::vector<core::Input>& records) const {
        for (core::Input& input : records) {
            input.exchange_time = time_;
            input.account.mode = update_.mode;
            input.account.last = core::Last::no;
        }
        records.back().account.last = core::Last::yes;
    }

    // An isolated position is a sub-account of its own. A line that replaces an account and does
    // not say isolated makes it an ordinary one anyway.
    LineProblem complete_margin_mode(std::vector<core::Input>& records) const {
        if (margin_mode_ == MarginMode::not_said) return {};
        core::AccountInput mode;
        mode.record = core::AccountRecord::isolated;
        mode.id = core::kCross;
        if (margin_mode_ == MarginMode::cross) {
            if (update_.mode == core::UpdateMode::patch) {
                records.push_back(core::Input::of(mode));
            }
            return {};
        }
        if (update_.key.sub_account.empty()) {
            return wrong("sub_account",
                         "is missing: an isolated position is a sub-account of its own; name one");
        }
        for (const core::Input& input : records) {
            if (input.account.record == core::AccountRecord::balance) continue;
            if (mode.id != core::kCross && mode.id != input.account.id) {
                return wrong("margin_mode",
                             "isolated holds one instrument: give the other a sub-account of its "
                             "own");
            }
            mode.id = input.account.id;
        }
        if (mode.id == core::kCross) {
            return wrong("margin_mode",
                         "isolated in what? give the position (quantity 0 where there is none)");
        }
        records.push_back(core::Input::of(mode));
        return {};
    }

    AccountItems items_;
    const Numbered numbered_;
    JsonLine line_;
    // Of the line being read:
    core::AccountInput update_;
    MarginMode margin_mode_ = MarginMode::not_said;
    core::Timestamp time_;
    std::array<bool, kMembers.size()> seen_{};
};

AccountLines::AccountLines(const core::RiskParameters& parameters, Numbered numbered)
    : implementation_(std::make_unique<Implementation>(parameters, numbered)) {}
AccountLines::~AccountLines() = default;
AccountLines::AccountLines(AccountLines&&) noexcept = default;

std::string AccountLines::parse(std::string_view line, std::vector<core::Input>& records) {
    return implementation_->parse(line, records);
}

namespace {

struct Advice {
    core::Refusal refusal;
    std::string text;
};

const std::vector<Advice>& advice() {
    using core::Refusal;
    static const std::vector<Advice> kAdvice = {
        {Refusal::amount_beyond_maximum,
         "an amount is above its asset's amount_max, or the account's positions, orders "
         "and balances, each at the largest price its instrument admits, exceed 61 "
         "billion, or its sizes in one instrument exceed 4.6 * 10^18 of the smallest step; "
         "lower them, or price_max, or quantity_decimals"},
        {Refusal::price_beyond_maximum,
         "an entry_price or an order's price is above its instrument's price_max; "
         "correct it, or raise price_max"},
        {Refusal::too_many_positions, "an account has at most " +
                                          std::to_string(core::kMaxPositionsPerAccount) +
                                          " positions; use sub-accounts"},
        {Refusal::too_many_balances, "an account has at most " +
                                         std::to_string(core::kMaxBalancesPerAccount) +
                                         " balances, settlement assets included; use sub-accounts"},
        {Refusal::too_many_orders, "an account has at most " +
                                       std::to_string(core::kMaxOrdersPerAccount) +
                                       " orders; add those of one instrument, side and price up"},
        {Refusal::too_many_accounts, "accounts.max is reached; raise it in the config"},
        {Refusal::unknown_instrument,
         "a position or an order is in a spot instrument, which holds none; delete it"},
        {Refusal::no_such_position,
         "accrued or leverage is of a position that the account does not hold; give its "
         "quantity and entry_price, or delete it"},
        {Refusal::leverage_out_of_range,
         "leverage is below 1; give 1 or more, or 0 for none of its own"},
        {Refusal::second_instrument,
         "the account is the isolated margin of another instrument; use a sub-account of "
         "its own, or margin_mode cross"},
        {Refusal::unknown_account,
         "money is taken from an account that nobody has named; correct its name, or "
         "give the account first"},
        {Refusal::transfer_not_owned,
         "the account does not own so much of the asset (unsettled gains are not owned); "
         "lower the amount"},
        {Refusal::transfer_needs_prices,
         "what would stay behind cannot be valued before its first prices; try again "
         "then"},
        {Refusal::transfer_below_initial,
         "what would stay behind is below its initial margin; lower the amount"},
    };
    return kAdvice;
}

}  // namespace

std::string explain(core::Refusal refusal) {
    const auto known = std::find_if(advice().begin(), advice().end(),
                                    [&](const Advice& a) { return a.refusal == refusal; });
    // The line reader lets none of the others through.
    return std::string(name_of(refusal)) + ": " +
           (known == advice().end() ? "the engine refused the update" : known->text);
}

std::string explain(core::Refusal refusal, const core::Engine& engine) {
    if (refusal != core::Refusal::transfer_below_initial) return explain(refusal);
    const core::LevelFigures figures = engine.refused_transfer();
    TextBuffer text;
    const auto put = [&](std::string_view words, core::Money amount) {
        text.append(words);
        append_decimal(text, amount.raw(), core::kScaleDecimals);
    };
    put(" (equity ", figures.equity);
    put(", initial margin ", figures.margin);
    put(", short by ", figures.margin - figures.equity);
    const std::string& currency = engine.parameters().valuation_currency;
    return explain(refusal) + std::string(text.data(), text.size()) + " " + currency + ")";
}

}  // namespace margind::daemon
