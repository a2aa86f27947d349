#include "feeds/time_text.hpp"

#include <chrono>
#include <limits>

namespace margind::feeds {
namespace {

// Reads `text[first, first + count)` as digits; false when one is not.
bool read_digits(std::string_view text, std::size_t first, std::size_t count, int& value) {
    value = 0;
    for (std::size_t i = first; i < first + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        value = value * 10 + (text[i] - '0');
    }
    return true;
}

constexpr std::size_t kSecondsLength = 19;  // of 2021-04-17T16:43:29

// What follows the seconds: nothing or .1 to .123456789, then Z.
bool read_fraction(std::string_view text, std::int64_t& ns) {
    ns = 0;
    if (text == "Z") return true;
    constexpr std::size_t kShortest = 3;
    constexpr std::size_t kLongest = 11;
    if (text.size() < kShortest || text.size() > kLongest) return false;
    if (text.front() != '.' || text.back() != 'Z') return false;
    int digits = 0;
    const std::size_t count = text.size() - 2;
    if (!read_digits(text, 1, count, digits)) return false;
    ns = digits;
    for (std::size_t i = count; i < 9; ++i) ns *= 10;
    return true;
}

}  // namespace

bool parse_utc_time(std::string_view text, core::Timestamp& time) noexcept {
    if (text.size() <= kSecondsLength) return false;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    std::int64_t ns = 0;
    const bool shaped =
        read_digits(text, 0, 4, year) && text[4] == '-' && read_digits(text, 5, 2, month) &&
        text[7] == '-' && read_digits(text, 8, 2, day) && text[10] == 'T' &&
        read_digits(text, 11, 2, hour) && text[13] == ':' && read_digits(text, 14, 2, minute) &&
        text[16] == ':' && read_digits(text, 17, 2, second) &&
        read_fraction(text.substr(kSecondsLength), ns);
    if (!shaped) return false;

    namespace chrono = std::chrono;
    const chrono::year_month_day date{chrono::year{year},
                                      chrono::month{static_cast<unsigned>(month)},
                                      chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return false;
    if (year == 1) {
        time = core::Timestamp{};
        return true;
    }
    if (year < 1970 || year > 2261) return false;
    const std::int64_t days = chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second;
    time = core::Timestamp::from_ns(seconds * kSecond + ns);
    return true;
}

bool time_from_count(std::int64_t count, std::int64_t unit_ns, core::Timestamp& time) noexcept {
    if (count <= 0 || count > std::numeric_limits<std::int64_t>::max() / unit_ns) return false;
    time = core::Timestamp::from_ns(count * unit_ns);
    return true;
}

}  // namespace margind::feeds
