// A reference case as an adapter sees it: named parameters and inputs, read by type. Every field
// that is read is remembered, so that one which no adapter looked at fails the case by its name.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/units.hpp"
#include "tests/support/extended.hpp"
#include "tests/venues/answer.hpp"
#include "tests/venues/json.hpp"

namespace margind::test {

// The numbers that the formulas of core/margin run with here: a raw counts 1e-30, prices and
// quantities too (so kPlainContract turns them into values).
using Money = core::MoneyOf<Extended>;
using Rate = core::RateOf<Extended>;
using Price = core::PriceOf<Extended>;
using UnitPrice = core::UnitPriceOf<Extended>;
using Quantity = core::QuantityOf<Extended>;

// What one unit of a linear contract of multiplier 1 is worth.
inline const core::ContractScaleOf<Extended> kPlainContract =
    core::ContractScaleOf<Extended>::from_factor(1);

// One value of a case. All getters throw std::runtime_error, which names the path and what is
// wrong, if the value is missing or of another kind. Decimals may stand as numbers or as text and
// are read exactly (rounded to the nearest beyond 30 decimals). A null counts as absent.
class Field {
  public:
    using Marks = std::set<const Json*>;

    Field(const Json& json, std::string path, Marks& read);

    // This value itself.
    Money money() const { return Money::from_raw(raw()); }
    Rate rate() const { return Rate::from_raw(raw()); }
    Price price() const { return Price::from_raw(raw()); }
    UnitPrice unit_price() const { return UnitPrice::from_raw(raw()); }
    Quantity quantity() const { return Quantity::from_raw(raw()); }
    Integer integer() const;     // any size; refused if it has a fraction
    std::int64_t whole() const;  // an integer of 64 bits: times, counts, decimals
    double real() const;         // for models in floating point
    bool boolean() const;
    std::string text() const;
    bool is_null() const { return json_->kind == Json::Kind::null; }
    std::vector<Field> items() const;                            // of a list
    std::vector<std::pair<std::string, Field>> members() const;  // of an object, as they stand

    // A member of this object: required, or with what it is if absent (decimals as text).
    bool has(std::string_view name) const { return find(name).has_value(); }
    std::optional<Field> find(std::string_view name) const;  // absent or null: nothing
    Field operator[](std::string_view name) const;
    std::vector<Field> items_or_none(std::string_view name) const;
    Money money(std::string_view name) const { return (*this)[name].money(); }
    Rate rate(std::string_view name) const { return (*this)[name].rate(); }
    Price price(std::string_view name) const { return (*this)[name].price(); }
    UnitPrice unit_price(std::string_view name) const { return (*this)[name].unit_price(); }
    Quantity quantity(std::string_view name) const { return (*this)[name].quantity(); }
    Integer integer(std::string_view name) const { return (*this)[name].integer(); }
    std::int64_t whole(std::string_view name) const { return (*this)[name].whole(); }
    double real(std::string_view name) const { return (*this)[name].real(); }
    bool boolean(std::string_view name) const { return (*this)[name].boolean(); }
    std::string text(std::string_view name) const { return (*this)[name].text(); }
    Money money(std::string_view name, std::string_view otherwise) const;
    Rate rate(std::string_view name, std::string_view otherwise) const;
    Price price(std::string_view name, std::string_view otherwise) const;
    UnitPrice unit_price(std::string_view name, std::string_view otherwise) const;
    Quantity quantity(std::string_view name, std::string_view otherwise) const;
    Integer integer(std::string_view name, const Integer& otherwise) const;
    std::int64_t whole(std::string_view name, std::int64_t otherwise) const;
    double real(std::string_view name, double otherwise) const;
    bool boolean(std::string_view name, bool otherwise) const;
    std::string text(std::string_view name, std::string_view otherwise) const;
    // Named, known, and without effect on this model: the adapter says so.
    void ignore(std::string_view name) const;

    [[noreturn]] void fail(const std::string& what) const;  // throws "path: what"

  private:
    Extended::Raw raw() const;
    Rational exact() const;
    Extended::Raw raw_or(std::string_view name, std::string_view otherwise) const;
    void expect(Json::Kind kind, const char* what) const;

    const Json* json_;
    std::string path_;
    Marks* read_;
};

struct Case {
    std::string name;
    std::string model;
    Field params;
    Field inputs;
};

// What was in params and inputs and nobody read, by path; empty if all was.
std::vector<std::string> unread(const Json& json, const std::string& path,
                                const Field::Marks& read);

}  // namespace margind::test
