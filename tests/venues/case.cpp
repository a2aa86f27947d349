#include "tests/venues/case.hpp"

#include <charconv>
#include <limits>
#include <stdexcept>

namespace margind::test {
namespace {

// To the nearest raw; a half goes away from zero.
Extended::Raw nearest_raw(const Rational& value) {
    const Integer twice = abs(numerator(value)) * Extended::scale() * 2;
    const Integer magnitude = (twice / denominator(value) + 1) / 2;
    return value < 0 ? Extended::Raw(-magnitude) : magnitude;
}

void mark_all(const Json& json, Field::Marks& read) {
    read.insert(&json);
    for (const Json& item : json.items) {
        mark_all(item, read);
    }
    for (const auto& [name, value] : json.members()) {
        mark_all(value, read);
    }
}

}  // namespace

Field::Field(const Json& json, std::string path, Marks& read)
    : json_(&json), path_(std::move(path)), read_(&read) {}

void Field::fail(const std::string& what) const {
    throw std::runtime_error(path_ + ": " + what);
}

void Field::expect(Json::Kind kind, const char* what) const {
    if (json_->kind != kind) {
        fail(std::string("is not ") + what);
    }
    read_->insert(json_);
}

Rational Field::exact() const {
    if (json_->kind != Json::Kind::number && json_->kind != Json::Kind::text) {
        fail("is not a number");
    }
    read_->insert(json_);
    try {
        return parse_decimal(json_->text);
    } catch (const std::runtime_error& error) {
        fail(error.what());
    }
}

Extended::Raw Field::raw() const {
    return nearest_raw(exact());
}

Integer Field::integer() const {
    const Rational value = exact();
    if (denominator(value) != 1) {
        fail("is not a whole number");
    }
    return numerator(value);
}

std::int64_t Field::whole() const {
    const Integer value = integer();
    if (value < std::numeric_limits<std::int64_t>::min() ||
        value > std::numeric_limits<std::int64_t>::max()) {
        fail("does not fit 64 bits");
    }
    return static_cast<std::int64_t>(value);
}

double Field::real() const {
    exact();
    double value = 0;
    std::from_chars(json_->text.data(), json_->text.data() + json_->text.size(), value);
    return value;
}

bool Field::boolean() const {
    expect(Json::Kind::boolean, "true or false");
    return json_->flag;
}

std::string Field::text() const {
    expect(Json::Kind::text, "a text");
    return json_->text;
}

std::vector<Field> Field::items() const {
    expect(Json::Kind::list, "a list");
    std::vector<Field> fields;
    for (const Json& item : json_->items) {
        fields.emplace_back(item, path_ + '[' + std::to_string(fields.size()) + ']', *read_);
    }
    return fields;
}

std::vector<std::pair<std::string, Field>> Field::members() const {
    expect(Json::Kind::object, "an object");
    std::vector<std::pair<std::string, Field>> fields;
    for (const auto& [name, value] : json_->members()) {
        fields.emplace_back(name, Field(value, path_ + '.' + name, *read_));
    }
    return fields;
}

std::optional<Field> Field::find(std::string_view name) const {
    expect(Json::Kind::object, "an object");
    const Json* found = json_->find(name);
    if (found == nullptr) {
        return {};
    }
    if (found->kind == Json::Kind::null) {
        read_->insert(found);
        return {};
    }
    return Field(*found, path_ + '.' + std::string(name), *read_);
}

Field Field::operator[](std::string_view name) const {
    const auto found = find(name);
    if (!found) {
        fail("has no '" + std::string(name) + "'");
    }
    return *found;
}

std::vector<Field> Field::items_or_none(std::string_view name) const {
    const auto found = find(name);
    return found ? found->items() : std::vector<Field>{};
}

Extended::Raw Field::raw_or(std::string_view name, std::string_view otherwise) const {
    const auto found = find(name);
    return found ? found->raw() : nearest_raw(parse_decimal(otherwise));
}

Money Field::money(std::string_view name, std::string_view otherwise) const {
    return Money::from_raw(raw_or(name, otherwise));
}
Rate Field::rate(std::string_view name, std::string_view otherwise) const {
    return Rate::from_raw(raw_or(name, otherwise));
}
Price Field::price(std::string_view name, std::string_view otherwise) const {
    return Price::from_raw(raw_or(name, otherwise));
}
UnitPrice Field::unit_price(std::string_view name, std::string_view otherwise) const {
    return UnitPrice::from_raw(raw_or(name, otherwise));
}
Quantity Field::quantity(std::string_view name, std::string_view otherwise) const {
    return Quantity::from_raw(raw_or(name, otherwise));
}
Integer Field::integer(std::string_view name, const Integer& otherwise) const {
    const auto found = find(name);
    return found ? found->integer() : otherwise;
}
std::int64_t Field::whole(std::string_view name, std::int64_t otherwise) const {
    const auto found = find(name);
    return found ? found->whole() : otherwise;
}
double Field::real(std::string_view name, double otherwise) const {
    const auto found = find(name);
    return found ? found->real() : otherwise;
}
bool Field::boolean(std::string_view name, bool otherwise) const {
    const auto found = find(name);
    return found ? found->boolean() : otherwise;
}
std::string Field::text(std::string_view name, std::string_view otherwise) const {
    const auto found = find(name);
    return found ? found->text() : std::string(otherwise);
}

void Field::ignore(std::string_view name) const {
    expect(Json::Kind::object, "an object");
    if (const Json* found = json_->find(name)) {
        mark_all(*found, *read_);
    }
}

std::vector<std::string> unread(const Json& json, const std::string& path,
                                const Field::Marks& read) {
    if (!read.contains(&json)) {
        return {path};
    }
    std::vector<std::string> found;
    const auto add = [&](const Json& value, const std::string& below) {
        const std::vector<std::string> more = unread(value, below, read);
        found.insert(found.end(), more.begin(), more.end());
    };
    for (std::size_t i = 0; i < json.items.size(); ++i) {
        add(json.items[i], path + '[' + std::to_string(i) + ']');
    }
    for (const auto& [name, value] : json.members()) {
        add(value, path + '.' + name);
    }
    return found;
}

}  // namespace margind::test
