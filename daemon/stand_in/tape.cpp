#include "daemon/stand_in/tape.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <simdjson.h>

#include "daemon/stand_in/price_path.hpp"
#include "daemon/stand_in/text_file.hpp"

namespace margind::daemon::stand_in {
namespace {

constexpr std::size_t kTapeEntriesMax = 50'000'000;  // 32 bytes each

std::uint64_t seed_of(std::string_view symbol, std::uint64_t seed) {
    for (const char c : symbol) seed = mix(seed, static_cast<unsigned char>(c));
    return seed;
}

class PriceTape {
  public:
    PriceTape(Tape& tape, const TapeOptions& options) : tape_(tape), options_(options) {}

    void add(std::uint32_t symbol, const History& history) {
        const std::uint64_t seed = seed_of(tape_.symbols[symbol].name, options_.seed);
        for (const Bar& bar : history.bars) {
            const PricePath path = path_of(bar, history.step, seed);
            repeat_until(path.points[0].time, symbol);
            for (std::size_t k = 0; k < path.count; ++k) {
                const auto& [time, price] = path.points[k];
                last_ = {time, symbol, price, bar.volume / static_cast<double>(path.count)};
                push(last_);
            }
        }
        last_ = {};
    }

  private:
    void repeat_until(core::Timestamp end, std::uint32_t symbol) {
        if (options_.repeat_quiet <= core::Duration{} || !last_.time.stated()) return;
        const TapedPrice again{last_.time, symbol, last_.price, 0};
        for (auto t = last_.time + options_.repeat_quiet; t < end; t = t + options_.repeat_quiet) {
            push({t, again.symbol, again.price, again.size});
        }
    }

    void push(const TapedPrice& price) {
        if (tape_.prices.size() == kTapeEntriesMax) {
            throw std::runtime_error("more than 50 million prices to say; narrow --from and --to");
        }
        tape_.prices.push_back(price);
    }

    Tape& tape_;
    const TapeOptions& options_;
    TapedPrice last_;  // of the symbol being added
};

}  // namespace

Tape tape_from_histories(const Dialect& dialect, const std::vector<SymbolFile>& files,
                         const TapeOptions& options) {
    Tape tape;
    PriceTape prices(tape, options);
    for (const SymbolFile& each : files) {
        const History history = read_history(each.file, options.window);
        if (history.decimals > dialect.decimals_max()) {
            throw std::runtime_error(each.file.string() + ": prices have " +
                                     std::to_string(history.decimals) + " decimals, but " +
                                     std::string(dialect.venue()) + " writes at most " +
                                     std::to_string(dialect.decimals_max()));
        }
        const auto symbol = static_cast<std::uint32_t>(tape.symbols.size());
        tape.symbols.push_back({.name = each.symbol, .decimals = history.decimals});
        for (std::size_t kind = 0; kind < dialect.kinds(); ++kind) {
            tape.streams.push_back(dialect.stream(each.symbol, kind));
        }
        prices.add(symbol, history);
    }
    // Stable: prices of one moment stay in the order of the symbols, on every machine.
    std::stable_sort(tape.prices.begin(), tape.prices.end(),
                     [](const TapedPrice& a, const TapedPrice& b) { return a.time < b.time; });
    return tape;
}

Tape tape_from_recording(const Dialect& dialect, const std::filesystem::path& file,
                         const std::string& connection, const Window& window) {
    TextFile text(file);
    simdjson::dom::parser parser;
    Tape tape;
    std::unordered_map<std::string, std::uint32_t> streams;
    std::string_view line;
    while (text.next(line)) {
        if (line.empty()) continue;
        simdjson::dom::object object;
        std::string_view direction, conn, raw;
        std::int64_t t = 0;
        if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS ||
            object["dir"].get(direction) != simdjson::SUCCESS ||
            object["conn"].get(conn) != simdjson::SUCCESS) {
            throw std::runtime_error(text.at_line("not a line of a recording: it needs dir, conn"));
        }
        if (direction != "in" || (!connection.empty() && conn != connection)) continue;
        if (object["t"].get(t) != simdjson::SUCCESS) continue;  // null: without a receive clock
        const core::Timestamp time = core::Timestamp::from_ns(t);
        if (!window.contains(time) || object["raw"].get(raw) != simdjson::SUCCESS) continue;
        std::string key = dialect.stream_of(raw);
        if (key.empty()) continue;
        const auto next = static_cast<std::uint32_t>(tape.streams.size());
        const auto [entry, added] = streams.try_emplace(std::move(key), next);
        if (added) tape.streams.push_back(entry->first);
        tape.messages.push_back({time, entry->second, std::string(dialect.payload_of(raw))});
    }
    if (tape.messages.empty()) {
        throw std::runtime_error(file.string() + ": no message of " + std::string(dialect.venue()) +
                                 " with a receive time in the time asked for");
    }
    std::stable_sort(tape.messages.begin(), tape.messages.end(),
                     [](const TapedMessage& a, const TapedMessage& b) { return a.time < b.time; });
    return tape;
}

}  // namespace margind::daemon::stand_in
