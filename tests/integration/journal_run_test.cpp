// The real program goes on from its journal: the same session, numbers without a hole, the accounts
// as they were.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/line_socket.hpp"
#include "tests/support/running_daemon.hpp"

namespace margind::tests {
namespace {

struct Received {
    std::string session;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::vector<std::string> lines;
};

// Listens until `enough`, then until the daemon has ended by `number`.
template <class Enough>
Received listen(Daemon& daemon, int number, Enough enough) {
    LineSocket client(daemon.events_port);
    wait_for([&]() {
        client.receive();
        return enough(client.lines());
    });
    daemon.program.signal(number);
    while (!client.closed()) client.receive();
    int code = 0;
    wait_for([&]() { return daemon.program.ended(code); });
    CHECK(code == (number == SIGKILL ? 128 + SIGKILL : 0));
    Received received;
    received.lines = client.lines();
    received.session = received.lines.at(0).substr(received.lines.at(0).find("session"), 44);
    for (const std::string& line : received.lines) {
        if (line.find("\"event_seq\":") == std::string::npos) continue;
        const std::uint64_t seq = std::stoull(number_after(line, "event_seq"));
        if (received.first == 0) received.first = seq;
        CHECK((received.last == 0 || seq == received.last + 1));
        received.last = seq;
    }
    return received;
}

std::string with_journal(const Venue& venue, const Folder& folder, const std::string& durability,
                         const std::string& threads) {
    const fs::path file = folder.write("accounts.ndjson", accounts(50));
    return config(
        venue.url(), "0.5%",
        "accounts: {max: 100, file: " + file.string() +
            "}\njournal: {directory: journal, durability: " + durability +
            ", segment_bytes: 1048576, free_low_bytes: 0}\nguard: {restart_grace: 100ms}\n" +
            threads);
}

}  // namespace

TEST_CASE("a daemon that was stopped, or killed, goes on where its journal ends") {
    const std::string durability = GENERATE(as<std::string>(), "group", "memory");
    const std::string threads =
        GENERATE(as<std::string>(), "threads: {layout: inline, engine_idle: park}\n",
                 "threads: {layout: paired}\n", "threads: {layout: paired}\nengine: {shards: 2}\n");
    CAPTURE(durability, threads);
    const Folder folder;
    const Venue venue(folder);
    const std::string text = with_journal(venue, folder, durability, threads);
    const auto some = [](const std::vector<std::string>& lines) {
        return lines.size() > 20 && contains(lines, "\"type\":\"clock\"");
    };
    const auto live_again = [&](const std::vector<std::string>& lines) {
        return some(lines) && contains(lines, "\"from\":\"warming\",\"to\":\"live\"");
    };
    Received before;
    {
        Daemon daemon(folder, text);
        before = listen(daemon, SIGTERM, some);
        CHECK(before.lines.at(0).find("\"durability\":\"" + durability) != std::string::npos);
    }
    for (const int end : {SIGKILL, SIGKILL, SIGTERM}) {
        fs::remove(folder.path / "ready.json");
        Daemon daemon(folder, text);
        // The accounts are those of the journal, all of them judged already.
        wait_for([&]() { return metrics_have(folder, "margind_accounts_held"); });
        const Received after = listen(daemon, end, live_again);
        CAPTURE(folder.read("run.out"));
        CHECK(after.session == before.session);
        CHECK(after.first > before.last);
        CHECK(folder.read("run.out").find("50 accounts") != std::string::npos);
        before = after;
    }
}

TEST_CASE("under another configuration everybody is judged anew, by shards as by one engine") {
    const std::string threads = GENERATE(as<std::string>(), "threads: {layout: paired}\n",
                                         "threads: {layout: paired}\nengine: {shards: 2}\n");
    CAPTURE(threads);
    const Folder folder;
    const Venue venue(folder);
    std::string text = with_journal(venue, folder, "group", threads);
    const auto some = [](const std::vector<std::string>& lines) {
        return lines.size() > 20 && contains(lines, "\"type\":\"clock\"");
    };
    {
        Daemon daemon(folder, text);
        listen(daemon, SIGTERM, some);
    }
    fs::remove(folder.path / "ready.json");
    const std::string rate = "maintenance_rate: 5%";
    text.replace(text.find(rate), rate.size(), "maintenance_rate: 9%");
    {
        Daemon daemon(folder, text);
        listen(daemon, SIGKILL, some);
    }
    Program replay({"replay", (folder.path / "journal").string(), "--verify"},
                   folder.path / "replay.out");
    CHECK(exit_code_of(replay) == 0);
    CAPTURE(folder.read("replay.out"), folder.read("run.out"));
    CHECK(folder.read("replay.out").find(": identical") != std::string::npos);
    // Twice the margin: somebody's state has changed by the parameters alone.
    Program events({"replay", (folder.path / "journal").string()}, folder.path / "events.ndjson");
    CHECK(exit_code_of(events) == 0);
    CHECK(folder.read("events.ndjson").find("\"cause\":{\"kind\":\"parameters\"") !=
          std::string::npos);
}

TEST_CASE("accounts that cannot be loaded leave no journal to go on from") {
    const Folder folder;
    const Venue venue(folder);
    const std::string text = with_journal(venue, folder, "group", "");
    folder.write("accounts.ndjson", accounts(30) + "rubbish\n");
    Program first({"run", "--config", folder.write("margind.yaml", text).string()},
                  folder.path / "first.out");
    CHECK(exit_code_of(first) == 3);
    folder.write("accounts.ndjson", accounts(50));
    Daemon daemon(folder, text);
    CAPTURE(folder.read("run.out"));
    CHECK(folder.read("run.out").find("begins anew") != std::string::npos);
    CHECK(folder.read("run.out").find("50 lines loaded") != std::string::npos);
    LineSocket client(daemon.events_port);
    daemon.program.signal(SIGTERM);
    CHECK(exit_code_of(daemon.program) == 0);
    CHECK_FALSE(fs::exists(folder.path / "journal" / "first-load-unfinished"));
}

TEST_CASE("after a repair later snapshots are set aside, and a new session begins") {
    const Folder folder;
    const Venue venue(folder);
    std::string text = with_journal(venue, folder, "group", "");
    const std::string every = "free_low_bytes: 0";
    text.replace(text.find(every), every.size(), every + ", snapshot_every: 1s");
    const fs::path journal = folder.path / "journal";
    const auto snapshots = [&](const std::string& prefix) {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(journal)) {
            const std::string name = entry.path().filename();
            if (name.starts_with(prefix) && name.ends_with(".mgs")) names.push_back(name);
        }
        std::sort(names.begin(), names.end());
        return names;
    };
    Received before;
    {
        Daemon daemon(folder, text);
        before = listen(daemon, SIGTERM, [&](const std::vector<std::string>& lines) {
            return lines.size() > 20 && !snapshots("snapshot-").empty();
        });
    }
    std::vector<std::string> later = snapshots("snapshot-");
    REQUIRE(!later.empty());
    // Among the updates that load the accounts, before any snapshot.
    {
        std::fstream inputs(journal / "inputs-00000000000000000001.mgj",
                            std::ios::in | std::ios::out | std::ios::binary);
        inputs.seekp(8192);
        inputs.write("damaged", 7);
        REQUIRE(inputs.good());
    }
    Program refused({"run", "--config", (folder.path / "margind.yaml").string()},
                    folder.path / "refused.out");
    CHECK(exit_code_of(refused) == 3);
    CHECK(folder.read("refused.out").find("--accept-loss") != std::string::npos);
    Program repair({"journal", "repair", journal.string(), "--accept-loss"},
                   folder.path / "repair.out");
    CHECK(exit_code_of(repair) == 0);
    CAPTURE(folder.read("repair.out"));

