#include "feeds/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace margind::feeds {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Collects digits, and holds zeros back until a digit follows that makes them matter.
class Significand {
  public:
    // False when the significant digits no longer fit.
    bool push(char digit) {
        if (digit == '0') {
            zeros_pending_ += magnitude_ != 0 ? 1 : 0;
            return true;
        }
        for (; zeros_pending_ > 0; --zeros_pending_) {
            if (__builtin_mul_overflow(magnitude_, std::int64_t{10}, &magnitude_)) return false;
        }
        return !__builtin_mul_overflow(magnitude_, std::int64_t{10}, &magnitude_) &&
               !__builtin_add_overflow(magnitude_, std::int64_t{digit - '0'}, &magnitude_);
    }
    std::int64_t magnitude() const { return magnitude_; }
    std::int64_t zeros_pending() const { return zeros_pending_; }

  private:
    std::int64_t magnitude_ = 0;
    std::int64_t zeros_pending_ = 0;
};

// The exponent's digits up to the end of the text; false when there are none or it is out of range.
bool parse_exponent(const char* p, const char* end, std::int64_t& exponent) {
    const bool negative = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    if (p == end) return false;
    std::int64_t value = 0;
    for (; p != end; ++p) {
        if (!is_digit(*p)) return false;
        value = std::min<std::int64_t>(value * 10 + (*p - '0'), 2 * kExponentMax);
    }
    exponent = negative ? -value : value;
    return true;
}

}  // namespace

bool parse_decimal(std::string_view text, Decimal& decimal) noexcept {
    const char* p = text.data();
    const char* const end = p + text.size();
    const bool negative = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;

    Significand significand;
    const char* const whole = p;
    for (; p != end && is_digit(*p); ++p) {
        if (!significand.push(*p)) return false;
    }
    auto digits = p - whole;
    std::int64_t exponent = 0;
    if (p != end && *p == '.') {
        const char* const fraction = ++p;
        for (; p != end && is_digit(*p); ++p) {
            if (!significand.push(*p)) return false;
        }
        exponent = -(p - fraction);
        digits += p - fraction;
    }
    if (digits == 0) return false;
    if (p != end) {
        if (*p != 'e' && *p != 'E') return false;
        std::int64_t stated = 0;
        if (!parse_exponent(p + 1, end, stated)) return false;
        exponent += stated;
    }
    if (significand.magnitude() == 0) {
        decimal = Decimal{};
        return true;
    }
    exponent += significand.zeros_pending();
    if (exponent < -kExponentMax || exponent > kExponentMax) return false;
    decimal.mantissa = negative ? -significand.magnitude() : significand.magnitude();
    decimal.exponent = static_cast<std::int32_t>(exponent);
    return true;
}

void append_decimal(std::string& text, Decimal decimal) {
    constexpr std::size_t kDigitsMax = std::numeric_limits<std::uint64_t>::digits10 + 2;
    char digits[kDigitsMax];
    const bool negative = decimal.mantissa < 0;
    const auto raw = static_cast<std::uint64_t>(decimal.mantissa);
    const char* const end =
        std::to_chars(digits, digits + kDigitsMax, negative ? 0 - raw : raw).ptr;
    const std::string_view all(digits, static_cast<std::size_t>(end - digits));

    if (negative) text += '-';
    if (decimal.exponent >= 0) {
        text += all;
        if (decimal.mantissa != 0) text.append(static_cast<std::size_t>(decimal.exponent), '0');
        return;
    }
    const auto places = static_cast<std::size_t>(-static_cast<std::int64_t>(decimal.exponent));
    if (places >= all.size()) {
        text += "0.";
        text.append(places - all.size(), '0');
        text += all;
    } else {
        text += all.substr(0, all.size() - places);
        text += '.';
        text += all.substr(all.size() - places);
    }
}

}  // namespace margind::feeds
