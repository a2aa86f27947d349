// margind decode: recorded messages in, normalised ticks out, and what became of every message.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "daemon/commands/command.hpp"
#include "daemon/gateway/event_json.hpp"
#include "feeds/decimal.hpp"
#include "feeds/feed_tally.hpp"
#include "feeds/recording.hpp"
#include "feeds/venue.hpp"

namespace margind::daemon {
namespace {

using feeds::Reason;
using feeds::RecordedLine;
using feeds::Verdict;

// Neither understood nor refused for something the venue got wrong: a gap in our decoder, or a line
// that is no message.
bool unexplained(const feeds::DecodeResult& result) {
    return result.reason == Reason::unknown_type || result.reason == Reason::not_json ||
           (result.verdict != Verdict::decoded && result.reason == Reason::none);
}

struct VenueTally {
    std::uint64_t messages = 0;
    std::uint64_t ticks = 0;
    std::uint64_t unexplained = 0;
    std::array<std::uint64_t, 4> by_verdict{};
    std::array<std::uint64_t, static_cast<std::size_t>(Reason::count_)> by_reason{};

    void add(const feeds::DecodeResult& result, std::size_t tick_count) {
        ++messages;
        ticks += tick_count;
        if (daemon::unexplained(result)) ++unexplained;
        ++by_verdict[static_cast<std::size_t>(result.verdict)];
        ++by_reason[static_cast<std::size_t>(result.reason)];
    }
    std::uint64_t count(Verdict verdict) const {
        return by_verdict[static_cast<std::size_t>(verdict)];
    }
};

// Lines of a recording that are not messages from the venue.
struct OtherLines {
    std::uint64_t meta = 0, sent = 0, opened = 0, http = 0, malformed = 0;
};

// ---- ticks as NDJSON

void append_number(std::string& out, std::string_view key, feeds::Decimal value) {
    out += fmt::format(",\"{}\":\"", key);
    feeds::append_decimal(out, value);
    out += '"';
}

void append_if_stated(std::string& out, std::string_view key, feeds::Decimal value) {
    if (value.mantissa != 0) append_number(out, key, value);
}

std::string_view name_of_side(feeds::TakerSide side) {
    return side == feeds::TakerSide::buy ? "buy" : "sell";
}

std::string to_json(const feeds::Tick& tick, std::uint64_t line, core::Timestamp receive_time) {
    TextBuffer symbol;
    append_quoted(symbol, tick.symbol);
    std::string out = fmt::format("{{\"line\":{},\"channel\":\"{}\",\"symbol\":{}", line,
                                  name_of(tick.channel), fmt::to_string(symbol));
    if (tick.channel == core::Channel::book_top) {
        append_number(out, "bid", tick.bid);
        append_if_stated(out, "bid_size", tick.bid_size);
        append_number(out, "ask", tick.ask);
        append_if_stated(out, "ask_size", tick.ask_size);
    } else {
        append_number(out, "price", tick.price);
        append_if_stated(out, "size", tick.size);
    }
    if (tick.channel == core::Channel::oracle) append_number(out, "confidence", tick.confidence);
    if (tick.taker_side != feeds::TakerSide::unknown) {
        out += fmt::format(",\"taker_side\":\"{}\"", name_of_side(tick.taker_side));
    }
    if (tick.sequence != 0) out += fmt::format(",\"sequence\":{}", tick.sequence);
    if (tick.exchange_time.stated()) {
        out += fmt::format(",\"exchange_time\":{}", tick.exchange_time.ns());
    }
    if (receive_time.stated()) out += fmt::format(",\"receive_time\":{}", receive_time.ns());
    return out += "}\n";
}

// ---- one recording

constexpr std::uint64_t kComplaintsMax = 20;  // shown per recording; the tally counts them all

std::string excerpt(std::string_view text) {
    constexpr std::size_t kShown = 120;
    return std::string(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
}

// Reads a recording line by line and hands every message to its venue's decoder.
class Decoding {
  public:
    // Which venue speaks on a connection, given the URL of its meta line (empty where it has none).
    using VenueOf = std::function<const feeds::Venue&(std::string_view url)>;
    // Called for each decoded message.
    using OnTicks =
        std::function<void(const feeds::TickBatch&, std::uint64_t line, core::Timestamp)>;

    Decoding(std::string name, VenueOf venue_of, OnTicks on_ticks)
        : name_(std::move(name)),
          venue_of_(std::move(venue_of)),
          on_ticks_(std::move(on_ticks)),
          batch_(std::make_unique<feeds::TickBatch>()) {}

    void read(std::istream& input) {
        std::string text;
        while (std::getline(input, text)) {
            ++line_;
            if (!text.empty() && text.back() == '\r') text.pop_back();
            if (!text.empty()) take(reader_.read(text));
        }
        if (complaints_ > kComplaintsMax) {
            fmt::print(stderr, "{}: {} more lines like these\n", name_,
                       complaints_ - kComplaintsMax);
        }
    }

    const std::map<std::string_view, VenueTally>& tallies() const { return tallies_; }
    const OtherLines& other() const { return other_; }

  private:
    void take(const RecordedLine& line) {
        switch (line.kind) {
            case RecordedLine::Kind::in:
            case RecordedLine::Kind::message:
                decode(line);
                return;
            case RecordedLine::Kind::meta:
                ++other_.meta;
                urls_[std::string(line.connection)] = line.url;
                return;
            case RecordedLine::Kind::out:
                ++other_.sent;
                return;
            case RecordedLine::Kind::open:
                ++other_.opened;
                return;
            case RecordedLine::Kind::http:
                ++other_.http;
                return;
            case RecordedLine::Kind::malformed:
                ++other_.malformed;
                complain(fmt::format("malformed recording: {}", line.problem));
                return;
        }
    }

    void decode(const RecordedLine& line) {
        const feeds::Venue& venue = venue_of_(urls_[std::string(line.connection)]);
        std::unique_ptr<feeds::Decoder>& decoder = decoders_[venue.name()];
        if (!decoder) decoder = venue.make_decoder();

        const feeds::DecodeResult result = decoder->decode(line.raw, line.time, *batch_);
        tallies_[venue.name()].add(result, batch_->size());
        if (result.verdict == Verdict::decoded) {
            on_ticks_(*batch_, line_, line.time);
        } else if (result.verdict == Verdict::rejected || unexplained(result)) {
            complain(
                fmt::format("{} by {}: {}: {}",
                            result.verdict == Verdict::rejected ? "rejected" : "not understood",
                            venue.name(), feeds::to_string(result.reason), excerpt(line.raw)));
        }
    }

    void complain(const std::string& what) {
        if (++complaints_ <= kComplaintsMax) fmt::print(stderr, "{}:{}: {}\n", name_, line_, what);
    }

    std::string name_;
    VenueOf venue_of_;
    OnTicks on_ticks_;
    feeds::RecordingReader reader_;
    std::unique_ptr<feeds::TickBatch> batch_;  // too large for the stack
    std::map<std::string_view, std::unique_ptr<feeds::Decoder>> decoders_;
    std::map<std::string, std::string> urls_;  // by connection
    std::map<std::string_view, VenueTally> tallies_;
    OtherLines other_;
    std::uint64_t line_ = 0;
    std::uint64_t complaints_ = 0;
};

// ---- margind decode --venue

constexpr std::array<std::string_view, 4> kVerdictNames{"decoded", "control", "ignored",
                                                        "rejected"};

void print_tally(std::string_view venue, const VenueTally& tally) {
    fmt::print(stderr, "{}: {} messages, {} ticks\n", venue, tally.messages, tally.ticks);
    for (std::size_t i = 0; i < kVerdictNames.size(); ++i) {
        fmt::print(stderr, "  {:<22}{:>10}\n", kVerdictNames[i], tally.by_verdict[i]);
    }
    for (std::size_t i = 1; i < tally.by_reason.size(); ++i) {
        if (tally.by_reason[i] == 0) continue;
        fmt::print(stderr, "    {:<20}{:>10}\n", feeds::to_string(static_cast<Reason>(i)),
                   tally.by_reason[i]);
    }
}

void print_other(std::string_view name, const OtherLines& other) {
    fmt::print(stderr,
               "{}: besides {} lines sent, {} http answers, {} connections opened, {} meta, "
               "{} malformed\n",
               name, other.sent, other.http, other.opened, other.meta, other.malformed);
}

int decode_stdin(const std::string& venue_name, bool stats_only) {
    const feeds::Venue* const venue = feeds::find_venue(venue_name);
    if (venue == nullptr) {
        std::string known;
        for (const feeds::Venue* each : feeds::venues()) known += fmt::format(" {}", each->name());
        fmt::print(stderr, "margind decode: no venue {}; there are{}\n", venue_name, known);
        return kUsage;
    }
    std::ios::sync_with_stdio(false);
    Decoding decoding(
        "stdin", [&](std::string_view) -> const feeds::Venue& { return *venue; },
        [&](const feeds::TickBatch& batch, std::uint64_t line, core::Timestamp time) {
            if (stats_only) return;
            for (const feeds::Tick& tick : batch) std::cout << to_json(tick, line, time);
        });
    decoding.read(std::cin);
    std::cout.flush();

    VenueTally tally;
    if (const auto found = decoding.tallies().find(venue->name());
        found != decoding.tallies().end())
        tally = found->second;
    print_tally(venue->name(), tally);
    print_other("stdin", decoding.other());
    if (!std::cout) {
        fmt::print(stderr,
                   "margind decode: standard output was closed or is full; output is cut\n");
        return kFailed;
    }
    return tally.unexplained == 0 && decoding.other().malformed == 0 ? kOk : kFailed;
}

// ---- margind decode --captures

// The venue of a file, by its name: that of a venue, alone or followed by _something. Coinbase has
// two feeds, told apart by the URL of the connection. Null for a venue we do not know.
Decoding::VenueOf venue_of_file(std::string_view stem) {
    const auto starts_with = [&](std::string_view name) {
        return stem == name || (stem.starts_with(name) && stem[name.size()] == '_');
    };
    for (const feeds::Venue* venue : feeds::venues()) {
        if (!starts_with(venue->name())) continue;
        return [venue](std::string_view) -> const feeds::Venue& { return *venue; };
    }
    if (!starts_with("coinbase")) return nullptr;
    return [](std::string_view url) -> const feeds::Venue& {
        const bool advanced = url.find("advanced-trade") != std::string_view::npos;
        return *feeds::find_venue(advanced ? "coinbase_advanced" : "coinbase_exchange");
    };
}

void merge(VenueTally& into, const VenueTally& from) {
    into.messages += from.messages;
    into.ticks += from.ticks;
    into.unexplained += from.unexplained;
    for (std::size_t i = 0; i < into.by_verdict.size(); ++i) {
        into.by_verdict[i] += from.by_verdict[i];
    }
    for (std::size_t i = 0; i < into.by_reason.size(); ++i) into.by_reason[i] += from.by_reason[i];
}

// Unexplained messages are neither ignored nor rejected in the table: the four columns add up.
void print_row(std::string_view venue, const VenueTally& tally) {
    const auto unknown = tally.by_reason[static_cast<std::size_t>(Reason::unknown_type)];
    const auto not_json = tally.by_reason[static_cast<std::size_t>(Reason::not_json)];
    fmt::print("{:<18} {:>7} {:>7} {:>7} {:>8} {:>11}\n", venue, tally.messages,
               tally.count(Verdict::decoded),
               tally.count(Verdict::ignored) + tally.count(Verdict::control) - unknown,
               tally.count(Verdict::rejected) - not_json, tally.unexplained);
}

std::vector<std::filesystem::path> recordings_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

int decode_captures(const std::filesystem::path& folder) {
    const auto files = recordings_in(folder);
    if (files.empty()) {
        fmt::print(stderr, "margind decode: no .jsonl file can be read in {}\n", folder.string());
        return kUnavailable;
    }
    std::map<std::string_view, VenueTally> by_venue;
    bool malformed = false;
    for (const std::filesystem::path& file : files) {
        const std::string name = file.filename().string();
        Decoding::VenueOf venue_of = venue_of_file(file.stem().string());
        if (!venue_of) {
            fmt::print(stderr, "{}: a venue we do not decode yet: left out\n", name);
            continue;
        }
        std::ifstream input(file);
        if (!input) {
            fmt::print(stderr, "{}: cannot be opened\n", file.string());
            return kUnavailable;
        }
        Decoding decoding(name, std::move(venue_of),
                          [](const feeds::TickBatch&, std::uint64_t, core::Timestamp) {});
        decoding.read(input);
        for (const auto& [venue, tally] : decoding.tallies()) merge(by_venue[venue], tally);
        print_other(name, decoding.other());
        malformed = malformed || decoding.other().malformed > 0;
    }

    fmt::print("{:<18} {:>7} {:>7} {:>7} {:>8} {:>11}\n", "venue", "lines", "decoded", "ignored",
               "rejected", "unexplained");
    bool explained = true;
    for (const auto& [venue, tally] : by_venue) {
        print_row(venue, tally);
        explained = explained && tally.unexplained == 0;
    }
    return explained && !malformed ? kOk : kFailed;
}

struct Options {
    std::string venue;
    std::string captures;
    bool stats_only = false;
};

}  // namespace

void add_decode(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    CLI::App* const command = app.add_subcommand(
        "decode", "Recorded messages in, normalised ticks out; a tally of verdicts to stderr");
    command->footer(
        "Reads standard input: a recording ({\"conn\",\"dir\",\"t\",\"raw\"} a line) or one raw\n"
        "message a line. Exit code 1 when a line is malformed or of a type that is not known.");
    auto* const venue = command->add_option("--venue", options->venue, "Whose messages they are");
    command->add_flag("--stats", options->stats_only, "Only the tally, no ticks")->needs(venue);
    auto* const captures = command->add_option(
        "--captures", options->captures,
        "Instead: every <venue>.jsonl of this folder, a line of totals for each venue");
    venue->excludes(captures);
    command->callback([options, &exit_code] {
        if (!options->captures.empty()) {
            exit_code = decode_captures(options->captures);
        } else if (!options->venue.empty()) {
            exit_code = decode_stdin(options->venue, options->stats_only);
        } else {
            fmt::print(stderr, "margind decode: say --venue NAME or --captures DIR\n");
            exit_code = kUsage;
        }
    });
}

}  // namespace margind::daemon
