// `margind venue`: a stand-in for real venues, for demos and tests.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>

#include "daemon/clock.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/stand_in/stand_in.hpp"
#include "daemon/stand_in/text_file.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr const char* kHelp = R"(
Serves, in the frames of the venues named, what a map of price histories or a recording holds.
Prints one JSON line per venue when it listens: {"venue":..,"port":..,"url":..}.

Examples
  The crash of 2025-10-10 on four venues, a minute of it each 2.5 seconds:
    margind venue --map tests/data/market/crash_2025-10-10.map --speed 24 \
      --serve coinbase_exchange:9001 --serve binance_usdm:9002 \
      --serve binance_spot:9003 --serve pyth:9004
  A recording, at its own pace, from any free port:
    margind venue --serve binance_spot --capture binance_spot.jsonl
  What would be sent, as a recording (always the same bytes):
    margind venue --serve pyth --map crash.map --to-capture pyth.jsonl
  A venue that drops everybody after 1000 messages and falls silent for 5 s a minute into play:
    margind venue --serve pyth:9004 --map crash.map \
      --fault "drop after 1000" --fault "silence 5s at 1m"

Map: a text file of lines VENUE,SYMBOL,FILE (blank lines and # comments allowed), FILE relative to
the map: CSV, gzipped or not, of ts_ms,open,high,low,close,volume. A Pyth SYMBOL is a price feed id.

Prices: each bar becomes open, one extreme, the other, close (a seeded coin says which extreme is
first; equal neighbours are left out), one in each quarter of the bar at a seeded moment. The book
around a price is --spread-bp wide, in whole units of the file's precision, at least one.

Faults, on the command line, or as lines on standard input while it runs:
  [VENUE:] ACTION [at TIME | after N]
  drop               reset every connection      close              close with a close frame
  silence [TIME]     say nothing until resume    resume             end silence, refusal, delay
  repeat [N]         send N messages twice       reorder [N]        swap N pairs of messages
  corrupt [N]        garble N messages           delay TIME         send everything TIME later
  refuse             refuse subscriptions        shutdown           announce a disconnection
  send TEXT          send TEXT to subscribers
  TIME is 250ms, 5s or 2m; `at` counts from the start of play, `after` counts messages sent.)";

struct Arguments {
    std::vector<std::string> serve;
    std::string map;
    std::vector<std::string> captures;
    std::string connection;
    double speed = 1;
    std::string from;
    std::string to;
    std::string clock = "live";
    std::uint64_t seed = 1;
    int spread_bp = 2;
    double repeat_quiet_s = 0;
    bool once = false;
    std::size_t start_when = 1;
    std::string address = "127.0.0.1";
    std::string tls_certificate;
    std::string tls_key;
    std::string to_capture;
    std::vector<std::string> faults;
};

// Thrown for what the user can mend in the arguments.
class BadArgument : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// 2025-10-10T20:45, 2025-10-10T20:45:30Z, or milliseconds since 1970.
core::Timestamp parse_moment(const std::string& text, const char* option) {
    std::int64_t ms = 0;
    const auto whole = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (whole.ec == std::errc{} && whole.ptr == text.data() + text.size() && ms >= 0 &&
        ms < INT64_MAX / 1'000'000) {
        return core::Timestamp::from_ns(ms * 1'000'000);
    }
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
    const char* start = text.c_str();
    int fields =
        std::sscanf(start, "%4d-%2d-%2dT%2d:%2d%n", &year, &month, &day, &hour, &minute, &used);
    std::string_view rest(start + used);
    if (fields == 5 && rest.starts_with(':')) {
        int more = 0;
        fields += std::sscanf(start + used, ":%2d%n", &second, &more) - 1;
        rest.remove_prefix(static_cast<std::size_t>(more));
    }
    using namespace std::chrono;
    const year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                              std::chrono::day(unsigned(day))};
    const bool usable = fields == 5 && (rest.empty() || rest == "Z") && date.ok() && hour < 24 &&
                        minute < 60 && second < 60 && hour >= 0 && minute >= 0 && second >= 0;
    if (!usable) {
        throw BadArgument(std::string(option) + ": \"" + text +
                          "\" is no moment; write 2025-10-10T20:45 (UTC) or milliseconds");
    }
    const auto moment = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
    return core::Timestamp::from_ns(duration_cast<nanoseconds>(moment.time_since_epoch()).count());
}

