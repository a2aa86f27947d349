// The gateway over real sockets. One thread runs both sides: the io_context is polled by hand, so
// nothing depends on how threads happen to be scheduled.
#include "daemon/gateway/gateway.hpp"

#include <chrono>
#include <deque>
#include <random>
#include <system_error>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <simdjson.h>

#include "daemon/clock.hpp"
#include "tests/support/line_socket.hpp"
#include "tests/support/sample_events.hpp"

using namespace margind;
using tests::LineSocket;

namespace {

struct Line {
    std::string type;
    std::string reason;
    std::uint64_t event_seq = 0;
    std::uint64_t next_event_seq = 0;
    std::uint64_t last_event_seq = 0;
};

Line parse(const std::string& text) {
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    INFO(text);
    REQUIRE(parser.parse(text).get(json) == simdjson::SUCCESS);
    Line line;
    line.type = std::string(json["type"].get_string().value());
    std::string_view reason;
    if (json["reason"].get(reason) == simdjson::SUCCESS) line.reason = std::string(reason);
    // Members that a kind does not have stay zero.
    if (json["event_seq"].get(line.event_seq)) line.event_seq = 0;
    if (json["next_event_seq"].get(line.next_event_seq)) line.next_event_seq = 0;
    if (json["last_event_seq"].get(line.last_event_seq)) line.last_event_seq = 0;
    return line;
}

struct Bench {
    explicit Bench(config::EventListenerSettings wanted = {})
        : settings(std::move(wanted)), encoder(tests::sample_parameters()) {
        settings.port = 0;
        gateway = std::make_unique<daemon::Gateway>(io, settings, encoder, clock, "test-session");
    }

    // Runs the gateway until `condition` holds. The limit is for defects only.
    template <class Condition>
    void run_until(Condition condition) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > limit) FAIL("the condition never came true");
            io.restart();
            io.run_one_for(std::chrono::milliseconds(1));
        }
    }

    LineSocket connect(int receive_buffer = 0) {
        LineSocket socket(gateway->port(), receive_buffer);
        run_until([&] {
            socket.receive();
            return !socket.lines().empty();
        });
        return socket;
    }

    void publish() {
        core::Event event = tests::sample_events()[next_event_seq % 12];
        event.event_seq = next_event_seq++;
        gateway->publish(event);
    }
    void publish(int count) {
        for (int i = 0; i < count; ++i) publish();
    }

    boost::asio::io_context io{1};
    daemon::SystemClock clock;
    config::EventListenerSettings settings;
    daemon::EventEncoder encoder;
    std::unique_ptr<daemon::Gateway> gateway;
    std::uint64_t next_event_seq = 1;
};

std::vector<std::string> event_lines(const LineSocket& socket) {
    std::vector<std::string> lines;
    for (const std::string& line : socket.lines()) {
        if (line.find("\"event_seq\":") < 40) lines.push_back(line);
    }
    return lines;
}

// Events first .. last without a hole.
void check_gapless(const LineSocket& socket, std::uint64_t first, std::uint64_t last) {
    std::uint64_t expected = first;
    for (const std::string& text : event_lines(socket)) {
        REQUIRE(parse(text).event_seq == expected);
        ++expected;
    }
    CHECK(expected == last + 1);
}

config::EventListenerSettings small_buffers() {
    config::EventListenerSettings settings;
    settings.subscriber_buffer_bytes = 64 * 1024;
    return settings;
}

// So many events are more than the buffers of two kernels take, and less than large_buffers().
constexpr int kMoreThanKernelsHold = 40'000;

config::EventListenerSettings large_buffers() {
    config::EventListenerSettings settings;
    settings.subscriber_buffer_bytes = 64 * 1024 * 1024;
    return settings;
}

