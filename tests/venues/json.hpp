// A JSON document as a tree that keeps numbers as they are written: 0.1 stays the decimal it is,
// and 18446744073709551615 or 1e+23 lose nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

namespace margind::test {

// A fraction of two integers of any size: exact.
using Rational = boost::multiprecision::number<boost::multiprecision::cpp_rational_backend,
                                               boost::multiprecision::et_off>;
using Integer = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>,
                                              boost::multiprecision::et_off>;

struct Json {
    enum class Kind : std::uint8_t { null, boolean, number, text, list, object };

    Kind kind = Kind::null;
    bool flag = false;               // boolean
    std::string text;                // text; number: as it is written
    std::vector<Json> items;         // list
    std::vector<std::string> names;  // object: of its members, in the order of the file
    std::vector<Json> values;        // object: of the same

    // Of an object. References: this value must outlive them.
    std::vector<std::pair<const std::string&, const Json&>> members() const;

    // The member of that name, or nullptr.
    const Json* find(std::string_view name) const;
};

// Throws std::runtime_error: what is wrong and in which line.
Json parse_json(std::string_view text);

// As JSON again, on one line.
std::string to_text(const Json& value);

// What a decimal says, exactly: digits, at most one point, an exponent from -400 to 400. Throws
// std::runtime_error if it is none.
Rational parse_decimal(std::string_view text);

// As a decimal of at most `decimals` decimals, the rest cut off.
std::string to_decimal(const Rational& value, int decimals = 30);

}  // namespace margind::test
