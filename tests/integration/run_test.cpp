// The real program: start-up refusals, draining, reloading.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/line_socket.hpp"

namespace margind::tests {
namespace {

namespace fs = std::filesystem;

struct Folder {
    Folder() : path(fs::temp_directory_path() / ("margind-run-" + std::to_string(getpid()))) {
        fs::create_directories(path);
    }
    ~Folder() { fs::remove_all(path); }
    fs::path write(const std::string& name, const std::string& text) const {
        std::ofstream(path / name) << text;
        return path / name;
    }
    std::string read(const std::string& name) const {
        std::ifstream in(path / name);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }
    const fs::path path;
};

// The program as a child process; killed when the test is over.
class Program {
  public:
    Program(const std::vector<std::string>& arguments, const fs::path& output) {
        std::vector<char*> argv;
        std::string program = MARGIND_PROGRAM;
        argv.push_back(program.data());
        std::vector<std::string> copies = arguments;
        for (std::string& argument : copies) argv.push_back(argument.data());
        argv.push_back(nullptr);
        const int out = ::open(output.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(out, 1);
            ::dup2(out, 2);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        ::close(out);
    }
    ~Program() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void signal(int number) const { ::kill(pid_, number); }
    bool ended(int& code) {
        if (pid_ <= 0) return true;
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
        pid_ = -1;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
    }

  private:
    pid_t pid_ = -1;
};

// Looks until `condition` holds; the test's time limit ends a wait in vain.
void wait_for(const std::function<bool()>& condition) {
    while (!condition()) std::this_thread::yield();
}

int exit_code_of(Program& program) {
    int code = -1;
    wait_for([&]() { return program.ended(code); });
    return code;
}

std::string number_after(const std::string& text, const std::string& member) {
    const std::size_t at = text.find("\"" + member + "\":");
    if (at == std::string::npos) throw std::runtime_error("no " + member + " in " + text);
    const std::size_t begin = at + member.size() + 3;
    return text.substr(begin, text.find_first_not_of("0123456789", begin) - begin);
}

std::string config(const std::string& feed_url, const std::string& fee, const std::string& more) {
    return R"(valuation_currency: USD
assets: [{name: USD}]
feeds: [{name: coinbase, venue: coinbase_exchange, url: ")" +
           feed_url + R"("}]
instruments:
  - name: ETC-PERP
    quote: USD
    price_max: 10000
    tiers: [{initial_rate: 10%, maintenance_rate: 5%}]
    rate: {z_initial: 4, z_maintenance: 3, horizon: 2s, cap: 50%}
    volatility: {half_life: 5s, sample_interval: 100ms}
    liquidation_fee: )" +
           fee + R"(
    sources: [{feed: coinbase, symbol: ETC-USD, channel: book_top}]
events: {port: 0}
admin: {port: 0}
)" + more;
}

std::string accounts(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) {
        lines +=
            R"({"account":"a)" + std::to_string(i) + R"(","balances":{"USD":")" +
            std::to_string(1 + i % 10) +
            R"("},"positions":[{"instrument":"ETC-PERP","quantity":"1","entry_price":"18"}]})" +
            "\n";
    }
    return lines;
}

// A stand-in venue playing an hour of the crash in about six seconds.
class Venue {
  public:
    explicit Venue(const Folder& folder)
        : folder_(folder),
          program_({"venue", "--serve", "coinbase_exchange:0", "--map",
                    MARGIND_SOURCE_DIR "/tests/data/market/crash_2025-10-10.map", "--from",
                    "2025-10-10T21:10", "--speed", "200"},
                   folder.path / "venue.out") {
        wait_for([&]() { return folder_.read("venue.out").find('\n') != std::string::npos; });
    }
    std::string url() const {
        return "ws://127.0.0.1:" + number_after(folder_.read("venue.out"), "port");
    }

  private:
    const Folder& folder_;
    Program program_;
};