// Publishes until the gateway is rid of its slow subscriber; everybody in `attentive` keeps
// reading.
void publish_until_cut_off(Bench& bench, std::vector<LineSocket*> attentive) {
    for (int i = 0; bench.gateway->statistics().cut_off_total == 0; ++i) {
        REQUIRE(i < 200'000);
        bench.publish();
        bench.io.restart();
        bench.io.poll();
        for (LineSocket* socket : attentive) socket->receive();
    }
}

}  // namespace

TEST_CASE("a subscriber is greeted and then gets every event") {
    Bench bench;
    LineSocket socket = bench.connect();
    const Line hello = parse(socket.lines()[0]);
    CHECK(hello.type == "hello");
    CHECK(hello.next_event_seq == 1);
    CHECK(socket.lines()[0].find(R"("session":"test-session")") != std::string::npos);

    bench.publish(3);
    bench.run_until([&] {
        socket.receive();
        return event_lines(socket).size() == 3;
    });
    check_gapless(socket, 1, 3);
}

TEST_CASE("an event is on its way when publish returns") {
    Bench bench;
    LineSocket socket = bench.connect();
    bench.publish();
    // Without running the io_context: the bytes are in the socket already.
    socket.receive();
    CHECK(event_lines(socket).size() == 1);
}

TEST_CASE("two subscribers receive identical bytes") {
    Bench bench;
    LineSocket first = bench.connect();
    LineSocket second = bench.connect();
    bench.publish(500);
    bench.run_until([&] {
        first.receive();
        second.receive();
        return event_lines(first).size() == 500 && event_lines(second).size() == 500;
    });
    CHECK(event_lines(first) == event_lines(second));
}

TEST_CASE("whoever connects later starts where its hello says") {
    Bench bench;
    bench.publish(7);
    {
        LineSocket early = bench.connect();
        CHECK(parse(early.lines()[0]).next_event_seq == 8);
    }
    bench.publish(2);
    LineSocket again = bench.connect();
    CHECK(parse(again.lines()[0]).next_event_seq == 10);
    bench.publish(1);
    again.receive();
    check_gapless(again, 10, 10);
}

TEST_CASE("a stalled subscriber is cut off with a reason; the other misses nothing") {
    Bench bench(small_buffers());
    LineSocket attentive = bench.connect();
    LineSocket stalled = bench.connect(4096);
    publish_until_cut_off(bench, {&attentive});
    bench.publish(100);
    const std::uint64_t last = bench.next_event_seq - 1;
    bench.run_until([&] {
        attentive.receive();
        stalled.receive();
        return stalled.closed() && event_lines(attentive).size() == last;
    });
    check_gapless(attentive, 1, last);

    CHECK_FALSE(stalled.was_reset());
    CHECK(stalled.partial_line().empty());
    const Line goodbye = parse(stalled.lines().back());
    CHECK(goodbye.type == "goodbye");
    CHECK(goodbye.reason == "slow_consumer");
    CHECK(goodbye.last_event_seq < last);
    check_gapless(stalled, 1, goodbye.last_event_seq);
    bench.run_until([&] { return bench.gateway->statistics().subscribers == 1; });
}

TEST_CASE("a subscriber that never reads again is closed within its time to read why") {
    Bench bench(small_buffers());
    LineSocket stalled = bench.connect(4096);
    publish_until_cut_off(bench, {});
    bench.run_until([&] { return bench.gateway->statistics().subscribers == 0; });
}

