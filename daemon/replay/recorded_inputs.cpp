#include "daemon/replay/recorded_inputs.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "daemon/accounts_file.hpp"
#include "daemon/ingress/account_lines.hpp"
#include "daemon/line_reader.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "feeds/recording.hpp"
#include "feeds/venue.hpp"

namespace margind::daemon {
namespace {

constexpr std::size_t kLineBytesMax = 64 * 1024 * 1024;  // a full order book snapshot fits
constexpr std::size_t kProblemsMax = 100;

// The time of the line at work, for inputs that FeedInputs stamps itself.
class LineClock final : public feeds::Clock {
  public:
    core::Timestamp now() noexcept override { return time; }
    core::Timestamp time;
};

// Takes every input as it comes.
class Collected final : public Delivery {
  public:
    bool has_room(std::size_t) noexcept override { return true; }
    bool conflates(core::SourceId) const noexcept override { return false; }
    void price(const core::Input& input) noexcept override { inputs.push_back(input); }
    void feed_state(const core::Input& input) noexcept override { inputs.push_back(input); }
    void update(std::span<const core::Input> records) noexcept override {
        inputs.insert(inputs.end(), records.begin(), records.end());
    }
    std::vector<core::Input> inputs;
};

// The venue whose recordings a file of this name holds, as `margind decode --captures` has it: the
// venue's name, alone or followed by _something; coinbase is two, told apart by the URL.
const feeds::Venue* venue_of(std::string_view stem, std::string_view url) {
    const auto starts_with = [&](std::string_view name) {
        return stem == name || (stem.starts_with(name) && stem[name.size()] == '_');
    };
    for (const feeds::Venue* venue : feeds::venues()) {
        if (starts_with(venue->name())) return venue;
    }
    if (!starts_with("coinbase")) return nullptr;
    const bool advanced = url.find("advanced-trade") != std::string_view::npos;
    return feeds::find_venue(advanced ? "coinbase_advanced" : "coinbase_exchange");
}

struct Connection {
    std::uint32_t order = 0;
    std::string name;
    std::optional<core::FeedId> feed;  // none: its messages are left out
    std::unique_ptr<feeds::Decoder> decoder;
    bool begun = false;
    core::Timestamp last_time;  // not stated: no line had one yet
    std::uint64_t left_out = 0;
};

// Where an input belongs in the sequence.
struct Place {
    core::Timestamp time;
    std::uint32_t connection = 0;
    std::size_t index = 0;  // in order of reading
};

class Reading {
  public:
    Reading(const config::Settings& settings, MissingTime missing_time)
        : settings_(settings),
          missing_time_(missing_time),
          inputs_(settings.risk, clock_, collected_),
          account_lines_(settings.risk),
          batch_(std::make_unique<feeds::TickBatch>()) {}

    void read(const std::filesystem::path& file);
    RecordedInputs finish();

  private:
    using Line = feeds::RecordedLine;

    void take(const Line& line, std::string_view text);
    void take_meta(const Line& line);
    void take_message(const Line& line);
    void take_update(std::string_view text);
    void decode(Connection& connection, const Line& line);
    Connection& connection(std::string_view name);
    void assign_feed(Connection& connection, std::string_view feed, std::string_view url);
    std::optional<core::FeedId> only_feed_of(const feeds::Venue* venue) const;
    bool set_time(Connection& connection, core::Timestamp stated);
    void placed(const Connection& connection);
    void problem(std::string_view what);
    void assume_missing_times();

