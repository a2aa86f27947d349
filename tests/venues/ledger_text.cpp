#include "tests/venues/ledger_text.hpp"

#include <cstddef>
#include <limits>

#include "tests/venues/production.hpp"

namespace margind::test {
namespace {

using Raw = Extended::Raw;

// A number of 30 decimals as a count of 10^-decimals.
Raw exact_count(const Raw& raw, int decimals) {
    const Raw step = power_of_ten(Extended::kDecimals - decimals);
    if (raw % step != 0) {
        throw BeyondLedger("a number has more than " + std::to_string(decimals) + " decimals");
    }
    return raw / step;
}

}  // namespace

Raw power_of_ten(int exponent) {
    return boost::multiprecision::pow(Raw(10), static_cast<unsigned>(exponent));
}

int decimals_of(Raw raw) {
    int decimals = Extended::kDecimals;
    while (decimals > 0 && raw % 10 == 0) {
        raw /= 10;
        --decimals;
    }
    return decimals;
}

std::int64_t ledger_count(const Raw& raw, int decimals) {
    const Raw count = exact_count(raw, decimals);
    if (count > std::numeric_limits<std::int64_t>::max() ||
        count < -Raw(std::numeric_limits<std::int64_t>::max())) {
        throw BeyondLedger("a number does not fit 64 bits at " + std::to_string(decimals) +
                           " decimals");
    }
    return static_cast<std::int64_t>(count);
}

std::string decimal_text(const Raw& raw, int decimals_max) {
    const int decimals = decimals_of(raw);
    if (decimals > decimals_max) {
        throw BeyondLedger("a number has more than " + std::to_string(decimals_max) + " decimals");
    }
    std::string digits = Raw(abs(exact_count(raw, decimals))).str();
    if (static_cast<int>(digits.size()) > kConfigDigitsMax) {
        throw BeyondLedger("a number has more than " + std::to_string(kConfigDigitsMax) +
                           " digits");
    }
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) {
        digits.insert(0, places + 1 - digits.size(), '0');
    }
    if (places > 0) {
        digits.insert(digits.size() - places, ".");
    }
    return raw < 0 ? "-" + digits : digits;
}

}  // namespace margind::test
