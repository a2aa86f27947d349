#include "feeds/tick_values.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/units.hpp"
#include "feeds/decimal.hpp"
#include "feeds/time_text.hpp"

namespace margind::feeds {
namespace {

Reason check_number_type(const Scalar& scalar) {
    if (!scalar.stated()) return Reason::missing_field;
    const bool fits = scalar.type == ScalarType::text || scalar.type == ScalarType::number;
    return fits ? Reason::none : Reason::wrong_type;
}

template <class Integer>
bool parse_integer(std::string_view text, Integer& value) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [stopped, error] = std::from_chars(begin, end, value);
    return error == std::errc{} && stopped == end;
}

}  // namespace

Reason read_decimal(const Scalar& scalar, Decimal& value) noexcept {
    if (const Reason reason = check_number_type(scalar); reason != Reason::none) return reason;
    return parse_decimal(scalar.text, value) ? Reason::none : Reason::bad_number;
}

Reason read_positive(const Scalar& scalar, Decimal& value) noexcept {
    if (const Reason reason = read_decimal(scalar, value); reason != Reason::none) return reason;
    return value.mantissa > 0 ? Reason::none : Reason::not_positive;
}

Reason read_positive_if_stated(const Scalar& scalar, Decimal& value) noexcept {
    return scalar.stated() ? read_positive(scalar, value) : Reason::none;
}

Reason read_sequence_if_stated(const Scalar& scalar, std::uint64_t& value) noexcept {
    if (!scalar.stated()) return Reason::none;
    if (const Reason reason = check_number_type(scalar); reason != Reason::none) return reason;
    return parse_integer(scalar.text, value) ? Reason::none : Reason::bad_number;
}

Reason read_integer(const Scalar& scalar, std::int64_t& value) noexcept {
    if (const Reason reason = check_number_type(scalar); reason != Reason::none) return reason;
    return parse_integer(scalar.text, value) ? Reason::none : Reason::bad_number;
}

Reason read_symbol(const Scalar& scalar, std::string_view& value) noexcept {
    constexpr std::size_t kSymbolBytesMax = 128;
    if (!scalar.stated()) return Reason::missing_field;
    const bool fits = scalar.type == ScalarType::text || scalar.type == ScalarType::number;
    if (!fits) return Reason::wrong_type;
    const auto allowed = [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != '"' && c != '\\' && c != 0x7F;
    };
    const bool good = !scalar.text.empty() && scalar.text.size() <= kSymbolBytesMax &&
                      std::all_of(scalar.text.begin(), scalar.text.end(), allowed);
    if (!good) return Reason::bad_symbol;
    value = scalar.text;
    return Reason::none;
}

Reason read_utc_time(const Scalar& scalar, core::Timestamp& value) noexcept {
    if (!scalar.stated()) return Reason::missing_field;
    if (scalar.type != ScalarType::text) return Reason::wrong_type;
    return parse_utc_time(scalar.text, value) ? Reason::none : Reason::bad_time;
}

Reason read_time_count(const Scalar& scalar, std::int64_t unit_ns,
                       core::Timestamp& value) noexcept {
    if (const Reason reason = check_number_type(scalar); reason != Reason::none) return reason;
    std::int64_t count = 0;
    const bool good = parse_integer(scalar.text, count) && time_from_count(count, unit_ns, value);
    return good ? Reason::none : Reason::bad_time;
}

Reason read_book_top(const Scalar& bid, const Scalar& ask, const Scalar& bid_size,
                     const Scalar& ask_size, Tick& tick) noexcept {
    tick.channel = core::Channel::book_top;
    Reason reason = read_positive(bid, tick.bid);
    if (reason == Reason::none) reason = read_positive(ask, tick.ask);
    if (reason == Reason::none) reason = read_positive_if_stated(bid_size, tick.bid_size);
    if (reason == Reason::none) reason = read_positive_if_stated(ask_size, tick.ask_size);
    if (reason == Reason::none && !less(tick.bid, tick.ask)) reason = Reason::crossed_book;
    return reason;
}

bool less(Decimal a, Decimal b) noexcept {
    // Beyond 18 places apart the exponents alone decide: a mantissa has at most 19 digits.
    constexpr std::int32_t kPlacesMax = 18;
    const bool swapped = a.exponent > b.exponent;
    const Decimal high = swapped ? a : b;  // the one with the larger exponent
    const Decimal low = swapped ? b : a;
    core::Int128 high_scaled = high.mantissa;
    std::int32_t places = high.exponent - low.exponent;
    if (places > kPlacesMax) return !swapped;
    for (; places > 0; --places) high_scaled *= 10;
    return swapped ? high_scaled < low.mantissa : low.mantissa < high_scaled;
}

}  // namespace margind::feeds