    fs::remove(folder.path / "ready.json");
    Daemon daemon(folder, text);
    CAPTURE(folder.read("run.out"));
    for (std::string& name : later) name = "lost-" + name;
    CHECK(snapshots("lost-") == later);
    const Received after = listen(daemon, SIGTERM, [](const std::vector<std::string>& lines) {
        return contains(lines, "\"event_seq\":");
    });
    CHECK(after.session != before.session);
    Program replay({"replay", journal.string(), "--verify"}, folder.path / "replay.out");
    CHECK(exit_code_of(replay) == 0);
    CAPTURE(folder.read("replay.out"));
    CHECK(folder.read("replay.out").find(": identical") != std::string::npos);
}

TEST_CASE("a journal that has nothing but the beginning of a run is gone on with") {
    const Folder folder;
    const Venue venue(folder);
    const std::string text = with_journal(venue, folder, "group", "");
    const fs::path journal = folder.path / "journal";
    const auto some = [](const std::vector<std::string>& lines) { return lines.size() > 5; };
    Received before;
    {
        Daemon daemon(folder, text);
        before = listen(daemon, SIGTERM, some);
    }
    // What a daemon leaves that is killed when it has written its epoch record.
    const fs::path inputs = journal / "inputs-00000000000000000001.mgj";
    constexpr std::uintmax_t kSegmentHeader = 128;
    constexpr std::uintmax_t kRecordHeader = 32;
    constexpr std::uintmax_t kBlock = 64;
    std::uint32_t length = 0;
    {
        std::ifstream file(inputs, std::ios::binary);
        file.seekg(kSegmentHeader);
        file.read(reinterpret_cast<char*>(&length), sizeof length);
    }
    REQUIRE(length > 100);
    fs::resize_file(inputs,
                    kSegmentHeader + (kRecordHeader + length + kBlock - 1) / kBlock * kBlock);
    for (const auto& entry : fs::directory_iterator(journal)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("events-") || name.starts_with("snapshot-")) fs::remove(entry);
    }
    fs::remove(folder.path / "ready.json");
    Daemon daemon(folder, text);
    CAPTURE(folder.read("run.out"));
    CHECK(folder.read("run.out").find("50 lines loaded") != std::string::npos);
    const Received after = listen(daemon, SIGTERM, some);
    CHECK(after.first > 0);
    Program replay({"replay", journal.string(), "--verify"}, folder.path / "replay.out");
    CHECK(exit_code_of(replay) == 0);
    CAPTURE(folder.read("replay.out"));
    CHECK(folder.read("replay.out").find(": identical") != std::string::npos);
    Program verify({"journal", "verify", journal.string()}, folder.path / "verify.out");
    CHECK(exit_code_of(verify) == 0);
}

TEST_CASE("a journal has one daemon at a time") {
    const Folder folder;
    const Venue venue(folder);
    const std::string text = with_journal(venue, folder, "group", "");
    Daemon daemon(folder, text);
    Program second({"run", "--config", (folder.path / "margind.yaml").string()},
                   folder.path / "second.out");
    CHECK(exit_code_of(second) == 4);
    CAPTURE(folder.read("second.out"));
    CHECK(folder.read("second.out").find("journal") != std::string::npos);
    daemon.program.signal(SIGTERM);
    CHECK(exit_code_of(daemon.program) == 0);
}

}  // namespace margind::tests
