// The real program as a child process: its folder, a venue to listen to, its config, its pages.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/line_socket.hpp"

namespace margind::tests {

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
inline void wait_for(const std::function<bool()>& condition) {
    while (!condition()) std::this_thread::yield();
}

inline int exit_code_of(Program& program) {
    int code = -1;
    wait_for([&]() { return program.ended(code); });
    return code;
}

inline std::string number_after(const std::string& text, const std::string& member) {
    const std::size_t at = text.find("\"" + member + "\":");
    if (at == std::string::npos) throw std::runtime_error("no " + member + " in " + text);
    const std::size_t begin = at + member.size() + 3;
    return text.substr(begin, text.find_first_not_of("0123456789", begin) - begin);
}

inline std::string config(const std::string& feed_url, const std::string& fee,
                          const std::string& more) {
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

inline std::string accounts(int count) {
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

inline bool contains(const std::vector<std::string>& lines, const std::string& text) {
    for (const std::string& line : lines) {
        if (line.find(text) != std::string::npos) return true;
    }
    return false;
}

// Whether a page of the admin server has the line, as of now.
inline bool metrics_have(const Folder& folder, const std::string& line) {
    const auto port = static_cast<std::uint16_t>(
        std::stoi(number_after(folder.read("ready.json"), "admin_port")));
    LineSocket client(port);
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    while (!client.closed()) client.receive();
    return contains(client.lines(), line);
}

}  // namespace margind::tests