    const config::Settings& settings_;
    const MissingTime missing_time_;
    LineClock clock_;
    Collected collected_;
    FeedInputs inputs_;
    AccountLines account_lines_;
    std::vector<core::Input> records_;
    feeds::RecordingReader recording_;
    std::unique_ptr<feeds::TickBatch> batch_;
    std::uint32_t connection_count_ = 0;
    std::vector<Place> places_;  // of collected_.inputs
    RecordedInputs result_;
    std::uint64_t problem_count_ = 0;
    // Of the file at work.
    const LineReader* reader_ = nullptr;
    std::string stem_;
    std::map<std::string, Connection, std::less<>> connections_;
};

void Reading::read(const std::filesystem::path& file) {
    LineReader reader(file, kLineBytesMax);
    reader_ = &reader;
    connections_.clear();
    std::filesystem::path name = file.filename();
    if (name.extension() == ".gz") name = name.stem();
    stem_ = name.stem().string();
    std::string_view text;
    for (;;) {
        const LineReader::Result result = reader.next(text);
        if (result == LineReader::Result::end) break;
        if (text.find_first_not_of(" \t") == text.npos) continue;
        ++result_.tally.lines;
        if (result == LineReader::Result::too_long) {
            problem("longer than 64 MiB: not a recorded message");
        } else {
            take(recording_.read(text), text);
        }
    }
    for (const auto& [id, connection] : connections_) {
        if (connection.left_out == 0) continue;
        result_.notices.push_back(fmt::format(
            "{}: {} messages of connection {} are left out: no feed of the config stands for it; "
            "add \"feed\":\"NAME\" to its meta line, or name the file after the feed or its venue",
            file.string(), connection.left_out, id));
    }
}

void Reading::take(const Line& line, std::string_view text) {
    switch (line.kind) {
        case Line::Kind::meta:
            ++result_.tally.not_messages;
            take_meta(line);
            return;
        case Line::Kind::in:
            take_message(line);
            return;
        case Line::Kind::out:
        case Line::Kind::open:
        case Line::Kind::http:
            ++result_.tally.not_messages;
            return;
        case Line::Kind::message:
            take_update(text);
            return;
        case Line::Kind::malformed:
            problem(line.problem);
            return;
    }
}

void Reading::take_meta(const Line& line) {
    assign_feed(connection(line.connection), line.feed, line.url);
}

Connection& Reading::connection(std::string_view name) {
    const auto known = connections_.find(name);
    if (known != connections_.end()) return known->second;
    Connection& added = connections_[std::string(name)];
    added.order = connection_count_++;
    added.name = name;
    assign_feed(added, {}, {});
    return added;
}

void Reading::assign_feed(Connection& connection, std::string_view feed, std::string_view url) {
    connection.feed.reset();
    const auto named = [&](std::string_view name) -> std::optional<core::FeedId> {
        for (std::uint32_t i = 0; i < settings_.feeds.size(); ++i) {
            if (settings_.feeds[i].name == name) return core::FeedId(i);
        }
        return std::nullopt;
    };
    if (!feed.empty()) {
        connection.feed = named(feed);
        if (!connection.feed) connection.feed = only_feed_of(feeds::find_venue(feed));
        if (!connection.feed) {
            problem(fmt::format("\"feed\": the config has no feed {}, nor just one of that venue",
                                feed));
        }
    } else {
        connection.feed = named(stem_);
        if (!connection.feed) connection.feed = only_feed_of(venue_of(stem_, url));
    }
    if (!connection.feed) return;
    const feeds::Venue* venue = feeds::find_venue(settings_.feeds[connection.feed->index()].venue);
    connection.decoder = venue->make_decoder();  // the config loader knows only real venues
}

// None when there are several to choose from.
std::optional<core::FeedId> Reading::only_feed_of(const feeds::Venue* venue) const {
    std::optional<core::FeedId> only;
    for (std::uint32_t i = 0; venue != nullptr && i < settings_.feeds.size(); ++i) {
        if (settings_.feeds[i].venue != venue->name()) continue;
        if (only) return std::nullopt;
        only = core::FeedId(i);
    }
    return only;
}

void Reading::take_message(const Line& line) {
    Connection& from = connection(line.connection);
    if (!from.feed) {
        ++from.left_out;
        ++result_.tally.left_out;
        return;
    }
    if (!set_time(from, line.time)) return;
    const std::size_t before = collected_.inputs.size();
    if (!std::exchange(from.begun, true)) {
        inputs_.on_state(*from.feed, core::FeedState::connecting, core::FeedReason::started);
        inputs_.on_state(*from.feed, core::FeedState::live, core::FeedReason::subscribed);
    }
    decode(from, line);
    if (collected_.inputs.size() != before) placed(from);
}

void Reading::decode(Connection& connection, const Line& line) {
    batch_->clear();
    const feeds::DecodeResult result = connection.decoder->decode(line.raw, clock_.time, *batch_);
    ++result_.tally.by_verdict[static_cast<std::size_t>(result.verdict)];
    ++result_.tally.by_reason[static_cast<std::size_t>(result.reason)];
    if (result.verdict != feeds::Verdict::decoded) return;
    inputs_.on_ticks(*connection.feed, *batch_, clock_.time);
}

// A line that is no recorded message can only be an account update.
void Reading::take_update(std::string_view text) {
    const std::string wrong = account_lines_.parse(text, records_);
    if (!wrong.empty()) {
        problem("neither a recorded message nor an account update: " + wrong);
        return;
    }
    Connection& from = connection("account updates");
    if (!set_time(from, records_.front().exchange_time)) return;
    ++result_.tally.account_updates;
    for (core::Input& record : records_) {
        record.origin = kOriginRecorded;
        record.receive_time = clock_.time;
        collected_.inputs.push_back(record);
    }
    placed(from);
}

// The time of the line at work: never before that of the line before it in its connection.
bool Reading::set_time(Connection& connection, core::Timestamp stated) {
    if (!stated.stated()) {
        if (missing_time_ == MissingTime::refuse) {
            problem("no time in \"t\"; record one, or let --assume-time take the line before's");
            return false;
        }
        ++result_.tally.time_assumed;
    }
    connection.last_time = std::max(connection.last_time, stated);
    clock_.time = connection.last_time;
    return true;
}

void Reading::placed(const Connection& connection) {
    while (places_.size() < collected_.inputs.size()) {
        places_.push_back({clock_.time, connection.order, places_.size()});
    }
}

void Reading::problem(std::string_view what) {
    if (++problem_count_ > kProblemsMax) return;
    result_.problems.push_back(
        fmt::format("{}:{}: {}", reader_->file().string(), reader_->line_number(), what));
}

// What came before the first stated time of its connection is taken to be as early as can be.
void Reading::assume_missing_times() {
    core::Timestamp earliest;
    for (const Place& place : places_) {
        if (place.time.stated() && (!earliest.stated() || place.time < earliest)) {
            earliest = place.time;
        }
    }
    if (!earliest.stated()) earliest = core::Timestamp() + core::Duration::from_seconds(1);
    for (Place& place : places_) {
        if (!place.time.stated()) place.time = earliest;
    }
}

RecordedInputs Reading::finish() {
    if (problem_count_ > kProblemsMax) {
        result_.problems.push_back(
            fmt::format("and {} problems more", problem_count_ - kProblemsMax));
    }
    assume_missing_times();
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
        return std::tuple(a.time, a.connection, a.index) <
               std::tuple(b.time, b.connection, b.index);
    });
    result_.inputs.reserve(places_.size());
    for (const Place& place : places_) {
        core::Input& input = collected_.inputs[place.index];
        input.receive_time = place.time;
        result_.inputs.push_back(input);
    }
    const NormaliseTally& tally = inputs_.tally();
    result_.tally.no_source = tally.no_source;
    result_.tally.not_scalable = tally.too_precise + tally.too_large;
    return std::move(result_);
}

}  // namespace

RecordedInputs read_recordings(const config::Settings& settings,
                               const std::vector<std::filesystem::path>& files,
                               MissingTime missing_time) {
    Reading reading(settings, missing_time);
    for (const std::filesystem::path& file : files) reading.read(file);
    return reading.finish();
}

}  // namespace margind::daemon
