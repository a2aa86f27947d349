// A member's text -> a checked value of a tick. Shared by the decoders, so that the same defect has
// the same Reason at every venue. Each returns Reason::none and fills `value`, or says why not.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.hpp"
#include "feeds/json_reader.hpp"
#include "feeds/tick.hpp"

namespace margind::feeds {

// Text or number; missing_field, wrong_type, bad_number.
Reason read_decimal(const Scalar& scalar, Decimal& value) noexcept;
// As read_decimal, and above zero, else not_positive: prices, and sizes that must be there.
Reason read_positive(const Scalar& scalar, Decimal& value) noexcept;
// As read_positive where stated; absent or null leaves `value` alone.
Reason read_positive_if_stated(const Scalar& scalar, Decimal& value) noexcept;
// A whole number, not negative; absent or null leaves `value` alone. missing is harmless.
Reason read_sequence_if_stated(const Scalar& scalar, std::uint64_t& value) noexcept;
// A whole number within int64.
Reason read_integer(const Scalar& scalar, std::int64_t& value) noexcept;
// 1 .. 128 bytes without blanks, quotes, backslashes and control characters; else bad_symbol.
Reason read_symbol(const Scalar& scalar, std::string_view& value) noexcept;
// ISO 8601 text in UTC; bad_time.
Reason read_utc_time(const Scalar& scalar, core::Timestamp& value) noexcept;
// A count of `unit_ns` since 1970; bad_time.
Reason read_time_count(const Scalar& scalar, std::int64_t unit_ns, core::Timestamp& value) noexcept;

// Fills bid and ask, and their sizes where stated; crossed_book unless bid < ask.
Reason read_book_top(const Scalar& bid, const Scalar& ask, const Scalar& bid_size,
                     const Scalar& ask_size, Tick& tick) noexcept;

// a < b, exactly. Requires: both positive, as made by parse_decimal.
bool less(Decimal a, Decimal b) noexcept;

inline DecodeResult decoded() {
    return {Verdict::decoded, Reason::none, {}, 0};
}
inline DecodeResult ignored(Reason reason, std::string_view detail = {}) {
    return {Verdict::ignored, reason, detail, 0};
}
inline DecodeResult rejected(Reason reason) {
    return {Verdict::rejected, reason, {}, 0};
}
inline DecodeResult control(Reason reason, std::string_view detail = {}, std::uint64_t id = 0) {
    return {Verdict::control, reason, detail, id};
}

}  // namespace margind::feeds
