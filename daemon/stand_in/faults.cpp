#include "daemon/stand_in/faults.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/stand_in/dialect.hpp"

namespace margind::daemon::stand_in {
namespace {

constexpr std::uint64_t kCountMax = 1'000'000'000;

struct Word {
    std::string_view name;
    Action action;
};
constexpr std::array<Word, 11> kWords = {{{"drop", Action::drop},
                                          {"close", Action::close},
                                          {"shutdown", Action::shutdown},
                                          {"silence", Action::silence},
                                          {"resume", Action::resume},
                                          {"refuse", Action::refuse},
                                          {"repeat", Action::repeat},
                                          {"reorder", Action::reorder},
                                          {"corrupt", Action::corrupt},
                                          {"delay", Action::delay},
                                          {"send", Action::send}}};

std::string_view trim(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view take_word(std::string_view& text) {
    text = trim(text);
    const std::string_view word = text.substr(0, text.find(' '));
    text = trim(text.substr(word.size()));
    return word;
}

bool parse_count(std::string_view text, std::uint64_t& count) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    return error == std::errc{} && end == text.data() + text.size() && count > 0 &&
           count <= kCountMax;
}

bool parse_time(std::string_view text, core::Duration& duration) {
    std::uint64_t count = 0;
    const std::size_t unit = text.find_first_not_of("0123456789");
    if (unit == std::string_view::npos || !parse_count(text.substr(0, unit), count)) return false;
    const auto n = static_cast<std::int64_t>(count);
    if (text.substr(unit) == "ms") {
        duration = core::Duration::from_ms(n);
    } else if (text.substr(unit) == "s") {
        duration = core::Duration::from_seconds(n);
    } else if (text.substr(unit) == "m" && n <= 1'000'000) {
        duration = core::Duration::from_seconds(n * 60);
    } else {
        return false;
    }
    return true;
}

std::string quoted(std::string_view word) {
    return "\"" + std::string(word.substr(0, 100)) + "\"";
}

// What follows the action's name; what is wrong, empty when nothing is.
std::string parse_argument(Fault& fault, std::string_view& rest) {
    std::string_view after = rest;
    const std::string_view word = take_word(after);
    const bool stated = !word.empty() && word != "at" && word != "after";
    if (fault.action == Action::send) {
        fault.text = rest;
        rest = {};
        return fault.text.empty() ? "send needs a text" : "";
    }
    if (fault.action == Action::delay && !stated) return "delay needs a time such as 250ms";
    if (!stated) return {};
    if (fault.action == Action::delay || fault.action == Action::silence) {
        if (!parse_time(word, fault.duration)) {
            return quoted(word) + " is not a time; write 250ms, 5s or 2m";
        }
    } else if (fault.action == Action::repeat || fault.action == Action::reorder ||
               fault.action == Action::corrupt) {
        if (!parse_count(word, fault.count)) return quoted(word) + " is not a count of messages";
    } else {
        return quoted(word) + " is not understood; only \"at TIME\" or \"after N\" may follow";
    }
    rest = after;
    return {};
}

std::string parse_schedule(Fault& fault, std::string_view rest) {
    if (rest.empty()) return {};
    const std::string_view word = take_word(rest);
    if (word == "at") {
        core::Duration at;
        if (!parse_time(rest, at)) return quoted(rest) + " is not a time; write 250ms, 5s or 2m";
        fault.at = at;
    } else if (word == "after") {
        std::uint64_t after = 0;
        if (!parse_count(rest, after)) return quoted(rest) + " is not a count of messages";
        fault.after = after;
    } else {
        return quoted(word) + " is not understood; write \"at TIME\" or \"after N\"";
    }
    return {};
}

}  // namespace

ParsedFault parse_fault(std::string_view line) {
    ParsedFault result;
    std::string_view rest = line;
    std::string_view word = take_word(rest);
    if (word.ends_with(':')) {
        result.fault.venue = word.substr(0, word.size() - 1);
        const auto venues = stand_in_venues();
        if (std::find(venues.begin(), venues.end(), result.fault.venue) == venues.end()) {
            result.problem = quoted(result.fault.venue) + " is not a venue";
            return result;
        }
        word = take_word(rest);
    }
    const auto* found = std::find_if(kWords.begin(), kWords.end(),
                                     [&](const Word& each) { return each.name == word; });
    if (found == kWords.end()) {
        result.problem = quoted(word) + " is not an action; known are";
        for (const Word& each : kWords) result.problem += " " + std::string(each.name);
        return result;
    }
    result.fault.action = found->action;
    result.problem = parse_argument(result.fault, rest);
    if (result.problem.empty()) result.problem = parse_schedule(result.fault, rest);
    return result;
}

}  // namespace margind::daemon::stand_in
