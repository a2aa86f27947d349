#include "daemon/ingress/account_items.hpp"

#include <algorithm>
#include <array>

namespace margind::daemon {
namespace {

namespace json = simdjson::ondemand;

// Whether `name` is one of the words of `known`, which are separated by ", ".
bool is_known(std::string_view known, std::string_view name) {
    while (!known.empty()) {
        const std::size_t end = std::min(known.find(", "), known.size());
        if (known.substr(0, end) == name) return true;
        known.remove_prefix(std::min(end + 2, known.size()));
    }
    return false;
}

LineProblem unknown_member(std::string_view place, std::string_view known) {
    return wrong(place, "is not a known member; known: " + std::string(known));
}

LineProblem push(const core::AccountInput& record, std::string_view member,
                 AccountItems::Records& records) {
    const bool twice = std::any_of(records.begin(), records.end(), [&](const auto& other) {
        return other.account.record == record.record && other.account.id == record.id;
    });
    if (twice) return wrong(member, "is given twice in this line; keep one");
    records.push_back(core::Input::of(record));
    return {};
}

LineProblem read_account(json::value value, const std::string& member, core::AccountKey& key) {
    json::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) {
        return wrong(member, "must be an object of account and sub_account");
    }
    LineProblem problem =
        for_each_member(object, member, [&](std::string_view name, json::value text) {
            const std::string place = member + "." + std::string(name);
            if (name == "account") return read_key(text, place, key.owner);
            if (name == "sub_account") return read_key(text, place, key.sub_account);
            return unknown_member(place, "account, sub_account");
        });
    if (!problem.empty() || !key.owner.empty()) return problem;
    return wrong(member + ".account", "is missing or empty");
}

}  // namespace

struct AccountItems::Fields {
    const std::uint32_t* instrument = nullptr;
    std::string_view quantity;
    std::string_view entry_price;
    std::string_view price;
    std::string_view accrued;
    std::string_view leverage;
    std::string_view side;

    std::string_view& of(std::string_view name) {
        return name == "quantity"      ? quantity
               : name == "entry_price" ? entry_price
               : name == "price"       ? price
               : name == "accrued"     ? accrued
               : name == "leverage"    ? leverage
                                       : side;
    }
};

AccountItems::AccountItems(const core::RiskParameters& parameters)
    : parameters_(parameters), assets_(parameters.assets), instruments_(parameters.instruments) {}

LineProblem AccountItems::balance(std::string_view asset, json::value amount,
                                  Records& records) const {
    const std::string member = "balances." + std::string(asset);
    const std::uint32_t* id = assets_.find(asset);
    if (id == nullptr) return wrong(member, "no such asset in the config");
    core::AccountInput record;
    record.record = core::AccountRecord::balance;
    record.id = *id;
    std::string_view digits;
    LineProblem problem = read_digits(amount, member, digits);
    if (problem.empty()) problem = scale(digits, core::kScaleDecimals, member, record.amount);
    return problem.empty() ? push(record, member, records) : problem;
}

LineProblem AccountItems::read_fields(json::object& object, const std::string& member,
                                      std::string_view known, Fields& fields) const {
    LineProblem problem =
        for_each_member(object, member, [&](std::string_view name, json::value value) {
            const std::string place = member + "." + std::string(name);
            if (!is_known(known, name)) return unknown_member(place, known);
            if (name == "instrument") return read_instrument(value, place, fields);
            std::string_view& text = fields.of(name);
            if (!text.empty()) return wrong(place, "is given twice; keep one");
            return name == "side" ? read_text(value, place, text) : read_digits(value, place, text);
        });
    if (!problem.empty() || fields.instrument != nullptr) return problem;
    return wrong(member + ".instrument", "is missing");
}

LineProblem AccountItems::read_instrument(json::value value, const std::string& place,
                                          Fields& fields) const {
    if (fields.instrument != nullptr) return wrong(place, "is given twice; keep one");
    std::string_view text;
    LineProblem problem = read_text(value, place, text);
    if (!problem.empty()) return problem;
    fields.instrument = instruments_.find(text);
    if (fields.instrument != nullptr) return {};
    return wrong(place, "'" + std::string(text) + "' is no instrument of the config");
}

LineProblem AccountItems::position(json::object& object, const std::string& member,
                                   Records& records) const {
    Fields fields;
    LineProblem problem =
        read_fields(object, member, "instrument, quantity, entry_price, accrued, leverage", fields);
    if (!problem.empty()) return problem;
    core::AccountInput record;
    record.id = *fields.instrument;
    const bool says_more = !fields.accrued.empty() || !fields.leverage.empty();
    if (!fields.quantity.empty() || !fields.entry_price.empty() || !says_more) {
        problem = push_position(fields, member, records);
    }
    const auto add = [&](core::AccountRecord kind, std::string_view digits, const char* name) {
        if (!problem.empty() || digits.empty()) return;
        record.record = kind;
        problem = scale(digits, core::kScaleDecimals, member + name, record.amount);
        if (problem.empty()) problem = push(record, member, records);
    };
    add(core::AccountRecord::accrued, fields.accrued, ".accrued");
    add(core::AccountRecord::leverage, fields.leverage, ".leverage");
    return problem;
}