struct Daemon {
    Daemon(const Folder& folder, const std::string& config_text,
           const std::vector<std::string>& more = {})
        : program(arguments(folder, config_text, more), folder.path / "run.out") {
        wait_for([&]() { return fs::exists(folder.path / "ready.json"); });
        events_port = static_cast<std::uint16_t>(
            std::stoi(number_after(folder.read("ready.json"), "events_port")));
    }
    static std::vector<std::string> arguments(const Folder& folder, const std::string& config_text,
                                              const std::vector<std::string>& more) {
        std::vector<std::string> all{"run", "--config",
                                     folder.write("margind.yaml", config_text).string(),
                                     "--ready-file", (folder.path / "ready.json").string()};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

    Program program;
    std::uint16_t events_port = 0;
};

bool contains(const std::vector<std::string>& lines, const std::string& text) {
    for (const std::string& line : lines) {
        if (line.find(text) != std::string::npos) return true;
    }
    return false;
}

// Whether a page of the admin server has the line, as of now.
bool metrics_have(const Folder& folder, const std::string& line) {
    const auto port = static_cast<std::uint16_t>(
        std::stoi(number_after(folder.read("ready.json"), "admin_port")));
    LineSocket client(port);
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    while (!client.closed()) client.receive();
    return contains(client.lines(), line);
}

std::uint64_t check_gapless(const std::vector<std::string>& lines) {
    std::uint64_t next = 0;
    for (const std::string& line : lines) {
        if (line.find("\"event_seq\":") == std::string::npos ||
            line.find("\"next_event_seq\":") != std::string::npos ||
            line.find("\"last_event_seq\":") != std::string::npos) {
            continue;
        }
        const std::uint64_t seq = std::stoull(number_after(line, "event_seq"));
        if (next != 0) REQUIRE(seq == next);
        next = seq + 1;
    }
    return next - 1;
}

TEST_CASE("SIGTERM drains: a subscriber has every event, then goodbye, then exit 0") {
    for (const char* threads :
         {"threads: {layout: paired}\n", "threads: {layout: inline}\n", "engine: {shards: 4}\n"}) {
        CAPTURE(threads);
        const Folder folder;
        const Venue venue(folder);
        const fs::path file = folder.write("accounts.ndjson", accounts(300));
        Daemon daemon(folder, config(venue.url(), "0.5%",
                                     threads + ("accounts: {file: " + file.string() + "}\n")));
        LineSocket subscriber(daemon.events_port);
        wait_for([&]() {
            subscriber.receive();
            return contains(subscriber.lines(), "\"type\":\"liquidation\"");
        });
        daemon.program.signal(SIGTERM);
        wait_for([&]() {
            subscriber.receive();
            return subscriber.closed();
        });
        CHECK(exit_code_of(daemon.program) == 0);
        INFO(folder.read("run.out"));
        CHECK(subscriber.partial_line().empty());
        const std::string& goodbye = subscriber.lines().back();
        CHECK(goodbye.find("\"reason\":\"draining\"") != std::string::npos);
        const std::uint64_t last = check_gapless(subscriber.lines());
        CHECK(number_after(goodbye, "last_event_seq") == std::to_string(last));
        CHECK(contains(subscriber.lines(), "\"reason\":\"stopped\""));
        CHECK(folder.read("run.out").find(std::to_string(last) + " events") != std::string::npos);
    }
}

TEST_CASE("SIGHUP changes risk parameters as one batch, and refuses a bad config whole") {
    for (const char* threads :
         {"threads: {layout: paired}\n", "threads: {layout: inline}\n", "engine: {shards: 4}\n"}) {
        CAPTURE(threads);
        const Folder folder;
        const Venue venue(folder);
        Daemon daemon(folder, config(venue.url(), "0.5%", threads));
        LineSocket subscriber(daemon.events_port);

        folder.write("margind.yaml", config(venue.url(), "7", threads));
        daemon.program.signal(SIGHUP);
        wait_for(
            [&]() { return folder.read("run.out").find("reload: refused") != std::string::npos; });
        folder.write("margind.yaml", config(venue.url(), "0.7%", threads) + "seed: 9\n");
        daemon.program.signal(SIGHUP);
        wait_for([&]() {
            subscriber.receive();
            return contains(subscriber.lines(), "\"type\":\"parameters_changed\"");
        });
        const std::string log = folder.read("run.out");
        CHECK(log.find("ETC-PERP liquidation_fee") != std::string::npos);
        CHECK(log.find("seed differs and needs a restart") != std::string::npos);
        for (const std::string& line : subscriber.lines()) {
            if (line.find("parameters_changed") == std::string::npos) continue;
            CHECK(line.find("\"changes\":1") != std::string::npos);
        }
        daemon.program.signal(SIGINT);
        CHECK(exit_code_of(daemon.program) == 0);
    }
}

TEST_CASE("--engine stands for the config's search, also when the config is read again") {
    const Folder folder;
    const Venue venue(folder);
    const fs::path file = folder.write("accounts.ndjson", accounts(7));
    const std::string more = "accounts: {max: 10, file: " + file.string() + "}\n";
    const std::string text = config(venue.url(), "0.5%", more);
    for (const std::string search : {"", "bands", "reference"}) {
        CAPTURE(search);
        fs::remove(folder.path / "ready.json");
        const std::vector<std::string> given{"--engine", search};
        Daemon daemon(folder, text, search.empty() ? std::vector<std::string>{} : given);
        // With the reference nobody is behind a guard, nor watched for want of one.
        wait_for([&]() {
            const bool nobody =
                metrics_have(folder, "margind_bands_accounts{mode=\"watched\"} 0") &&
                metrics_have(folder, "margind_bands_accounts{mode=\"banded\"} 0");
            return nobody == (search == "reference");
        });
        folder.write("margind.yaml", text + "engine: {search: reference}\nseed: 9\n");
        daemon.program.signal(SIGHUP);
        wait_for(
            [&]() { return folder.read("run.out").find("seed differs") != std::string::npos; });
        const bool told = folder.read("run.out").find("engine differs") != std::string::npos;
        CHECK(told == search.empty());
        daemon.program.signal(SIGINT);
        CHECK(exit_code_of(daemon.program) == 0);
    }
    Program program(
        {"run", "--config", folder.write("margind.yaml", text).string(), "--engine", "fast"},
        folder.path / "run.out");
    CHECK(exit_code_of(program) == 2);
    CHECK(folder.read("run.out").find("--engine") != std::string::npos);
}

TEST_CASE("start-up problems are told and nothing starts") {
    const Folder folder;
    const auto run = [&](const std::string& text) {
        Program program({"run", "--config", folder.write("margind.yaml", text).string()},
                        folder.path / "run.out");
        return exit_code_of(program);
    };
    CHECK(run("valuation_currency: USD\nrubbish: 1\n") == 3);
    CHECK(folder.read("run.out").find("margind.yaml:2 rubbish: ") != std::string::npos);

    const fs::path bad = folder.write("accounts.ndjson", accounts(2) + "{\"account\":\"\"}\nx\n");
    CHECK(run(config("ws://127.0.0.1:1", "0", "accounts: {file: " + bad.string() + "}\n")) == 3);
    CHECK(folder.read("run.out").find("accounts.ndjson:3: ") != std::string::npos);
    CHECK(folder.read("run.out").find("accounts.ndjson:4: ") != std::string::npos);
    CHECK(folder.read("run.out").find("2 of 4 lines have problems") != std::string::npos);

    const fs::path few = folder.write("accounts.ndjson", accounts(3));
    CHECK(run(config("ws://127.0.0.1:1", "0",
                     "accounts: {max: 2, file: " + few.string() + "}\n")) == 3);
    CHECK(folder.read("run.out").find("accounts.ndjson:3: ") != std::string::npos);

    CHECK(run(config("ws://127.0.0.1:1", "0", "threads: {engine_cpu: 1023}\n")) == 3);
    CHECK(folder.read("run.out").find("cpu 1023") != std::string::npos);

    Daemon first(folder, config("ws://127.0.0.1:1", "0", ""));
    Program second({"run", "--config", (folder.path / "margind.yaml").string(), "--events-port",
                    std::to_string(first.events_port)},
                   folder.path / "second.out");
    CHECK(exit_code_of(second) == 4);
    CHECK(folder.read("second.out").find(std::to_string(first.events_port)) != std::string::npos);
}

}  // namespace
}  // namespace margind::tests
