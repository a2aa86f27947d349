// Subscribers that come back for earlier events, or are too slow for the present: over real
// sockets, out of a real journal. One thread polls both sides; the history's own reads the files.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "core/journal/event_codec.hpp"
#include "daemon/clock.hpp"
#include "daemon/gateway/event_history.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/posix_files.hpp"
#include "daemon/journal/recovery.hpp"
#include "tests/support/command_run.hpp"
#include "tests/support/line_socket.hpp"
#include "tests/support/recorded_venue.hpp"
#include "tests/support/seeds.hpp"

using namespace margind;
using test::Scratch;
using tests::LineSocket;

namespace {

constexpr const char* kSession = "0123456789abcdef";

// The kinds of events that a venue makes, one after the other, for good.
const std::vector<core::Event>& templates() {
    static const std::vector<core::Event> kEvents = [] {
        const Scratch scratch;
        test::RecordedVenue venue(scratch.journal(), test::kVenueConfig);
        test::play(venue);
        return venue.events;
    }();
    return kEvents;
}

std::string body_of(std::string line) {
    const std::size_t at = line.rfind(",\"emit_time\":");
    if (at == std::string::npos) FAIL("no emit_time: " << line);  // of thousands: no REQUIRE
    return line.substr(0, at) + "}";
}

bool is_event(const std::string& line) {
    return line.find("\"event_seq\":") < 48;
}

// A journal that is written event by event, and the gateway beside it.
struct World {
    explicit World(bool with_history = true, std::uint64_t buffer = 64 * 1024) {
        settings.port = 0;
        settings.subscriber_buffer_bytes = buffer;
        settings.heartbeat = core::Duration::from_ms(40);
        keeps_history = with_history;
        begin_run(test::kVenueConfig);
        open_gateway();
    }
    void begin_run(const std::string& config_text) {
        gateway.reset();
        history.reset();
        if (writer) REQUIRE(writer->close(clock.now()));
        writer.reset();
        std::filesystem::create_directories(scratch.journal());
        const daemon::JournalState state = daemon::recover_journal(files, scratch.journal());
        REQUIRE(state.problem.empty());
        writer.emplace(files,
                       daemon::JournalWriterOptions{scratch.journal(), 1 << 20,
                                                    daemon::SessionId{std::byte{1}}},
                       state);
        core::EpochRecord epoch;
        epoch.number = state.last_epoch + 1;
        epoch.config_text = config_text;
        epoch.config_name = "venue.yaml";
        REQUIRE(writer->append_epoch(epoch, clock.now()) == daemon::Append::done);
        settings_of_run = config::load_text(config_text, "venue.yaml").settings;
        encoder = std::make_unique<daemon::EventEncoder>(settings_of_run.risk);
        if (keeps_history) {
            history = std::make_unique<daemon::EventHistory>(
                io, files, scratch.journal(), durability, clock,
                daemon::EventHistory::Run{*encoder, inputs + 1});
        }
        // An input, so that the run leaves a segment.
        const std::vector<std::byte> payload(8);
        ++inputs;
        REQUIRE(writer->append_input(inputs, clock.now(), payload) == daemon::Append::done);
        commit();
    }
    void open_gateway() {
        gateway.reset();
        gateway = std::make_unique<daemon::Gateway>(io, settings, *encoder, clock, kSession,
                                                    config::Durability::group, history.get());
    }
    void commit() {
        REQUIRE(writer->commit());
        durability.reached(writer->durable_input(), writer->durable_event());
    }
    // Makes, records and, when it is on disk, publishes the next events.
    void happen(std::uint64_t count, bool publish = true) {
        std::vector<core::Event> made;
        std::array<std::byte, core::kEventBytesMax> room;
        for (; count > 0; --count) {
            core::Event event = templates()[bodies.size() % templates().size()];
            event.event_seq = bodies.size() + 1;
            event.input_seq = inputs;
            daemon::TextBuffer text;
            encoder->append_body(text, event);
            bodies.push_back(fmt::to_string(text));
            const std::size_t bytes = core::encode_event(event, room);
            REQUIRE(writer->append_event(event.event_seq, event.engine_time,
                                         std::span(room).first(bytes)) == daemon::Append::done);
            made.push_back(event);
        }
        commit();
        if (!publish) return;
        for (const core::Event& event : made) gateway->publish(event);
    }

