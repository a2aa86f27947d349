#include "tests/venues/tolerance.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace margind::test {
namespace {

struct Exact {};
// |got - want| <= absolute + relative |want|
struct Near {
    Rational absolute = 0;
    Rational relative = 0;
};
// `got` cut toward zero at so many decimals; it may be off by `slack` before.
struct Truncated {
    unsigned decimals = 0;
    Rational slack = 0;
};
using Rule = std::variant<Exact, Near, Truncated>;

Rational number_or_zero(const Json& tolerance, std::string_view name) {
    const Json* found = tolerance.find(name);
    return found == nullptr ? Rational(0) : parse_decimal(found->text);
}

void require_only(const Json& tolerance, std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : tolerance.members()) {
        if (std::ranges::find(known, name) == known.end()) {
            throw std::runtime_error("tolerance: '" + name + "' is not known here");
        }
    }
}

Rule rule_of(const Json& tolerance) {
    if (tolerance.kind != Json::Kind::object) {
        throw std::runtime_error("tolerance: it is not an object");
    }
    const Json* named = tolerance.find("rule");
    if (named == nullptr) {
        require_only(tolerance, {"abs", "rel", "keys"});
        if (tolerance.find("abs") == nullptr && tolerance.find("rel") == nullptr) {
            throw std::runtime_error("tolerance: it has neither abs, rel nor rule");
        }
        return Near{number_or_zero(tolerance, "abs"), number_or_zero(tolerance, "rel")};
    }
    if (named->text == "exact") {
        require_only(tolerance, {"rule", "keys"});
        return Exact{};
    }
    if (named->text == "truncate") {
        require_only(tolerance, {"rule", "decimals", "slack", "keys"});
        const Rational decimals = number_or_zero(tolerance, "decimals");
        if (decimals < 0 || decimals > 100 || denominator(decimals) != 1) {
            throw std::runtime_error("tolerance: decimals is not a whole number up to 100");
        }
        return Truncated{static_cast<unsigned>(numerator(decimals)),
                         number_or_zero(tolerance, "slack")};
    }
    throw std::runtime_error("tolerance: rule '" + named->text + "' is not known");
}

Rational cut(const Rational& value, unsigned decimals) {
    const Integer unit = pow(Integer(10), decimals);
    // Division of integers goes toward zero.
    return Rational(Integer(numerator(value) * unit / denominator(value)), unit);
}

struct Within {
    const Rational& got;
    const Rational& want;

    bool operator()(const Exact&) const { return got == want; }
    bool operator()(const Near& near) const {
        return abs(Rational(got - want)) <= near.absolute + near.relative * abs(want);
    }
    bool operator()(const Truncated& rule) const {
        return cut(got, rule.decimals) == want || cut(got - rule.slack, rule.decimals) == want ||
               cut(got + rule.slack, rule.decimals) == want;
    }
};

double nearest_double(const std::string& text) {
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool number_within(const Json& want, const Answer& got, const Rule& rule) {
    if (const auto* exact = std::get_if<Rational>(&got.content())) {
        return std::visit(Within{*exact, parse_decimal(want.text)}, rule);
    }
    const auto* model = std::get_if<double>(&got.content());
    if (model == nullptr || !std::isfinite(*model)) {
        return false;
    }
    // A double answers with the double nearest to the decimal, not with the decimal.
    const bool exactly = std::holds_alternative<Exact>(rule);
    const Rational wanted =
        exactly ? Rational(nearest_double(want.text)) : parse_decimal(want.text);
    return std::visit(Within{Rational(*model), wanted}, rule);
}

class Comparison {
  public:
    Comparison(const Rule& rule, std::vector<std::string>& found) : rule_(rule), found_(found) {}

    void compare(const std::string& path, const Json& want, const Answer& got) {
        switch (want.kind) {
            case Json::Kind::null:
                return judge(std::holds_alternative<std::nullptr_t>(got.content()), path, want,
                             got);
            case Json::Kind::boolean:
                return judge(is(want.flag, got), path, want, got);
            case Json::Kind::text:
                return judge(is(want.text, got), path, want, got);
            case Json::Kind::number:
                return judge(number_within(want, got, rule_), path, want, got);
            case Json::Kind::list:
                return compare_lists(path, want, got);
            case Json::Kind::object:
                return compare_records(path, want, got);
        }
    }

  private:
    template <class T>
    static bool is(const T& want, const Answer& got) {
        const T* held = std::get_if<T>(&got.content());
        return held != nullptr && *held == want;
    }

    void judge(bool fits, const std::string& path, const Json& want, const Answer& got) {
        if (!fits) {
            found_.push_back(path + ": got " + to_text(got) + ", want " + to_text(want));
        }
    }

    void compare_lists(const std::string& path, const Json& want, const Answer& got) {
        const auto* list = std::get_if<Answer::List>(&got.content());
        if (list == nullptr || list->size() != want.items.size()) {
            return judge(false, path, want, got);
        }
        for (std::size_t i = 0; i < list->size(); ++i) {
            compare(path + '[' + std::to_string(i) + ']', want.items[i], (*list)[i]);
        }
    }

    void compare_records(const std::string& path, const Json& want, const Answer& got) {
        const auto* record = std::get_if<Answers>(&got.content());
        if (record == nullptr) {
            return judge(false, path, want, got);
        }
        for (const auto& [name, value] : want.members()) {
            const auto field = record->find(name);
            if (field == record->end()) {
                found_.push_back(path + '.' + name + ": the model does not answer this field");
            } else {
                compare(path + '.' + name, value, field->second);
            }
        }
    }

    const Rule& rule_;
    std::vector<std::string>& found_;
};

}  // namespace

std::vector<std::string> differences(const Json& expected, const Answers& answers,
                                     const Json& tolerance) {
    const Rule general = rule_of(tolerance);
    const Json* keys = tolerance.find("keys");
    std::vector<std::string> found;
    for (const auto& [name, want] : expected.members()) {
        const auto got = answers.find(name);
        if (got == answers.end()) {
            found.push_back(name + ": the model does not answer this field");
            continue;
        }
        const Json* own = keys == nullptr ? nullptr : keys->find(name);
        const Rule rule = own == nullptr ? general : rule_of(*own);
        Comparison(rule, found).compare(name, want, got->second);
    }
    return found;
}

}  // namespace margind::test