// "venue" or "venue:port".
struct Service {
    std::string venue;
    std::uint16_t port = 0;
};

Service parse_service(const std::string& text) {
    Service service;
    const std::size_t colon = text.find(':');
    service.venue = text.substr(0, colon);
    if (stand_in::make_dialect(service.venue) == nullptr) {
        std::string known;
        for (const std::string_view each : stand_in::stand_in_venues()) {
            known += " " + std::string(each);
        }
        throw BadArgument("--serve: \"" + service.venue + "\" has no stand-in; known are" + known);
    }
    if (colon == std::string::npos) return service;
    const char* first = text.data() + colon + 1;
    const auto [end, error] = std::from_chars(first, text.data() + text.size(), service.port);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw BadArgument("--serve: \"" + text + "\": the port is not a number from 0 to 65535");
    }
    return service;
}

// The files of one venue in a map.
std::vector<stand_in::SymbolFile> read_map(const std::string& path, const std::string& venue) {
    stand_in::TextFile file(path);
    std::vector<stand_in::SymbolFile> files;
    std::string_view line;
    while (file.next(line)) {
        if (line.empty() || line.front() == '#') continue;
        const std::size_t first = line.find(',');
        const std::size_t second = line.find(',', first == line.npos ? first : first + 1);
        if (second == line.npos || second == first + 1 || second + 1 == line.size()) {
            throw BadArgument(file.at_line("write VENUE,SYMBOL,FILE"));
        }
        if (stand_in::make_dialect(line.substr(0, first)) == nullptr) {
            throw BadArgument(
                file.at_line("\"" + std::string(line.substr(0, first)) + "\" is not a venue"));
        }
        if (line.substr(0, first) != venue) continue;
        files.push_back({.symbol = std::string(line.substr(first + 1, second - first - 1)),
                         .file = std::filesystem::path(path).parent_path() /
                                 std::string(line.substr(second + 1))});
    }
    if (files.empty()) throw BadArgument(path + ": no line is of venue " + venue);
    return files;
}

// The recording for a venue: FILE, or VENUE=FILE where several are served.
std::optional<std::string> capture_of(const Arguments& arguments, const std::string& venue) {
    for (const std::string& each : arguments.captures) {
        const std::string prefix = venue + "=";
        if (each.starts_with(prefix)) return each.substr(prefix.size());
        if (each.find('=') == std::string::npos && arguments.serve.size() == 1) return each;
    }
    return std::nullopt;
}

stand_in::ServedVenue make_venue(const Arguments& arguments, const Service& service) {
    stand_in::ServedVenue served;
    served.dialect = stand_in::make_dialect(service.venue);
    stand_in::TapeOptions tape;
    tape.seed = arguments.seed;
    if (!arguments.from.empty()) tape.window.from = parse_moment(arguments.from, "--from");
    if (!arguments.to.empty()) tape.window.to = parse_moment(arguments.to, "--to");
    tape.repeat_quiet =
        core::Duration::from_ns(static_cast<std::int64_t>(arguments.repeat_quiet_s * 1e9));
    if (const auto capture = capture_of(arguments, service.venue)) {
        served.tape = stand_in::tape_from_recording(*served.dialect, *capture, arguments.connection,
                                                    tape.window);
    } else if (!arguments.map.empty()) {
        served.tape = stand_in::tape_from_histories(*served.dialect,
                                                    read_map(arguments.map, service.venue), tape);
    } else {
        throw BadArgument("nothing to say for " + service.venue +
                          ": give --map FILE or --capture " + service.venue + "=FILE");
    }
    served.options.spread_bp = arguments.spread_bp;
    served.options.listen = {.address = arguments.address,
                             .port = service.port,
                             .tls_certificate_file = arguments.tls_certificate,
                             .tls_key_file = arguments.tls_key};
    return served;
}

