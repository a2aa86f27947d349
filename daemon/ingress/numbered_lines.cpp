#include "daemon/ingress/numbered_lines.hpp"

#include <limits>

namespace margind::daemon {
namespace {

namespace json = simdjson::ondemand;

LineProblem read_source_seq(json::value value, std::uint64_t& source_seq) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value.get_uint64().get(source_seq) == simdjson::SUCCESS && source_seq >= 1 &&
        source_seq <= kMax) {
        return {};
    }
    return wrong("source_seq", "must be a whole number, 1 or more, one more with every line");
}

}  // namespace

LineProblem NumberedLines::read_head(std::string_view line, LineHead& head) {
    bool has_source = false;
    bool has_number = false;
    LineProblem unreadable;
    LineProblem rest = head_line_.read(line, [&](std::string_view name, json::value value) {
        if (name == "source" && !has_source) {
            std::string_view text;
            unreadable = read_text(value, "source", text);
            head.source = text;
            has_source = true;
        } else if (name == "source_seq" && !has_number) {
            unreadable = read_source_seq(value, head.source_seq);
            has_number = true;
        }
        // Enough is known: what follows is no concern of the number's.
        if (unreadable.empty() && has_source && has_number) return LineProblem("read");
        return unreadable;
    });
    if (!unreadable.empty()) return unreadable;
    if (has_source && has_number) return {};
    if (!rest.empty()) return rest;
    return wrong(has_source ? "source_seq" : "source",
                 "is missing; every line says who sent it and its number");
}

void NumberedLines::read(std::string_view line, const LineHead& head,
                         std::vector<core::Input>& records, std::string& problem) {
    problem = lines_.parse(line, records_);
    if (!problem.empty()) {
        core::AccountInput refused;
        refused.record = core::AccountRecord::refused;
        records_.assign(1, core::Input::of(refused));
    }
    core::AccountInput number;
    number.key = records_.front().account.key;
    number.record = core::AccountRecord::source_number;
    number.mode = records_.front().account.mode;
    number.last = core::Last::no;
    number.amount = static_cast<std::int64_t>(head.source_seq);
    records.assign(1, core::Input::of(number));
    records.front().exchange_time = records_.front().exchange_time;
    records.insert(records.end(), records_.begin(), records_.end());
}

}  // namespace margind::daemon
