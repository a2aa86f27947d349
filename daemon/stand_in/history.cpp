#include "daemon/stand_in/history.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string_view>

#include "daemon/stand_in/text_file.hpp"
#include "feeds/decimal.hpp"
#include "feeds/normalise.hpp"

namespace margind::daemon::stand_in {
namespace {

constexpr int kReadDecimals = 10;  // prices are read at this scale, then reduced to what is used
constexpr std::size_t kFields = 6;

std::array<std::string_view, kFields> split(std::string_view line) {
    std::array<std::string_view, kFields> fields;
    for (std::string_view& field : fields) {
        const std::size_t comma = line.find(',');
        field = line.substr(0, comma);
        line = comma == std::string_view::npos ? std::string_view{} : line.substr(comma + 1);
    }
    return fields;
}

std::int64_t read_price(std::string_view text, const TextFile& file) {
    feeds::Decimal decimal;
    std::int64_t scaled = 0;
    if (!feeds::parse_decimal(text, decimal) ||
        feeds::scale_exactly(decimal, kReadDecimals, scaled) != feeds::NormaliseError::none ||
        scaled <= 0) {
        throw std::runtime_error(file.at_line("\"" + std::string(text) +
                                              "\" is not a price above zero with at most 10 "
                                              "decimals"));
    }
    return scaled;
}

Bar read_bar(std::string_view line, const TextFile& file) {
    const auto fields = split(line);
    std::int64_t ms = 0;
    const auto [end, error] =
        std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), ms);
    constexpr std::int64_t kMsMax = INT64_MAX / 1'000'000;
    if (error != std::errc{} || end != fields[0].data() + fields[0].size() || ms <= 0 ||
        ms > kMsMax) {
        throw std::runtime_error(file.at_line("\"" + std::string(fields[0]) +
                                              "\" is not a time in milliseconds since 1970"));
    }
    Bar bar;
    bar.start = core::Timestamp::from_ns(ms * 1'000'000);
    bar.open = read_price(fields[1], file);
    bar.high = read_price(fields[2], file);
    bar.low = read_price(fields[3], file);
    bar.close = read_price(fields[4], file);
    if (std::min(bar.open, bar.close) < bar.low || std::max(bar.open, bar.close) > bar.high) {
        throw std::runtime_error(file.at_line("open or close lies outside [low, high]"));
    }
    const std::string_view volume = fields[5];
    const auto volume_end =
        std::from_chars(volume.data(), volume.data() + volume.size(), bar.volume);
    if (volume_end.ec != std::errc{} || !std::isfinite(bar.volume) || bar.volume < 0) {
        throw std::runtime_error(file.at_line("the volume is not a number"));
    }
    return bar;
}

// Reduces the prices to the decimals they use.
void reduce(History& history) {
    history.decimals = kReadDecimals;
    const auto divisible = [&] {
        return std::all_of(history.bars.begin(), history.bars.end(), [](const Bar& bar) {
            return bar.open % 10 == 0 && bar.high % 10 == 0 && bar.low % 10 == 0 &&
                   bar.close % 10 == 0;
        });
    };
    while (history.decimals > 0 && divisible()) {
        for (Bar& bar : history.bars) {
            for (std::int64_t* price : {&bar.open, &bar.high, &bar.low, &bar.close}) *price /= 10;
        }
        --history.decimals;
    }
}

}  // namespace

History read_history(const std::filesystem::path& file, const Window& window) {
    TextFile text(file);
    std::string_view line;
    if (!text.next(line) || !line.starts_with("ts_ms,open,high,low,close,volume")) {
        throw std::runtime_error(
            text.at_line("the header ts_ms,open,high,low,close,volume is missing"));
    }
    History history;
    core::Timestamp last;
    auto shortest = core::Duration::from_seconds(24 * 3600);
    while (text.next(line)) {
        const Bar bar = read_bar(line, text);
        if (last.stated() && bar.start <= last) {
            throw std::runtime_error(text.at_line("the time does not grow"));
        }
        if (last.stated()) shortest = std::min(shortest, bar.start - last);
        last = bar.start;
        if (window.contains(bar.start)) history.bars.push_back(bar);
    }
    if (history.bars.empty()) {
        throw std::runtime_error(file.string() +
                                 ": no bar lies in the time asked for; widen --from and --to");
    }
    history.step = shortest;
    reduce(history);
    return history;
}

void append_decimal(std::string& out, std::int64_t units, int decimals, int decimals_min) {
    if (units < 0) out += '-';
    const std::uint64_t magnitude =
        units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
    std::string digits = std::to_string(magnitude);
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    out.append(digits, 0, digits.size() - places);
    if (decimals > 0 || decimals_min > 0) out += '.';
    out.append(digits, digits.size() - places, places);
    if (decimals < decimals_min) out.append(static_cast<std::size_t>(decimals_min - decimals), '0');
}

}  // namespace margind::daemon::stand_in
