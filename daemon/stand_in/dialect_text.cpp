#include "daemon/stand_in/dialect_text.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace margind::daemon::stand_in {

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string utc_text(core::Timestamp time, int digits) {
    using namespace std::chrono;
    const sys_time<nanoseconds> moment{nanoseconds(time.ns())};
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss clock(moment - day);
    std::string text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                    clock.subseconds().count());
    text.resize(text.size() - 9 + static_cast<std::size_t>(digits));
    return text += 'Z';
}

std::string size_text(double size) {
    return fmt::format("{:.8f}", std::max(size, 1e-8));
}

}  // namespace margind::daemon::stand_in
