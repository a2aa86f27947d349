#include "daemon/ingress/account_lines.hpp"

#include <algorithm>
#include <array>

#include "core/limits.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/ingress/json_values.hpp"

namespace margind::daemon {
namespace {

namespace json = simdjson::ondemand;

template <std::size_t N>
LineProblem read_key(json::value value, std::string_view member, core::FixedText<N>& out) {
    std::string_view text;
    if (LineProblem problem = read_text(value, member, text); !problem.empty()) return problem;
    if (!core::FixedText<N>::fits(text)) {
        return wrong(member, "must be at most " + std::to_string(N) +
                                 " printable ASCII characters without blanks, quotes, commas, "
                                 "slashes");
    }
    out = core::FixedText<N>(text);
    return {};
}

// A position as written: its scale depends on its instrument, which may come last.
struct PositionFields {
    const std::uint32_t* instrument = nullptr;
    std::string_view quantity;
    std::string_view entry_price;
};

}  // namespace

class AccountLines::Implementation {
  public:
    explicit Implementation(const core::RiskParameters& parameters)
        : parameters_(parameters),
          assets_(parameters.assets),
          instruments_(parameters.instruments),
          line_(kLineBytesMax) {}

    LineProblem parse(std::string_view line, std::vector<core::Input>& records) {
        records.clear();
        update_ = {};
        update_.mode = core::UpdateMode::replace;
        time_ = {};
        seen_ = {};
        LineProblem problem = line_.read(line, [&](std::string_view name, json::value value) {
            return read_member(name, value, records);
        });
        if (problem.empty()) problem = complete(records);
        if (!problem.empty()) records.clear();
        return problem;
    }

  private:
    LineProblem read_member(std::string_view name, json::value value,
                            std::vector<core::Input>& records) {
        static constexpr std::array<std::string_view, 7> kMembers = {
            "account", "sub_account", "mode", "margin_mode", "balances", "positions", "t"};
        const auto member = std::find(kMembers.begin(), kMembers.end(), name);
        if (member == kMembers.end()) {
            return wrong(name,
                         "is not a known member; known: account, sub_account, mode, margin_mode, "
                         "balances, positions, t");
        }
        bool& seen = seen_[static_cast<std::size_t>(member - kMembers.begin())];
        if (seen) return wrong(name, "is given twice; keep one");
        seen = true;
        if (name == "account") return read_key(value, name, update_.key.owner);
        if (name == "sub_account") return read_key(value, name, update_.key.sub_account);
        if (name == "mode") return read_mode(value);
        if (name == "margin_mode") return read_margin_mode(value);
        if (name == "balances") return read_balances(value, records);
        if (name == "positions") return read_positions(value, records);
        return read_time(value);
    }

    LineProblem read_mode(json::value value) {
        std::string_view text;
        if (LineProblem problem = read_text(value, "mode", text); !problem.empty()) return problem;
        if (text != "replace" && text != "patch") return wrong("mode", "must be replace or patch");
        update_.mode = text == "patch" ? core::UpdateMode::patch : core::UpdateMode::replace;
        return {};
    }

