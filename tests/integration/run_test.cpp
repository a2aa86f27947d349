// The real program: start-up refusals, draining, reloading.
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
#include "tests/support/running_daemon.hpp"

namespace margind::tests {
namespace {

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
