// `margind watch`: a live view of a running daemon in the terminal, and a summary at the end.
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include "daemon/clock.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/view/line_client.hpp"
#include "daemon/view/render.hpp"

namespace margind::daemon {
namespace {

using core::Duration;
using core::Timestamp;
using std::chrono::milliseconds;

struct WatchOptions {
    std::string events = "127.0.0.1:7411";
    std::string admin = "127.0.0.1:7430";
    double seconds = 0;  // 0: until the stream ends
    bool plain = false;
    bool summary_only = false;
};

volatile sig_atomic_t interrupted = 0;

void on_signal(int) {
    interrupted = 1;
}

struct Size {
    std::size_t width;
    std::size_t height;
};

Size screen_size() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {100, 40};
    return {std::clamp<std::size_t>(size.ws_col, 80, 200), std::max<std::size_t>(size.ws_row, 10)};
}

// The terminal's other screen, so that what was there comes back; restored whatever happens.
class FullScreen {
  public:
    FullScreen() { std::fputs("\x1b[?1049h\x1b[?25l", stdout); }
    ~FullScreen() {
        std::fputs("\x1b[?25h\x1b[?1049l", stdout);
        std::fflush(stdout);
    }
    FullScreen(const FullScreen&) = delete;
    FullScreen& operator=(const FullScreen&) = delete;

    static void draw(const std::vector<std::string>& lines) {
        std::string text = "\x1b[H";
        for (std::size_t i = 0; i < lines.size(); ++i) {
            text += lines[i];
            text += i + 1 < lines.size() ? "\x1b[K\r\n" : "\x1b[K\x1b[J";
        }
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }
};

void print(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) std::fprintf(stdout, "%s\n", line.c_str());
    std::fflush(stdout);
}

class Watch {
  public:
    explicit Watch(const WatchOptions& options)
        : options_(options),
          terminal_(::isatty(STDOUT_FILENO) == 1),
          client_(options.events),
          started_(clock_.now()) {
        split_address(options_.admin);  // a wrong one is a usage error, not a missing page
    }

    int run() {
        if (terminal_ && !options_.plain && !options_.summary_only) {
            FullScreen screen;
            follow();
        } else {
            follow();
        }
        poll_admin(clock_.now(), Poll::now);
        const Colour colour = terminal_ && !options_.plain ? Colour::yes : Colour::no;
        if (model_.stream().events() > 0 || exit_code_ == kOk) print(summary(model_, colour));
        for (const std::string& message : messages_) {
            std::fprintf(stderr, "margind watch: %s\n", message.c_str());
        }
        return exit_code_ == kOk && model_.stream().gaps() > 0 ? kFailed : exit_code_;
    }

  private:
    enum class Poll : std::uint8_t { when_due, now };

    // Until the stream ends, the time is up, or somebody interrupts.
    void follow() {
        for (;;) {
            const Timestamp now = clock_.now();
            if (interrupted != 0 || time_is_up(now)) return;
            if (now >= next_draw_) {
                poll_admin(now, Poll::when_due);
                show(now);
            }
            std::string_view line;
            const milliseconds wait{(next_draw_ - now).ns() / 1'000'000 + 1};
            const auto result = client_.next(line, wait);
            if (result == LineClient::Result::timeout) continue;
            if (result != LineClient::Result::line) return ended(result);
            if (!model_.take_line(line)) {
                exit_code_ = kFailed;
                messages_.push_back(options_.events + " does not speak margind's event stream");
                return;
            }
        }
    }

    bool time_is_up(Timestamp now) const {
        return options_.seconds > 0 && (now - started_).seconds() >= options_.seconds;
    }

    void ended(LineClient::Result result) {
        const std::string& goodbye = model_.stream().goodbye();
        if (!goodbye.empty() && goodbye != "draining") {
            exit_code_ = goodbye == "too_many_subscribers" ? kUnavailable : kFailed;
            messages_.push_back("the daemon cut this view off: " + goodbye);
        } else if (goodbye.empty()) {
            exit_code_ = kFailed;
            messages_.push_back(result == LineClient::Result::closed
                                    ? "the daemon closed the stream without a goodbye"
                                    : "the connection to the daemon broke");
        }
    }

    // The admin server answers in milliseconds; when it does not, ask less often, so that the view
    // of the events stays smooth.
    void poll_admin(Timestamp now, Poll when) {
        if (when == Poll::when_due && now < next_poll_) return;
        constexpr milliseconds kTimeout{300};
        std::string body;
        std::string problem;
        const bool answered = http_get(options_.admin, "/status", kTimeout, body, problem);
        if (answered) {
            model_.take_status(body);
            if (http_get(options_.admin, "/accounts?order=health&limit=8", kTimeout, body,
                         problem)) {
                model_.take_accounts(body);
            }
        }
        model_.admin_problem = answered ? "" : problem;
        next_poll_ = now + Duration::from_ms(answered ? 500 : 3'000);
    }

    void show(Timestamp now) {
        if (options_.summary_only) {
            next_draw_ = now + Duration::from_ms(250);
        } else if (terminal_ && !options_.plain) {
            const Size size = screen_size();
            FullScreen::draw(render(model_, size.width, size.height, Colour::yes));
            next_draw_ = now + Duration::from_ms(250);
        } else if (now >= next_plain_) {
            print(plain_report(model_, events_shown_));
            events_shown_ = model_.latest_total();
            next_plain_ = now + Duration::from_ms(5'000);
            next_draw_ = now + Duration::from_ms(500);
        } else {
            next_draw_ = now + Duration::from_ms(500);
        }
    }

    const WatchOptions& options_;
    const bool terminal_;
    SystemClock clock_;
    LineClient client_;
    ViewModel model_;
    const Timestamp started_;
    Timestamp next_draw_;
    Timestamp next_plain_ = started_ + Duration::from_ms(500);  // after the first answers
    Timestamp next_poll_;
    std::uint64_t events_shown_ = 0;
    std::vector<std::string> messages_;  // for after the full screen
    int exit_code_ = kOk;
};

int watch(const WatchOptions& options) {
    struct sigaction action{};
    action.sa_handler = on_signal;  // without SA_RESTART: it ends the wait for events
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    try {
        return Watch(options).run();
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "margind watch: %s\n", error.what());
        return kUsage;
    } catch (const std::system_error& error) {
        std::fprintf(stderr,
                     "margind watch: %s; is `margind run` up, and is this its events address?\n",
                     error.what());
        return kUnavailable;
    }
}

}  // namespace

void add_watch(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<WatchOptions>();
    CLI::App* command = app.add_subcommand(
        "watch", "Live view of a running daemon; a summary when the stream ends");
    command->add_option("--events", options->events, "Events address of the daemon, HOST:PORT")
        ->capture_default_str();
    command->add_option("--admin", options->admin, "Admin address of the daemon, HOST:PORT")
        ->capture_default_str();
    command->add_option("--for", options->seconds, "Stop after so many seconds")
        ->check(CLI::PositiveNumber);
    command->add_flag("--plain", options->plain,
                      "Lines instead of a screen; so it is when the output is not a terminal");
    command->add_flag("--summary-only", options->summary_only, "Show nothing but the summary");
    command->footer(
        "Ctrl-C ends the view with its summary.\n"
        "Exit codes: 0 shown to the end, 1 events are missing or the daemon cut the view off,\n"
        "2 unusable arguments, 4 no connection.");
    command->callback([options, &exit_code] { exit_code = watch(*options); });
}

}  // namespace margind::daemon