    static LineProblem read_margin_mode(json::value value) {
        std::string_view text;
        LineProblem problem = read_text(value, "margin_mode", text);
        if (!problem.empty() || text == "cross") return problem;
        return wrong("margin_mode", "'" + std::string(text) + "' is not supported yet: use cross");
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
            const std::string member = "balances." + std::string(name);
            const std::uint32_t* asset = assets_.find(name);
            if (asset == nullptr) return wrong(member, "no such asset in the config");
            core::AccountInput record;
            record.record = core::AccountRecord::balance;
            record.id = *asset;
            std::string_view digits;
            LineProblem problem = read_digits(amount, member, digits);
            if (problem.empty()) {
                problem = scale(digits, core::kScaleDecimals, member, record.amount);
            }
            return problem.empty() ? push(record, member, records) : problem;
        });
    }

    LineProblem read_positions(json::value value, std::vector<core::Input>& records) {
        json::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS) {
            return wrong("positions", "must be a list of positions");
        }
        std::size_t index = 0;
        for (auto item : array) {
            const std::string member = "positions[" + std::to_string(index++) + "]";
            json::object object;
            if (std::move(item).get_object().get(object) != simdjson::SUCCESS) {
                return wrong(member, "must be an object");
            }
            core::AccountInput record;
            LineProblem problem = read_position(object, member, record);
            if (problem.empty()) problem = push(record, member, records);
            if (!problem.empty()) return problem;
        }
        return {};
    }

    LineProblem read_position(json::object& object, const std::string& member,
                              core::AccountInput& record) const {
        PositionFields fields;
        LineProblem problem =
            for_each_member(object, member, [&](std::string_view name, json::value value) {
                return read_position_member(name, value, member + "." + std::string(name), fields);
            });
        if (!problem.empty()) return problem;
        if (fields.instrument == nullptr) return wrong(member + ".instrument", "is missing");
        if (fields.quantity.empty()) return wrong(member + ".quantity", "is missing");
        const core::Instrument& instrument = parameters_.instruments[*fields.instrument];
        record.record = core::AccountRecord::position;
        record.id = *fields.instrument;
        problem = scale(fields.quantity, instrument.quantity_decimals, member + ".quantity",
                        record.amount);
        if (!problem.empty()) return problem;
        if (fields.entry_price.empty()) {  // a position that is closed needs none
            return record.amount == 0 ? problem : wrong(member + ".entry_price", "is missing");
        }
        problem = scale(fields.entry_price, instrument.price_decimals, member + ".entry_price",
                        record.price);
        if (!problem.empty() || record.price > 0) return problem;
        return wrong(member + ".entry_price", "must be above zero");
    }

    LineProblem read_position_member(std::string_view name, json::value value,
                                     const std::string& place, PositionFields& fields) const {
        if (name == "instrument") {
            if (fields.instrument != nullptr) return wrong(place, "is given twice; keep one");
            std::string_view text;
            LineProblem problem = read_text(value, place, text);
            if (!problem.empty()) return problem;
            fields.instrument = instruments_.find(text);
            if (fields.instrument != nullptr) return {};
            return wrong(place, "'" + std::string(text) + "' is no instrument of the config");
        }
        if (name != "quantity" && name != "entry_price") {
            return wrong(place, "is not a known member; known: instrument, quantity, entry_price");
        }
        std::string_view& digits = name == "quantity" ? fields.quantity : fields.entry_price;
        if (!digits.empty()) return wrong(place, "is given twice; keep one");
        return read_digits(value, place, digits);
    }

    static LineProblem push(const core::AccountInput& record, std::string_view member,
                            std::vector<core::Input>& records) {
        if (records.size() == core::kMaxEntriesPerUpdate) {
            return wrong(member, "an update has at most " +
                                     std::to_string(core::kMaxEntriesPerUpdate) + " entries");
        }
        const bool twice = std::any_of(records.begin(), records.end(), [&](const auto& other) {
            return other.account.record == record.record && other.account.id == record.id;
        });
        if (twice) return wrong(member, "is given twice in this line; keep one");
        records.push_back(core::Input::of(record));
        return {};
    }

    // What every record of the update shares is known only at the end of the line.
    LineProblem complete(std::vector<core::Input>& records) {
        if (update_.key.owner.empty()) return wrong("account", "is missing or empty");
        if (records.empty()) records.push_back(core::Input::of(core::AccountInput{}));
        for (core::Input& input : records) {
            input.exchange_time = time_;
            input.account.key = update_.key;
            input.account.mode = update_.mode;
            input.account.last = core::Last::no;
        }
        records.back().account.last = core::Last::yes;
        return {};
    }

    const core::RiskParameters& parameters_;
    NameIndex assets_;
    NameIndex instruments_;
    JsonLine line_;
    // Of the line being read:
    core::AccountInput update_;
    core::Timestamp time_;
    std::array<bool, 7> seen_{};
};

AccountLines::AccountLines(const core::RiskParameters& parameters)
    : implementation_(std::make_unique<Implementation>(parameters)) {}
AccountLines::~AccountLines() = default;
AccountLines::AccountLines(AccountLines&&) noexcept = default;

std::string AccountLines::parse(std::string_view line, std::vector<core::Input>& records) {
    return implementation_->parse(line, records);
}

std::string explain(core::Refusal refusal) {
    using core::Refusal;
    std::string text;
    if (refusal == Refusal::amount_beyond_maximum) {
        text =
            "an amount is above its asset's amount_max, or the account's positions and balances, "
            "each at the largest price its instrument admits, exceed 61 billion; lower them, or "
            "price_max";
    } else if (refusal == Refusal::price_beyond_maximum) {
        text = "an entry_price is above its instrument's price_max; correct it, or raise price_max";
    } else if (refusal == Refusal::too_many_positions) {
        text = "an account has at most " + std::to_string(core::kMaxPositionsPerAccount) +
               " positions; use sub-accounts";
    } else if (refusal == Refusal::too_many_balances) {
        text = "an account has at most " + std::to_string(core::kMaxBalancesPerAccount) +
               " balances, settlement assets included; use sub-accounts";
    } else if (refusal == Refusal::too_many_accounts) {
        text = "accounts.max is reached; raise it in the config";
    } else if (refusal == Refusal::unknown_instrument) {
        text = "a position is in a spot instrument, which holds none; delete it";
    } else {
        text = "the engine refused the update";
    }
    return std::string(name_of(refusal)) + ": " + text;
}

}  // namespace margind::daemon
