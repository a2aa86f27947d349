// What one venue will say, in the order of time: either prices made from history, or the messages
// of a recording.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "daemon/stand_in/dialect.hpp"
#include "daemon/stand_in/history.hpp"

namespace margind::daemon::stand_in {

// A price of a symbol, to be said in every stream of that symbol.
struct TapedPrice {
    core::Timestamp time;
    std::uint32_t symbol = 0;  // position in Tape::symbols
    std::int64_t price = 0;    // units of 10^-decimals of the symbol
    double size = 0;           // traded at it
};

// A recorded message, to be said as it is.
struct TapedMessage {
    core::Timestamp time;
    std::uint32_t stream = 0;  // position in Tape::streams
    std::string text;
};

struct Tape {
    std::vector<Symbol> symbols;       // prices: what the venue lists
    std::vector<std::string> streams;  // keys as Dialect makes them; prices: symbols x kinds
    std::vector<TapedPrice> prices;    // one of the two is empty
    std::vector<TapedMessage> messages;

    bool recorded() const { return !messages.empty(); }
    std::size_t size() const { return recorded() ? messages.size() : prices.size(); }
    core::Timestamp time(std::size_t i) const {
        return recorded() ? messages[i].time : prices[i].time;
    }
};

struct TapeOptions {
    Window window;
    std::uint64_t seed = 1;
    // Where a symbol has no bar for longer than this, its last price is said again this often: the
    // book and the oracle of a real venue go on when nobody trades. Zero: silence stays silence.
    core::Duration repeat_quiet;
};

// A symbol and the file that holds its history.
struct SymbolFile {
    std::string symbol;
    std::filesystem::path file;
};

// Both throw std::runtime_error naming file, line and remedy.
Tape tape_from_histories(const Dialect& dialect, const std::vector<SymbolFile>& files,
                         const TapeOptions& options);
// `in` lines with a receive time of the connections in `file` (of `connection` only, if not empty)
// that are market data of this venue; see tests/data/market/README.md for the format.
Tape tape_from_recording(const Dialect& dialect, const std::filesystem::path& file,
                         const std::string& connection, const Window& window);

}  // namespace margind::daemon::stand_in