// Reads commands from standard input, as long as there is one that can be waited for.
class CommandReader {
  public:
    CommandReader(asio::io_context& io, stand_in::StandIn& stand_in)
        : stand_in_(stand_in), input_(io) {
        error_code unusable;  // a plain file cannot be waited for; it is no source of commands
        input_.assign(::dup(STDIN_FILENO), unusable);
        if (!unusable) read();
    }
    void stop() {
        error_code ignored;
        input_.close(ignored);
    }

  private:
    void read() {
        constexpr std::size_t kLineMax = 1024 * 1024;
        asio::async_read_until(input_, asio::dynamic_buffer(line_, kLineMax), '\n',
                               [this](error_code error, std::size_t n) {
                                   if (error) return;
                                   obey(std::string_view(line_).substr(0, n - 1));
                                   line_.erase(0, n);
                                   read();
                               });
    }
    void obey(std::string_view line) {
        if (line.empty()) return;
        const std::string problem = stand_in_.command(line);
        if (!problem.empty()) std::cerr << "margind venue: " << problem << std::endl;
    }

    stand_in::StandIn& stand_in_;
    asio::posix::stream_descriptor input_;
    std::string line_;
};

void print_ready(stand_in::StandIn& stand_in, const Arguments& arguments,
                 const std::vector<std::string>& paths) {
    const bool tls = !arguments.tls_certificate.empty();
    const bool v6 = arguments.address.find(':') != std::string::npos;
    for (std::size_t i = 0; i < stand_in.size(); ++i) {
        const auto port = std::to_string(stand_in.venue(i).port());
        std::cout << R"({"venue":")" << stand_in.venue(i).venue() << R"(","port":)" << port
                  << R"(,"url":")" << (tls ? "wss://" : "ws://") << (v6 ? "[" : "")
                  << arguments.address << (v6 ? "]:" : ":") << port << paths[i] << "\"}\n";
    }
    std::cout << std::flush;
}

void print_summary(stand_in::StandIn& stand_in) {
    for (std::size_t i = 0; i < stand_in.size(); ++i) {
        const stand_in::VenueStatistics s = stand_in.venue(i).statistics();
        std::cerr << "margind venue: " << stand_in.venue(i).venue() << ": " << s.messages
                  << " messages sent, " << s.unheard << " unheard, " << s.connections
                  << " connections, " << s.slow_cut << " cut off for reading too slowly\n";
    }
}

int serve(const Arguments& arguments, const stand_in::StandInOptions& options,
          std::vector<stand_in::ServedVenue> venues) {
    std::vector<std::string> paths;
    paths.reserve(venues.size());
    for (const auto& each : venues) paths.emplace_back(each.dialect->path());
    asio::io_context io(1);
    SystemClock clock;
    asio::signal_set signals(io, SIGINT, SIGTERM);
    CommandReader* commands = nullptr;
    stand_in::StandIn stand_in(io, clock, options, std::move(venues), [&] {
        signals.cancel();
        if (commands != nullptr) commands->stop();
        io.stop();
    });
    for (const std::string& fault : arguments.faults) {
        const std::string problem = stand_in.command(fault);
        if (!problem.empty()) throw BadArgument("--fault \"" + fault + "\": " + problem);
    }
    CommandReader reader(io, stand_in);
    commands = &reader;
    signals.async_wait([&](error_code cancelled, int) {
        if (!cancelled) stand_in.stop();
    });
    print_ready(stand_in, arguments, paths);
    io.run();
    print_summary(stand_in);
    return kOk;
}