TEST_CASE("subscribers that read in fits and starts get the same bytes as one that keeps up") {
    constexpr std::uint32_t kSeed = 20251010;
    INFO("seed " << kSeed);
    std::mt19937 random(kSeed);
    Bench bench(small_buffers());
    LineSocket steady = bench.connect();
    LineSocket fitful = bench.connect(4096);
    // About forty times round the ring. The fitful one may fall behind, but not for ever.
    for (int i = 0; i < 12'000; ++i) {
        bench.publish();
        bench.io.restart();
        bench.io.poll();
        steady.receive();
        if (random() % 8 == 0) fitful.receive(random() % 20'000);
    }
    const std::size_t total = bench.next_event_seq - 1;
    bench.run_until([&] {
        steady.receive();
        fitful.receive();
        return event_lines(steady).size() == total && event_lines(fitful).size() == total;
    });
    CHECK(event_lines(steady) == event_lines(fitful));
    CHECK(bench.gateway->statistics().cut_off_total == 0);
}

TEST_CASE("rubbish is answered, and too much of it ends the connection and only that") {
    Bench bench;
    LineSocket polite = bench.connect();
    LineSocket rude = bench.connect();
    for (int i = 0; i < 16; ++i) REQUIRE(rude.send("GET / HTTP/1.1\r\n"));
    bench.run_until([&] {
        rude.receive();
        return rude.lines().size() == 17;
    });
    for (std::size_t i = 1; i < 17; ++i) CHECK(parse(rude.lines()[i]).type == "error");
    CHECK_FALSE(rude.closed());

    REQUIRE(rude.send("\xff\xfe\n"));
    bench.run_until([&] {
        rude.receive();
        return rude.closed();
    });
    CHECK(parse(rude.lines().back()).reason == "protocol_error");
    bench.publish(5);
    polite.receive();
    check_gapless(polite, 1, 5);
}

TEST_CASE("a line without end is not waited for") {
    Bench bench;
    LineSocket rude = bench.connect();
    REQUIRE(rude.send(std::string(1'024, 'x')));
    REQUIRE(rude.send("x"));
    bench.run_until([&] {
        rude.receive();
        return rude.closed();
    });
    CHECK(parse(rude.lines().back()).reason == "protocol_error");
    CHECK(parse(rude.lines().back()).last_event_seq == 0);
}

TEST_CASE("connections beyond the limit are refused with a reason until one leaves") {
    config::EventListenerSettings settings;
    settings.subscribers_max = 4;
    Bench bench(settings);
    std::deque<LineSocket> admitted;
    for (int i = 0; i < 4; ++i) admitted.push_back(bench.connect());
    for (int i = 0; i < 3; ++i) {
        LineSocket refused = bench.connect();
        CHECK(parse(refused.lines()[0]).reason == "too_many_subscribers");
        bench.run_until([&] {
            refused.receive();
            return refused.closed();
        });
        CHECK_FALSE(refused.was_reset());
    }
    CHECK(bench.gateway->statistics().refused_total == 3);
    bench.publish(2);
    for (LineSocket& socket : admitted) {
        socket.receive();
        check_gapless(socket, 1, 2);
    }

    admitted.pop_back();
    // The gateway learns of it when it next sends to that one.
    bench.run_until([&] {
        bench.publish();
        return bench.gateway->statistics().subscribers == 3;
    });
    CHECK(parse(bench.connect().lines()[0]).type == "hello");
}

TEST_CASE("a flood of connections neither breaks the gateway nor disturbs a subscriber") {
    config::EventListenerSettings settings;
    settings.subscribers_max = 2;
    Bench bench(settings);
    LineSocket subscriber = bench.connect();
    for (int round = 0; round < 5; ++round) {
        std::vector<LineSocket> flood;
        for (int i = 0; i < 60; ++i) flood.emplace_back(bench.gateway->port());
        bench.publish(10);
        bench.io.restart();
        bench.io.poll();
        subscriber.receive();
    }
    bench.run_until([&] {
        bench.publish();
        subscriber.receive();
        return bench.gateway->statistics().subscribers == 1;
    });
    subscriber.receive();
    check_gapless(subscriber, 1, bench.next_event_seq - 1);
}

TEST_CASE("silence is filled with heartbeats that name the next event") {
    config::EventListenerSettings settings;
    settings.heartbeat = core::Duration::from_ms(20);
    Bench bench(settings);
    LineSocket socket = bench.connect();
    bench.publish(3);
    const auto heartbeats = [&] {
        std::vector<Line> found;
        for (const std::string& text : socket.lines()) {
            Line line = parse(text);
            if (line.type == "heartbeat") found.push_back(line);
        }
        return found;
    };
    bench.run_until([&] {
        socket.receive();
        return heartbeats().size() >= 2;
    });
    CHECK(heartbeats().back().next_event_seq == 4);
}

TEST_CASE("a subscriber that closes its sending side goes on receiving") {
    Bench bench;
    LineSocket socket = bench.connect();
    socket.close_sending();
    bench.io.restart();
    bench.io.poll();
    bench.publish(4);
    socket.receive();
    check_gapless(socket, 1, 4);
}

TEST_CASE("a connection's own lines never come in the middle of an event") {
    Bench bench(large_buffers());
    LineSocket behind = bench.connect(64 * 1024);
    bench.publish(kMoreThanKernelsHold);
    REQUIRE(behind.send("what is this?\n"));
    // Until the answer is queued: after what waits, not before.
    for (int i = 0; i < 10; ++i) {
        bench.io.restart();
        bench.io.poll();
    }
    bench.publish(3);
    const std::size_t total = bench.next_event_seq - 1;
    bench.run_until([&] {
        behind.receive();
        return event_lines(behind).size() == total;
    });
    check_gapless(behind, 1, total);
    // hello, the events up to the question, the answer, the events since.
    REQUIRE(behind.lines().size() == total + 2);
    CHECK(parse(behind.lines()[total - 2]).type == "error");
}

TEST_CASE("draining sends everything, says goodbye and reports once") {
    Bench bench(large_buffers());
    LineSocket quick = bench.connect();
    LineSocket late = bench.connect(64 * 1024);
    bench.publish(kMoreThanKernelsHold);
    int done = 0;
    bench.gateway->drain(core::Duration::from_seconds(3600), [&] { ++done; });
    bench.run_until([&] {
        quick.receive();
        late.receive(200'000);
        return done > 0 && quick.closed() && late.closed();
    });
    bench.io.restart();
    bench.io.run();  // nothing is left to do
    CHECK(done == 1);
    for (const LineSocket* socket : {&quick, &late}) {
        check_gapless(*socket, 1, kMoreThanKernelsHold);
        const Line goodbye = parse(socket->lines().back());
        CHECK(goodbye.reason == "draining");
        CHECK(goodbye.last_event_seq == kMoreThanKernelsHold);
    }
    CHECK_THROWS(LineSocket(bench.gateway->port()));
}

TEST_CASE("draining does not wait for ever, and not at all for nobody") {
    Bench bench(large_buffers());
    int done = 0;
    SECTION("somebody who never reads") {
        const LineSocket stalled = bench.connect(4096);
        bench.publish(kMoreThanKernelsHold);
        bench.gateway->drain(core::Duration::from_ms(50), [&] { ++done; });
        bench.run_until([&] { return done == 1; });
        CHECK(bench.gateway->statistics().subscribers == 0);
        CHECK(bench.gateway->statistics().cut_off_total == 0);
    }
    SECTION("nobody") {
        bench.gateway->drain(core::Duration::from_seconds(3600), [&] { ++done; });
        bench.run_until([&] { return done == 1; });
    }
}

TEST_CASE("an address that cannot be had is an error that names it") {
    Bench bench;
    config::EventListenerSettings settings;
    settings.port = bench.gateway->port();
    const std::string place = "127.0.0.1:" + std::to_string(settings.port);
    CHECK_THROWS_WITH(daemon::Gateway(bench.io, settings, bench.encoder, bench.clock, "another"),
                      Catch::Contains(place) && Catch::Contains("events.port"));
    settings.address = "nonsense";
    CHECK_THROWS_AS(daemon::Gateway(bench.io, settings, bench.encoder, bench.clock, "another"),
                    std::system_error);
}
