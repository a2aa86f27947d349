#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "daemon/bench/tick_sequence.hpp"
#include "daemon/stand_in/history.hpp"

namespace margind::daemon {
namespace {

// Opens, goes to the end that is nearer, then to the other one, closes.
std::array<std::int64_t, 4> path_of(const stand_in::Bar& bar) {
    const bool low_first = bar.open - bar.low <= bar.high - bar.open;
    return {bar.open, low_first ? bar.low : bar.high, low_first ? bar.high : bar.low, bar.close};
}

// An instrument starts at its own price and goes the way of the history from there.
void append_ticks(const stand_in::History& history, std::uint32_t instrument,
                  std::int64_t base_price, core::Timestamp start, std::vector<Tick>& out) {
    const auto first = static_cast<double>(history.bars.front().open);
    std::int64_t before = base_price;
    for (const stand_in::Bar& bar : history.bars) {
        const std::array<std::int64_t, 4> path = path_of(bar);
        for (std::size_t i = 0; i < path.size(); ++i) {
            const double moved = static_cast<double>(path[i]) / first;
            const std::int64_t price =
                std::max<std::int64_t>(std::llround(moved * static_cast<double>(base_price)), 2);
            if (price == before && i > 0) continue;
            const auto part = history.step.ns() / static_cast<std::int64_t>(path.size());
            out.push_back({.instrument = instrument,
                           .price = price,
                           .before = before,
                           .gap = static_cast<double>(price) <= 0.98 * static_cast<double>(before),
                           .at = bar.start - start +
                                 core::Duration::from_ns(static_cast<std::int64_t>(i) * part)});
            before = price;
        }
    }
}

}  // namespace

std::vector<Tick> recorded_ticks(const Population& population,
                                 const std::vector<std::filesystem::path>& files) {
    if (files.empty()) {
        throw std::runtime_error("scenario history needs prices: name files with --history");
    }
    std::vector<stand_in::History> histories;
    histories.reserve(files.size());
    for (const std::filesystem::path& file : files) {
        histories.push_back(stand_in::read_history(file, {}));
    }
    core::Timestamp start = histories.front().bars.front().start;
    for (const stand_in::History& history : histories) {
        start = std::min(start, history.bars.front().start);
    }
    std::vector<Tick> ticks;
    for (std::uint32_t i = 0; i < population.base_prices.size(); ++i) {
        append_ticks(histories[i % histories.size()], i, population.base_prices[i], start, ticks);
    }
    std::stable_sort(ticks.begin(), ticks.end(),
                     [](const Tick& a, const Tick& b) { return a.at < b.at; });
    return ticks;
}

}  // namespace margind::daemon
