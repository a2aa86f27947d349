#include "tests/venues/answer.hpp"

#include <fmt/format.h>

namespace margind::test {
namespace {

struct Text {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const Rational& number) const { return to_decimal(number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const { return '"' + text + '"'; }
    std::string operator()(const Answer::List& list) const {
        std::string out = "[";
        for (const Answer& item : list) {
            out += (out.size() > 1 ? ", " : "") + to_text(item);
        }
        return out + ']';
    }
    std::string operator()(const Answers& record) const { return to_text(record); }
};

}  // namespace

std::string to_text(const Answer& answer) {
    return std::visit(Text{}, answer.content());
}

std::string to_text(const Answers& answers) {
    std::string out = "{";
    for (const auto& [name, answer] : answers) {
        out += (out.size() > 1 ? ", " : "") + name + ": " + to_text(answer);
    }
    return out + '}';
}

}  // namespace margind::test
