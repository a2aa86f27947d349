// Exact values out of JSON lines, and the names they refer to. For ingress and one-shot commands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

namespace margind::daemon {

// What is wrong with a line and what to do; empty when nothing is.
using LineProblem = std::string;

// A line's own words are told back, but not all of them: many problems may wait at once.
inline LineProblem wrong(std::string_view member, std::string_view message) {
    constexpr std::size_t kMemberMax = 100;
    constexpr std::size_t kMessageMax = 400;
    return std::string(member.substr(0, kMemberMax)) + ": " +
           std::string(message.substr(0, kMessageMax));
}

// Names to indices, sorted: a lookup is a binary search and allocates nothing. Borrows the names.
class NameIndex {
  public:
    template <class Items>
    explicit NameIndex(const Items& items) {
        for (const auto& item : items) {
            names_.push_back({item.name, static_cast<std::uint32_t>(names_.size())});
        }
        std::sort(names_.begin(), names_.end());
    }
    // Null when unknown.
    const std::uint32_t* find(std::string_view name) const {
        const auto entry = std::lower_bound(names_.begin(), names_.end(),
                                            std::pair<std::string_view, std::uint32_t>(name, 0));
        return entry != names_.end() && entry->first == name ? &entry->second : nullptr;
    }

  private:
    std::vector<std::pair<std::string_view, std::uint32_t>> names_;
};

// The digits of a JSON number as written, or what is inside the quotes of a JSON string.
LineProblem read_digits(simdjson::ondemand::value value, std::string_view member,
                        std::string_view& digits);

// `digits` * 10^decimals, exactly.
LineProblem scale(std::string_view digits, int decimals, std::string_view member,
                  std::int64_t& out);

LineProblem read_text(simdjson::ondemand::value value, std::string_view member,
                      std::string_view& out);

// Calls `use(name, value)` for each member until it returns a problem. `member` names the object.
template <class Use>
LineProblem for_each_member(simdjson::ondemand::object& object, std::string_view member, Use use) {
    for (auto item : object) {
        simdjson::ondemand::field field;
        std::string_view name;
        if (std::move(item).get(field) != simdjson::SUCCESS ||
            field.unescaped_key().get(name) != simdjson::SUCCESS) {
            return wrong(member, "is not valid JSON");
        }
        LineProblem problem = use(name, field.value());
        if (!problem.empty()) return problem;
    }
    return {};
}

// One line that must be one JSON object; keeps its buffer from line to line.
class JsonLine {
  public:
    explicit JsonLine(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    template <class Use>
    LineProblem read(std::string_view line, Use use) {
        simdjson::ondemand::document document;
        simdjson::ondemand::object object;
        if (LineProblem problem = open(line, document, object); !problem.empty()) return problem;
        LineProblem problem = for_each_member(object, "the line", use);
        if (!problem.empty()) return problem;
        const char* rest = nullptr;  // an error says that nothing is left
        if (document.current_location().get(rest) != simdjson::SUCCESS) return {};
        return "the line: is not valid JSON: there is text after the object";
    }

  private:
    LineProblem open(std::string_view line, simdjson::ondemand::document& document,
                     simdjson::ondemand::object& object);

    std::size_t bytes_max_;
    simdjson::ondemand::parser parser_;
    std::string buffer_;
};

}  // namespace margind::daemon