    template <class Condition>
    void run_until(Condition condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) FAIL("the condition never came true");
            io.restart();
            io.run_one_for(std::chrono::milliseconds(1));
        }
    }
    void run_until_told(LineSocket& socket, const std::string& type) {
        run_until([&] {
            socket.receive();
            return std::any_of(socket.lines().begin(), socket.lines().end(),
                               [&](const std::string& line) {
                                   return line.starts_with("{\"type\":\"" + type + "\"");
                               });
        });
    }
    LineSocket log_in(const std::string& members, int receive_buffer = 0) {
        LineSocket socket(gateway->port(), receive_buffer);
        run_until_told(socket, "hello");
        REQUIRE(socket.send("{\"type\":\"login\"" + members + "}\n"));
        return socket;
    }
    LineSocket resume(std::uint64_t next_event_seq) {
        return log_in(",\"session\":\"" + std::string(kSession) +
                      "\",\"next_event_seq\":" + std::to_string(next_event_seq));
    }
    // Of the events behind the answer to the login.
    std::vector<std::string> told(const LineSocket& socket) const {
        std::vector<std::string> result;
        bool accepted = false;
        for (const std::string& line : socket.lines()) {
            accepted |= line.starts_with("{\"type\":\"login_accepted\"");
            if (accepted && is_event(line)) result.push_back(body_of(line));
        }
        return result;
    }
    // From `first` to the newest, each once.
    void check_all(LineSocket& socket, std::uint64_t first) {
        const auto begin = bodies.begin() + static_cast<std::ptrdiff_t>(first - 1);
        const std::vector<std::string> expected(begin, bodies.end());
        if (!expected.empty()) {
            const std::string last = "\"event_seq\":" + std::to_string(bodies.size()) + ",";
            run_until_told(socket, "login_accepted");
            run_until([&] {
                socket.receive();
                if (socket.closed()) FAIL("the connection was closed: " << socket.lines().back());
                // The newest lines are enough: who is told of the last event has all.
                const auto& lines = socket.lines();
                const std::size_t from = lines.size() > 20 ? lines.size() - 20 : 0;
                return std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(from), lines.end(),
                                   [&](const std::string& line) { return line.find(last) < 48; }) &&
                       told(socket).size() >= expected.size();
            });
        }
        CHECK((told(socket) == expected));
    }
    std::string goodbye(LineSocket& socket) {
        run_until([&] {
            socket.receive();
            return socket.closed();
        });
        return socket.lines().back();
    }

    const Scratch scratch;
    boost::asio::io_context io{1};
    daemon::SystemClock clock;
    daemon::PosixFiles files;
    daemon::Durability durability{config::Durability::group};
    config::EventListenerSettings settings;
    config::Settings settings_of_run;
    std::unique_ptr<daemon::EventEncoder> encoder;
    std::optional<daemon::JournalWriter> writer;
    bool keeps_history = true;
    std::unique_ptr<daemon::EventHistory> history;
    std::unique_ptr<daemon::Gateway> gateway;
    std::vector<std::string> bodies;  // of all events, by number
    std::uint64_t inputs = 0;
};

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("resume from any event: that one, the next, and so on, into the present") {
    World world;
    world.happen(150, false);  // before this run of the daemon
    world.happen(150);         // some of these left the ring as well
    for (const std::uint64_t first : {1UL, 2UL, 77UL, 150UL, 151UL, 220UL, 299UL, 300UL, 301UL}) {
        INFO("from event " << first);
        LineSocket socket = world.resume(first);
        world.run_until_told(socket, "caught_up");
        world.happen(3);
        world.check_all(socket, first);
        const auto& lines = socket.lines();
        const auto accepted = std::find_if(lines.begin(), lines.end(), [](const auto& line) {
            return line.starts_with("{\"type\":\"login_accepted\"");
        });
        CHECK_THAT(*accepted, Contains("\"next_event_seq\":" + std::to_string(first) + "}"));
    }
    CHECK(world.gateway->statistics().resumed_total == 9);
    CHECK(world.gateway->statistics().behind == 0);
}

TEST_CASE("caught_up stands between what had happened and what happens") {
    World world;
    world.happen(200, false);
    world.happen(1);
    LineSocket socket = world.resume(1);
    world.run_until_told(socket, "caught_up");
    world.happen(1);
    world.check_all(socket, 1);
    std::size_t before = 0;
    for (const std::string& line : socket.lines()) {
        if (line.starts_with("{\"type\":\"caught_up\"")) {
            CHECK(line == "{\"type\":\"caught_up\",\"next_event_seq\":202}");
            break;
        }
        if (is_event(line)) ++before;
    }
    CHECK(before == 201);
}

