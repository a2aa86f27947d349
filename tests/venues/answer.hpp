// What a model answers to a case: fields by name. Numbers are exact wherever the model's are.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/units.hpp"
#include "tests/support/extended.hpp"
#include "tests/venues/json.hpp"

namespace margind::test {

class Answer;
using Answers = std::map<std::string, Answer>;

class Answer {
  public:
    using List = std::vector<Answer>;
    using Content =
        std::variant<std::nullptr_t, bool, Rational, double, std::string, List, Answers>;

    Answer(std::nullptr_t) {}  // nothing
    Answer(std::same_as<bool> auto flag) : content_(flag) {}
    Answer(double model_quantity) : content_(model_quantity) {}
    Answer(const char* text) : content_(std::string(text)) {}
    Answer(std::string text) : content_(std::move(text)) {}
    Answer(Rational number) : content_(std::move(number)) {}
    Answer(List list) : content_(std::move(list)) {}
    Answer(Answers record) : content_(std::move(record)) {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Answer(T whole) : content_(Rational(whole)) {}
    // Money, price, quantity, rate, unit price: what it means, not its raw.
    template <class Tag>
    Answer(const core::Scaled<Tag, Extended>& amount)
        : content_(Rational(amount.raw(), Extended::scale())) {}
    Answer(const core::ValueOf<Extended>& value)
        : content_(Rational(value.raw(), Integer(Extended::scale() * Extended::scale()))) {}
    Answer(const core::WeightedValueOf<Extended>& value)
        : content_(Rational(value.raw(),
                            Integer(Extended::scale() * Extended::scale() * Extended::scale()))) {}
    template <class T>
    Answer(const std::optional<T>& some) {
        if (some) {
            *this = Answer(*some);
        }
    }
    template <class T>
    Answer(const std::vector<T>& items) : content_(List(items.begin(), items.end())) {}
    // An amount that core keeps in whole units of the venue: its raw is what it means.
    static Answer integer(const Integer& whole) { return Answer(Rational(whole)); }

    const Content& content() const { return content_; }

  private:
    Content content_;
};

// On one line, like JSON.
std::string to_text(const Answer& answer);
std::string to_text(const Answers& answers);

}  // namespace margind::test
