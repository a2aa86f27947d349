// A session and the venue it talks to, on one thread and real sockets, for tests.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "daemon/clock.hpp"
#include "daemon/stand_in/stand_in.hpp"
#include "feeds/session.hpp"
#include "feeds/venue.hpp"

namespace margind::test {

// A folder of this process, gone when the test ends.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "margind.XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

// `bars` one-second bars around 100, each moving a little; ten decimals are never used.
inline std::string history_csv(int bars, int first_price = 10'000) {
    std::string csv = "ts_ms,open,high,low,close,volume\n";
    const auto cents = [](int price) {
        const std::string fraction = std::to_string(price % 100);
        return std::to_string(price / 100) + "." + (fraction.size() == 1 ? "0" : "") + fraction;
    };
    for (int i = 0; i < bars; ++i) {
        const int open = first_price + (i * 7) % 50;
        csv += std::to_string(1'760'128'200'000 + i * 1000LL) + "," + cents(open) + "," +
               cents(open + 9) + "," + cents(open - 8) + "," + cents(open + 3) + ",12.5\n";
    }
    return csv;
}

struct HeardTick {
    core::Channel channel;
    std::string symbol;
    feeds::Decimal price, bid, ask;
};

struct HeardState {
    core::FeedState state;
    core::FeedReason reason;
    friend bool operator==(HeardState, HeardState) = default;
};
inline std::ostream& operator<<(std::ostream& out, HeardState heard) {
    return out << static_cast<int>(heard.state) << "/" << static_cast<int>(heard.reason);
}

class RecordingSink final : public feeds::FeedSink {
  public:
    bool on_ticks(core::FeedId, const feeds::TickBatch& batch, core::Timestamp) noexcept override {
        if (refuse && refuse()) return false;
        for (const feeds::Tick& tick : batch) {
            ticks.push_back(
                {tick.channel, std::string(tick.symbol), tick.price, tick.bid, tick.ask});
        }
        return true;
    }
    void on_state(core::FeedId, core::FeedState state, core::FeedReason reason) noexcept override {
        states.push_back({state, reason});
    }
    std::size_t count(core::FeedState state, core::FeedReason reason) const {
        return static_cast<std::size_t>(
            std::count(states.begin(), states.end(), HeardState{state, reason}));
    }

    std::function<bool()> refuse;
    std::vector<HeardTick> ticks;
    std::vector<HeardState> states;
};

// A real venue with some rules changed.
class AdjustedVenue final : public feeds::Venue {
  public:
    explicit AdjustedVenue(const char* name) : venue_(*feeds::find_venue(name)) {
        adjusted = venue_.rules();
    }
    std::string_view name() const override { return venue_.name(); }
    std::string_view default_url() const override { return venue_.default_url(); }
    bool supports(core::Channel channel) const override { return venue_.supports(channel); }
    feeds::ConnectionRules rules() const override { return adjusted; }
    std::vector<std::string> subscribe(const std::vector<feeds::Topic>& topics,
                                       std::uint64_t first_request_id) const override {
        return venue_.subscribe(topics, first_request_id);
    }
    std::unique_ptr<feeds::Decoder> make_decoder() const override { return venue_.make_decoder(); }
    std::string_view key_variable() const override { return key; }

    feeds::ConnectionRules adjusted;
    std::string key;  // no key is needed unless a test says so

  private:
    const feeds::Venue& venue_;
};

class SessionWorld {
  public:
    ~SessionWorld() {
        if (session) {
            session->stop();
            run_until([&] { return session->stopped(); });
        }
    }

    // Serves `files` (symbol, CSV) as `venue`.
    void serve(const char* venue, const std::vector<std::pair<std::string, std::string>>& csvs,
               daemon::stand_in::StandInOptions options = {.speed = 0},
               daemon::stand_in::VenueOptions venue_options = {}) {
        std::vector<daemon::stand_in::SymbolFile> files;
        for (const auto& [symbol, csv] : csvs) {
            files.push_back({symbol, folder.write(symbol.substr(0, 100) + ".csv", csv)});
        }
        std::vector<daemon::stand_in::ServedVenue> venues(1);
        venues[0].dialect = daemon::stand_in::make_dialect(venue);
        venues[0].tape = daemon::stand_in::tape_from_histories(*venues[0].dialect, files, {});
        venues[0].options = venue_options;
        path_ = venues[0].dialect->path();
        stand_in = std::make_unique<daemon::stand_in::StandIn>(
            io, clock, options, std::move(venues), [this] { stand_in_ended = true; });
    }

    feeds::FeedOptions options() const {
        feeds::FeedOptions options;
        options.name = "test";
        const std::string port = stand_in ? std::to_string(stand_in->venue(0).port()) : "1";
        options.url = "ws://127.0.0.1:" + port + path_;
        options.backoff_first = core::Duration::from_ms(20);
        options.backoff_max = core::Duration::from_ms(80);
        return options;
    }

    void connect(const feeds::Venue& venue, std::vector<feeds::Topic> topics) {
        connect(venue, std::move(topics), options());
    }
    void connect(const feeds::Venue& venue, std::vector<feeds::Topic> topics,
                 const feeds::FeedOptions& feed_options) {
        session = feeds::make_session(io, core::FeedId(0), feed_options, std::move(topics), sink,
                                      clock, 42, venue);
        session->start();
    }

    // Runs everything until `done`; false when that takes longer than any healthy machine needs.
    template <class Done>
    bool run_until(Done done) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!done()) {
            if (std::chrono::steady_clock::now() > give_up) return false;
            io.restart();
            io.run_one_for(std::chrono::milliseconds(50));
        }
        return true;
    }
    bool run_until_state(core::FeedState state, core::FeedReason reason, std::size_t times = 1) {
        return run_until([&] { return sink.count(state, reason) >= times; });
    }
    daemon::stand_in::VenueServer& venue() { return stand_in->venue(0); }

    TemporaryFolder folder;
    boost::asio::io_context io{1};
    daemon::SystemClock clock;
    RecordingSink sink;
    std::unique_ptr<daemon::stand_in::StandIn> stand_in;
    bool stand_in_ended = false;
    std::shared_ptr<feeds::Session> session;

  private:
    std::string path_ = "/";
};

}  // namespace margind::test