TEST_CASE("events that happen while somebody resumes are neither lost nor doubled") {
    const std::uint64_t seed = test::first_seed();
    std::mt19937_64 random(seed);
    INFO("seed " << seed);
    World world;
    world.happen(100, false);
    world.happen(20);
    for (int round = 0; round < 30; ++round) {
        const std::uint64_t first = 1 + random() % (world.bodies.size() + 1);
        LineSocket socket = world.resume(first);
        for (std::uint64_t bursts = random() % 20; bursts > 0; --bursts) {
            world.happen(random() % 8);
            world.io.restart();
            for (std::uint64_t turns = random() % 6; turns > 0; --turns) world.io.poll_one();
            if (random() % 2 == 0) socket.receive(random() % 20'000);
        }
        world.happen(1);
        INFO("round " << round << " from event " << first);
        world.check_all(socket, first);
    }
}

TEST_CASE("who is too slow for the present is read the past, and then has missed nothing") {
    World world;
    world.happen(1);
    LineSocket slow = world.log_in(",\"next_event_seq\":1", 4096);
    LineSocket quick = world.log_in(",\"next_event_seq\":1");
    while (world.gateway->statistics().fell_behind_total == 0) {
        REQUIRE(world.bodies.size() < 200'000);
        world.happen(50);
        world.io.restart();
        world.io.poll();
        quick.receive();
    }
    world.happen(500);
    world.check_all(quick, 1);
    world.check_all(slow, 1);
    world.happen(5);
    world.check_all(slow, 1);
    CHECK(world.gateway->statistics().cut_off_total == 0);
    CHECK(world.gateway->statistics().behind == 0);
}

TEST_CASE("without a journal who falls behind is cut off, and who resumes may use the ring") {
    World world(false);
    world.happen(40);
    LineSocket socket = world.resume(21);
    world.check_all(socket, 21);
    world.happen(2'000);
    LineSocket late = world.resume(21);
    CHECK_THAT(world.goodbye(late), Contains("\"reason\":\"not_retained\""));
    LineSocket slow = world.log_in("", 4096);
    while (world.gateway->statistics().cut_off_total == 0) {
        REQUIRE(world.bodies.size() < 200'000);
        world.happen(50);
        socket.receive();
    }
    CHECK_THAT(world.goodbye(slow), Contains("\"reason\":\"slow_consumer\""));
}

TEST_CASE("who takes nothing is cut off in the end") {
    World world;
    world.settings.stalled_after = core::Duration::from_ms(100);
    world.open_gateway();
    world.happen(1);
    LineSocket slow = world.log_in(",\"next_event_seq\":1", 4096);
    world.run_until_told(slow, "caught_up");
    while (world.gateway->statistics().fell_behind_total == 0) world.happen(50);
    world.run_until([&] { return world.gateway->statistics().cut_off_total == 1; });
    CHECK_THAT(world.goodbye(slow), Contains("\"reason\":\"slow_consumer\""));
    // Whole events, in order, up to the one that the goodbye names.
    const std::vector<std::string> told = world.told(slow);
    REQUIRE(told.size() > 1);
    CHECK(std::equal(told.begin(), told.end(), world.bodies.begin()));
    CHECK_THAT(slow.lines().back(),
               Contains("\"last_event_seq\":" + std::to_string(told.size()) + ","));
}

TEST_CASE("what cannot be resumed is refused with a reason") {
    World world;
    world.happen(10);
    const auto refusal = [&](const std::string& members) {
        LineSocket socket = world.log_in(members);
        const std::string line = world.goodbye(socket);
        CHECK(world.told(socket).empty());
        return line;
    };
    CHECK_THAT(refusal(",\"session\":\"fedcba9876543210\",\"next_event_seq\":1"),
               Contains("\"reason\":\"session_unknown\""));
    CHECK_THAT(refusal(",\"next_event_seq\":12"), Contains("\"reason\":\"sequence_ahead\""));
    // The next one is not ahead.
    LineSocket next = world.resume(11);
    world.happen(1);
    world.check_all(next, 11);
}

TEST_CASE("a login that is none is answered, and changes nothing") {
    World world;
    world.happen(3);
    const std::vector<std::pair<std::string, std::string>> cases{
        {"{\"type\":\"login\",\"next_event_seq\":0}", "next_event_seq: must be"},
        {"{\"type\":\"login\",\"next_event_seq\":-1}", "next_event_seq: must be"},
        {"{\"type\":\"login\",\"next_event_seq\":\"1\"}", "next_event_seq: must be"},
        {"{\"type\":\"login\",\"next_event_seq\":1.5}", "next_event_seq: must be"},
        {"{\"type\":\"login\",\"session\":7}", "session: must be"},
        {"{\"type\":\"login\",\"from\":7}", "a member that no login has"},
        {"{\"type\":\"logon\"}", "type: must be"},
        {"{\"next_event_seq\":1}", "type: is missing"},
        {"[1]", "no JSON object"},
        {"", "no JSON object"},
    };
    LineSocket socket(world.gateway->port());
    world.run_until_told(socket, "hello");
    for (std::size_t i = 0; i < cases.size(); ++i) {
        REQUIRE(socket.send(cases[i].first + "\n"));
        world.run_until([&] {
            socket.receive();
            return socket.lines().size() == i + 2;
        });
        INFO(cases[i].first);
        CHECK_THAT(socket.lines().back(), Contains(cases[i].second));
    }
    REQUIRE(socket.send("{\"type\":\"login\",\"next_event_seq\":1}\n"));
    world.check_all(socket, 1);
    REQUIRE(socket.send("{\"type\":\"login\",\"next_event_seq\":1}\n"));
    world.run_until_told(socket, "error");
    world.happen(1);
    world.check_all(socket, 1);
}

TEST_CASE("events that retention has removed cannot be had") {
    World world;
    world.happen(30'000, false);
    world.happen(1);
    std::vector<daemon::SegmentFile> segments;
    REQUIRE_FALSE(daemon::list_segments(world.files, world.scratch.journal(),
                                        core::JournalStream::events, segments));
    REQUIRE(segments.size() > 2);
    REQUIRE_FALSE(world.files.remove(world.scratch.journal() + "/" + segments[0].name));
    LineSocket gone = world.resume(1);
    CHECK_THAT(world.goodbye(gone), Contains("\"reason\":\"not_retained\""));
    const std::uint64_t oldest = segments[1].first_sequence;
    LineSocket there = world.resume(oldest);
    world.check_all(there, oldest);
}

TEST_CASE("a journal that is damaged is not told on") {
    World world;
    world.happen(1'000, false);
    world.happen(1);
    const std::string segment =
        world.scratch.journal() + "/" + daemon::segment_name(core::JournalStream::events, 1);
    std::unique_ptr<daemon::File> file;
    REQUIRE_FALSE(world.files.open(segment, daemon::Access::write, file));
    std::array<std::byte, 1> byte{};
    std::size_t got = 0;
    REQUIRE_FALSE(file->read(100'000, byte, got));
    byte[0] ^= std::byte{4};
    REQUIRE_FALSE(file->write(100'000, byte));
    LineSocket socket = world.resume(1);
    CHECK_THAT(world.goodbye(socket), Contains("\"reason\":\"history_unreadable\""));
    const std::vector<std::string> told = world.told(socket);
    CHECK(std::equal(told.begin(), told.end(), world.bodies.begin()));
    CHECK_THAT(socket.lines().back(),
               Contains("\"last_event_seq\":" + std::to_string(told.size()) + ","));
}

TEST_CASE("earlier runs' events are told in the names of their configuration") {
    World world;
    world.happen(200, false);
    std::string renamed = test::kVenueConfig;
    for (std::size_t at = 0; (at = renamed.find("BTC-PERP", at)) != std::string::npos;) {
        renamed.replace(at, 8, "XBT-PERP");
    }
    world.begin_run(renamed);
    world.open_gateway();
    world.happen(200, false);
    world.happen(1);
    CHECK(std::count_if(world.bodies.begin(), world.bodies.begin() + 200, [](const auto& body) {
              return body.find("BTC-PERP") != std::string::npos;
          }) > 0);
    CHECK(std::count_if(world.bodies.begin() + 200, world.bodies.end(), [](const auto& body) {
              return body.find("XBT-PERP") != std::string::npos;
          }) > 0);
    LineSocket socket = world.resume(1);
    world.check_all(socket, 1);
}

TEST_CASE("a login in the middle of reading the past begins where it says") {
    World world;
    world.happen(3'000, false);
    world.happen(1);
    for (int turns = 0; turns < 8; ++turns) {
        // A reading is under way, or its block is on its way to the io thread.
        LineSocket socket = world.log_in("", 4096);
        world.run_until_told(socket, "caught_up");
        LineSocket slow(world.gateway->port(), 4096);
        world.run_until_told(slow, "hello");
        const std::uint64_t behind = world.gateway->statistics().fell_behind_total;
        while (world.gateway->statistics().fell_behind_total == behind) {
            world.happen(20);
            world.io.restart();
            for (int i = 0; i < turns; ++i) world.io.poll_one();
            socket.receive();
        }
        for (int i = 0; i < turns; ++i) {
            slow.receive(10'000);
            world.io.restart();
            world.io.poll_one();
        }
        REQUIRE(slow.send("{\"type\":\"login\",\"next_event_seq\":5}\n"));
        world.check_all(slow, 5);
    }
}

TEST_CASE("this run's events can be had when retention has taken the inputs it began with") {
    World world;
    world.happen(50, false);
    std::vector<daemon::SegmentFile> segments;
    REQUIRE_FALSE(daemon::list_segments(world.files, world.scratch.journal(),
                                        core::JournalStream::inputs, segments));
    REQUIRE(segments.size() == 1);
    REQUIRE_FALSE(world.files.remove(world.scratch.journal() + "/" + segments[0].name));
    world.happen(200, false);
    world.happen(1);
    LineSocket socket = world.resume(1);
    world.check_all(socket, 1);
}