int write(const Arguments& arguments, const stand_in::StandInOptions& options,
          const std::vector<stand_in::ServedVenue>& venues) {
    std::ofstream out(arguments.to_capture, std::ios::binary | std::ios::trunc);
    const std::uint64_t messages = out ? stand_in::write_capture(options, venues, out) : 0;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + arguments.to_capture);
    std::cerr << "margind venue: " << messages << " messages written to " << arguments.to_capture
              << '\n';
    return kOk;
}

int run(const Arguments& arguments) {
    std::vector<stand_in::ServedVenue> venues;
    std::vector<std::string> seen;
    for (const std::string& text : arguments.serve) {
        const Service service = parse_service(text);
        if (std::find(seen.begin(), seen.end(), service.venue) != seen.end()) {
            throw BadArgument("--serve: " + service.venue + " is named twice");
        }
        seen.push_back(service.venue);
        venues.push_back(make_venue(arguments, service));
    }
    const stand_in::StandInOptions options{.speed = arguments.speed,
                                           .clock = arguments.clock == "live"
                                                        ? stand_in::ExchangeClock::live
                                                        : stand_in::ExchangeClock::recorded,
                                           .start_when = arguments.start_when,
                                           .once = arguments.once};
    return arguments.to_capture.empty() ? serve(arguments, options, std::move(venues))
                                        : write(arguments, options, venues);
}

int run_reporting(const Arguments& arguments) {
    try {
        return run(arguments);
    } catch (const BadArgument& error) {
        std::cerr << "margind venue: " << error.what() << '\n';
        return kUsage;
    } catch (const std::exception& error) {
        std::cerr << "margind venue: " << error.what() << '\n';
        return kUnavailable;
    }
}

}  // namespace

void add_venue(CLI::App& app, int& exit_code) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand(
        "venue", "A stand-in venue for demos and tests: real websockets, recorded prices");
    command->footer(kHelp);
    command->add_option("--serve", arguments->serve, "VENUE[:PORT]; port 0 or none: any free one")
        ->required();
    command->add_option("--map", arguments->map, "Which price history each symbol plays");
    command->add_option("--capture", arguments->captures,
                        "A recording to play: FILE, or VENUE=FILE when several are served");
    command->add_option("--connection", arguments->connection,
                        "Play only this connection of the recording");
    command
        ->add_option("--speed", arguments->speed,
                     "Seconds of history per second; 0: as fast as the clients read [1]")
        ->check(CLI::Range(0.0, 1e6));
    command->add_option("--from", arguments->from, "Play from here: 2025-10-10T20:45 UTC, or ms");
    command->add_option("--to", arguments->to, "Play up to here");
    command
        ->add_option("--clock", arguments->clock,
                     "Times in the messages: live (when sent) or recorded [live]")
        ->check(CLI::IsMember({"live", "recorded"}));
    command->add_option("--seed", arguments->seed, "Of the rule that makes prices from bars [1]");
    command
        ->add_option("--spread-bp", arguments->spread_bp,
                     "Spread of the books made, in basis points [2]")
        ->check(CLI::Range(0, 10'000));
    command
        ->add_option("--repeat-quiet", arguments->repeat_quiet_s,
                     "Say the last price again every so many seconds of history [0: never]")
        ->check(CLI::Range(0.0, 86'400.0));
    command->add_flag("--once", arguments->once, "End when the history ends, with close frames");
    command
        ->add_option("--start-when", arguments->start_when,
                     "Begin when so many clients have subscribed [1]")
        ->check(CLI::Range(1, 10'000));
    command->add_option("--address", arguments->address, "Where to listen [127.0.0.1]");
    command->add_option("--tls-cert", arguments->tls_certificate, "Serve wss: certificates (PEM)");
    command->add_option("--tls-key", arguments->tls_key, "Serve wss: private key (PEM)");
    command->add_option("--to-capture", arguments->to_capture,
                        "Write what would be sent to this file instead of serving");
    command->add_option("--fault", arguments->faults, "Something to do wrong, see below");
    command->callback([arguments, &exit_code] { exit_code = run_reporting(*arguments); });
}

}  // namespace margind::daemon
