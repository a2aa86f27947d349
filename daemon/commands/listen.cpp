// `margind listen`: the event stream as a person reads it, or raw, with a check that it is gapless.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "daemon/commands/command.hpp"
#include "daemon/view/event_text.hpp"
#include "daemon/view/line_client.hpp"
#include "daemon/view/stream_check.hpp"

namespace margind::daemon {
namespace {

struct ListenOptions {
    std::string address = "127.0.0.1:7411";
    bool raw = false;
    std::uint64_t count = 0;  // 0: until the stream ends
    std::uint64_t from = 0;   // 0: what happens from now on
    std::vector<std::string> kinds;
};

class Listener {
  public:
    explicit Listener(const ListenOptions& options)
        : options_(options),
          client_(options.address),
          colour_(::isatty(STDOUT_FILENO) == 1 ? Colour::yes : Colour::no) {}

    int run() {
        for (;;) {
            std::string_view line;
            if (!client_.line_buffered()) std::fflush(stdout);
            const auto result = client_.next(line, std::chrono::hours(1));
            if (result == LineClient::Result::timeout) continue;
            if (result != LineClient::Result::line) return ended(result);
            if (!take(line)) return exit_code_;
            if (options_.count > 0 && shown_ == options_.count) return finish(kOk);
        }
    }

  private:
    static constexpr std::size_t kWidth = 400;  // of a line; a terminal wraps what is longer

    // False: the end, with exit_code_ set.
    bool take(std::string_view line) {
        Json json;
        if (parser_.parse(line.data(), line.size()).get(json) != simdjson::SUCCESS) {
            return fail("received a line that is not JSON; is this margind's event stream?");
        }
        switch (check_.take(json)) {
            case StreamCheck::Line::unexpected:
                return fail("was not greeted; is this margind's event stream (port 7411)?");
            case StreamCheck::Line::event_after_gap:
                fail(
                    fmt::format("GAP: event {} was due, {} came; what was between is lost: treat "
                                "the state as unknown and start over",
                                check_.missed_from(), check_.next_event_seq() - 1));
                [[fallthrough]];
            case StreamCheck::Line::event:
                show(line, json);
                return true;
            case StreamCheck::Line::hello:
                say(fmt::format("connected to margind {}, session {}, first event {}",
                                check_.version(), check_.session(), check_.next_event_seq()));
                if (options_.from > 0) resume();
                break;
            case StreamCheck::Line::goodbye:
                say(fmt::format("goodbye ({}): {}", check_.goodbye(),
                                printable(text_of(json["message"]))));
                break;
            case StreamCheck::Line::passed_over:
                return true;
            case StreamCheck::Line::other:
                break;
        }
        if (options_.raw && options_.kinds.empty()) print_raw(line);
        return true;
    }

    // Whether it can be had is said in a goodbye.
    void resume() {
        check_.await_login();
        client_.send(fmt::format("{{\"type\":\"login\",\"next_event_seq\":{}}}\n", options_.from));
    }

    void show(std::string_view line, Json json) {
        const std::string_view type = text_of(json["type"]);
        if (!wanted(type)) return;
        ++shown_;
        if (options_.raw) return print_raw(line);
        const std::string text = event_text(json, kWidth, colour_);
        std::fprintf(stdout, "%s\n", text.c_str());
    }

    bool wanted(std::string_view type) const {
        if (options_.kinds.empty()) return options_.raw || type != "clock";
        return std::find(options_.kinds.begin(), options_.kinds.end(), type) !=
               options_.kinds.end();
    }

    static void print_raw(std::string_view line) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        std::fputc('\n', stdout);
    }

    int ended(LineClient::Result result) {
        if (result == LineClient::Result::failed) say("the connection broke");
        if (result == LineClient::Result::too_long) fail("a line is longer than any of margind's");
        if (result == LineClient::Result::closed && check_.goodbye().empty()) {
            say("the daemon closed the stream without a goodbye");
        }
        if (check_.goodbye() == "too_many_subscribers") return finish(kUnavailable);
        const bool cut = !check_.goodbye().empty() && check_.goodbye() != "draining";
        return finish(cut ? kFailed : kOk);
    }

    int finish(int code) {
        std::fflush(stdout);
        if (std::ferror(stdout) != 0) {
            say("cannot write to standard output");
            exit_code_ = kFailed;
        }
        say(fmt::format("{} events, {}", grouped(check_.events()),
                        check_.gaps() == 0 ? "no gap" : fmt::format("{} gap(s)", check_.gaps())));
        return exit_code_ != kOk ? exit_code_ : code;
    }

    bool fail(const std::string& message) {
        say(message);
        exit_code_ = kFailed;
        return false;
    }

    static void say(const std::string& message) {
        std::fflush(stdout);  // so that both appear in order on a terminal
        std::fprintf(stderr, "margind listen: %s\n", message.c_str());
    }

    const ListenOptions& options_;
    LineClient client_;
    Colour colour_;
    simdjson::dom::parser parser_;
    StreamCheck check_;
    std::uint64_t shown_ = 0;
    int exit_code_ = kOk;
};

int listen(const ListenOptions& options) {
    try {
        return Listener(options).run();
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "margind listen: --connect: %s\n", error.what());
        return kUsage;
    } catch (const std::system_error& error) {
        std::fprintf(stderr,
                     "margind listen: %s; is `margind run` up, and is this its events address?\n",
                     error.what());
        return kUnavailable;
    }
}

}  // namespace

void add_listen(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<ListenOptions>();
    CLI::App* command = app.add_subcommand(
        "listen", "Print the event stream of a running daemon, and check that it is gapless");
    command->add_option("--connect", options->address, "Events address of the daemon, HOST:PORT")
        ->capture_default_str();
    command->add_flag("--raw", options->raw,
                      "Print the lines as they come (newline-delimited JSON)");
    command->add_option("--count", options->count, "Stop after so many printed events");
    command
        ->add_option("--from", options->from,
                     "Begin with this event, out of the daemon's journal (default: with what "
                     "happens from now on)")
        ->check(CLI::PositiveNumber);
    command
        ->add_option("--kinds", options->kinds,
                     "Print only these kinds, e.g. margin_call,liquidation (default: all; without "
                     "--raw all but clock)")
        ->delimiter(',')
        ->check(CLI::IsMember({"warning", "margin_call", "liquidation", "bankruptcy", "recovered",
                               "threshold_changed", "price_state", "feed_state", "daemon_state",
                               "parameters_changed", "clock"}));
    command->footer(
        "Exit codes: 0 the stream ended (or --count was reached), 1 events are missing or the "
        "daemon cut\nthe connection off, 2 unusable arguments, 4 no connection.");
    command->callback([options, &exit_code] { exit_code = listen(*options); });
}

}  // namespace margind::daemon