LineProblem AccountItems::push_position(const Fields& fields, const std::string& member,
                                        Records& records) const {
    if (fields.quantity.empty()) return wrong(member + ".quantity", "is missing");
    const core::Instrument& instrument = parameters_.instruments[*fields.instrument];
    core::AccountInput record;
    record.record = core::AccountRecord::position;
    record.id = *fields.instrument;
    LineProblem problem =
        scale(fields.quantity, instrument.quantity_decimals, member + ".quantity", record.amount);
    if (!problem.empty()) return problem;
    if (fields.entry_price.empty()) {  // a position that is closed needs none
        if (record.amount != 0) return wrong(member + ".entry_price", "is missing");
        return push(record, member, records);
    }
    problem =
        scale(fields.entry_price, instrument.price_decimals, member + ".entry_price", record.price);
    if (!problem.empty()) return problem;
    if (record.price <= 0) return wrong(member + ".entry_price", "must be above zero");
    return push(record, member, records);
}

LineProblem AccountItems::order(json::object& object, const std::string& member,
                                Records& records) const {
    Fields fields;
    LineProblem problem = read_fields(object, member, "instrument, quantity, side, price", fields);
    if (!problem.empty()) return problem;
    if (fields.quantity.empty()) return wrong(member + ".quantity", "is missing");
    const core::Instrument& instrument = parameters_.instruments[*fields.instrument];
    core::AccountInput record;
    record.record = core::AccountRecord::order;
    record.id = *fields.instrument;
    problem =
        scale(fields.quantity, instrument.quantity_decimals, member + ".quantity", record.amount);
    if (!problem.empty()) return problem;
    if (!fields.side.empty()) {
        if (fields.side != "buy" && fields.side != "sell") {
            return wrong(member + ".side", "must be buy or sell");
        }
        if (record.amount < 0) {
            return wrong(member + ".quantity", "must not be negative beside a side");
        }
        if (fields.side == "sell") record.amount = -record.amount;
    }
    if (record.amount != 0) {
        if (fields.price.empty()) return wrong(member + ".price", "is missing");
        problem = scale(fields.price, instrument.price_decimals, member + ".price", record.price);
        if (!problem.empty()) return problem;
        if (record.price <= 0) return wrong(member + ".price", "must be above zero");
    }
    records.push_back(core::Input::of(record));
    return {};
}

LineProblem AccountItems::read_asset(json::value value, const std::string& place,
                                     std::uint32_t& id) const {
    std::string_view text;
    LineProblem problem = read_text(value, place, text);
    if (!problem.empty()) return problem;
    const std::uint32_t* found = assets_.find(text);
    if (found == nullptr) {
        return wrong(place, "'" + std::string(text) + "' is no asset of the config");
    }
    id = *found;
    return {};
}

LineProblem AccountItems::transfer(json::object& object, Records& records) const {
    constexpr std::string_view kKnown = "from, to, asset, amount";
    core::AccountInput from;
    from.record = core::AccountRecord::transfer_from;
    from.id = core::AssetId::none_index();
    core::AccountInput to;
    std::string_view digits;
    LineProblem problem =
        for_each_member(object, "transfer", [&](std::string_view name, json::value value) {
            const std::string place = "transfer." + std::string(name);
            if (name == "from") return read_account(value, place, from.key);
            if (name == "to") return read_account(value, place, to.key);
            if (name == "asset") return read_asset(value, place, from.id);
            if (name == "amount") return read_digits(value, place, digits);
            return unknown_member(place, kKnown);
        });
    if (!problem.empty()) return problem;
    if (from.key.owner.empty()) return wrong("transfer.from", "is missing");
    if (to.key.owner.empty()) return wrong("transfer.to", "is missing");
    if (from.key == to.key) return wrong("transfer.to", "must be another account than from");
    if (from.id == core::AssetId::none_index()) return wrong("transfer.asset", "is missing");
    if (digits.empty()) return wrong("transfer.amount", "is missing");
    problem = scale(digits, core::kScaleDecimals, "transfer.amount", from.amount);
    if (!problem.empty()) return problem;
    if (from.amount <= 0) return wrong("transfer.amount", "must be above zero");
    to.record = core::AccountRecord::transfer_to;
    to.id = from.id;
    to.amount = from.amount;
    records.push_back(core::Input::of(from));
    records.push_back(core::Input::of(to));
    return {};
}

}  // namespace margind::daemon
