// `margind listen` and `margind watch` as programs, against a gateway in this process.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "daemon/clock.hpp"
#include "daemon/gateway/gateway.hpp"
#include "tests/support/sample_events.hpp"

using namespace margind;

namespace {

std::string contents(const std::filesystem::path& file) {
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

// The program with its output in files; ended with the object.
class Program {
  public:
    explicit Program(std::vector<std::string> arguments) {
        std::string pattern = (std::filesystem::temp_directory_path() / "margind-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder_ = pattern;
        arguments.insert(arguments.begin(), MARGIND_PROGRAM);
        std::vector<char*> argv;
        for (std::string& argument : arguments) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const std::string out = (folder_ / "out").string();
        const std::string err = (folder_ / "err").string();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(::open(out.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600), STDOUT_FILENO);
            ::dup2(::open(err.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600), STDERR_FILENO);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        REQUIRE(pid_ > 0);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (!ended()) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        std::filesystem::remove_all(folder_);
    }

    bool ended() {
        if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
        return ended_;
    }
    int exit_code() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }
    void interrupt() const { ::kill(pid_, SIGINT); }
    std::string out() const { return contents(folder_ / "out"); }
    std::string err() const { return contents(folder_ / "err"); }

  private:
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int status_ = 0;
    bool ended_ = false;
};

struct Bench {
    Bench() : encoder(tests::sample_parameters()) {
        config::EventListenerSettings settings;
        settings.port = 0;
        gateway = std::make_unique<daemon::Gateway>(io, settings, encoder, clock, "test-session");
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(gateway->port()); }

    // The limit is for defects only.
    template <class Condition>
    void run_until(Condition condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) FAIL("the condition never came true");
            io.restart();
            io.run_one_for(std::chrono::milliseconds(1));
        }
    }
    void wait_for_subscriber() {
        run_until([this] { return gateway->statistics().subscribers == 1; });
    }
    void publish_samples() {
        for (const core::Event& event : tests::sample_events()) gateway->publish(event);
    }
    void drain() {
        gateway->drain(core::Duration::from_seconds(3600), [] {});
    }

    boost::asio::io_context io{1};
    daemon::SystemClock clock;
    daemon::EventEncoder encoder;
    std::unique_ptr<daemon::Gateway> gateway;
};

std::size_t lines_of(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("listen prints what a person reads until the daemon drains") {
    Bench bench;
    Program listen({"listen", "--connect", bench.address()});
    bench.wait_for_subscriber();
    bench.publish_samples();
    bench.drain();
    bench.run_until([&] { return listen.ended(); });
    INFO(listen.out() << listen.err());
    CHECK(listen.exit_code() == 0);
    CHECK(lines_of(listen.out()) == 11);  // all but the clock
    CHECK(listen.out().find("LIQUIDATION acct-0123/hedge") != std::string::npos);
    CHECK(listen.out().find('\x1b') == std::string::npos);  // no colours in a file
    CHECK(listen.err().find("goodbye (draining)") != std::string::npos);
    CHECK(listen.err().find("12 events, no gap") != std::string::npos);
}

TEST_CASE("listen --raw repeats the stream byte for byte") {
    Bench bench;
    Program listen(
        {"listen", "--raw", "--kinds", "liquidation,clock", "--connect", bench.address()});
    bench.wait_for_subscriber();
    bench.publish_samples();
    bench.drain();
    bench.run_until([&] { return listen.ended(); });
    daemon::TextBuffer body;
    bench.encoder.append_body(body, tests::sample_events()[2]);
    INFO(listen.out());
    CHECK(lines_of(listen.out()) == 2);
    CHECK(listen.out().starts_with(std::string(body.data(), body.size() - 1) + ",\"emit_time\":"));
}

TEST_CASE("listen begins with the event it was asked for") {
    Bench bench;
    bench.publish_samples();
    Program listen({"listen", "--from", "4", "--count", "9", "--kinds",
                    "bankruptcy,recovered,clock,"
                    "threshold_changed,price_state,feed_state,daemon_state,parameters_changed",
                    "--connect", bench.address()});
    bench.run_until([&] { return bench.gateway->statistics().resumed_total == 1; });
    bench.drain();
    bench.run_until([&] { return listen.ended(); });
    INFO(listen.out() << listen.err());
    CHECK(listen.exit_code() == 0);
    CHECK(lines_of(listen.out()) == 8);
    CHECK(listen.out().find("BANKRUPT") != std::string::npos);
    CHECK(listen.err().find("9 events, no gap") != std::string::npos);

    Bench other;
    Program ahead({"listen", "--from", "4", "--connect", other.address()});
    other.run_until([&] { return ahead.ended(); });
    CHECK(ahead.exit_code() == 1);
    CHECK(ahead.err().find("goodbye (sequence_ahead)") != std::string::npos);
}

TEST_CASE("listen stops after the events it was asked for") {
    Bench bench;
    Program listen({"listen", "--count", "3", "--connect", bench.address()});
    bench.wait_for_subscriber();
    bench.publish_samples();
    bench.run_until([&] { return listen.ended(); });
    CHECK(listen.exit_code() == 0);
    CHECK(lines_of(listen.out()) == 3);
}

TEST_CASE("what cannot be reached or understood has its exit code and its message") {
    Bench bench;
    std::string gone;
    {
        const Bench other;
        gone = other.address();
    }
    for (const char* command : {"listen", "watch"}) {
        const std::string option = std::string(command) == "listen" ? "--connect" : "--events";
        Program unreachable({command, option, gone});
        bench.run_until([&] { return unreachable.ended(); });
        INFO(unreachable.err());
        CHECK(unreachable.exit_code() == 4);
        CHECK(unreachable.err().find(gone) != std::string::npos);
        Program wrong({command, option, "nonsense"});
        bench.run_until([&] { return wrong.ended(); });
        CHECK(wrong.exit_code() == 2);
        CHECK(wrong.err().find("HOST:PORT") != std::string::npos);
    }
}

TEST_CASE("watch ends with the stream and sums up, without an admin server too") {
    Bench bench;
    Program watch({"watch", "--events", bench.address(), "--admin", "127.0.0.1:1"});
    bench.wait_for_subscriber();
    bench.publish_samples();
    SECTION("the daemon drains") {
        bench.drain();
    }
    SECTION("somebody presses Ctrl-C") {
        bench.run_until([&] { return watch.out().find("events 12") != std::string::npos; });
        watch.interrupt();
    }
    bench.run_until([&] { return watch.ended(); });
    INFO(watch.out() << watch.err());
    CHECK(watch.exit_code() == 0);
    CHECK(watch.out().find("SUMMARY") != std::string::npos);
    CHECK(watch.out().find("12 events, gapless") != std::string::npos);
    CHECK(watch.out().find("99,412") != std::string::npos);
    CHECK(watch.out().find("unknown: cannot connect to 127.0.0.1:1") != std::string::npos);
}
