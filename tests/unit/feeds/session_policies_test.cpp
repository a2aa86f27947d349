// The pure policies of a session: addresses, back-off, silence.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "feeds/backoff.hpp"
#include "feeds/silence_watch.hpp"
#include "feeds/subscription_requests.hpp"
#include "feeds/url.hpp"

using namespace margind;
using namespace margind::feeds;
using core::Channel;
using core::Duration;
using core::Timestamp;

TEST_CASE("urls are taken apart") {
    struct Case {
        const char* text;
        Encryption encryption;
        const char* host;
        int port;
        const char* target;
        const char* host_header;
    };
    const auto each = GENERATE(values<Case>({
        {"ws://127.0.0.1:9001", Encryption::none, "127.0.0.1", 9001, "/", "127.0.0.1:9001"},
        {"ws://localhost/ws", Encryption::none, "localhost", 80, "/ws", "localhost"},
        {"wss://stream.binance.com:9443/stream?streams=a/b", Encryption::tls, "stream.binance.com",
         9443, "/stream?streams=a/b", "stream.binance.com:9443"},
        {"wss://hermes.pyth.network/ws", Encryption::tls, "hermes.pyth.network", 443, "/ws",
         "hermes.pyth.network"},
        {"ws://[::1]:9001/x", Encryption::none, "::1", 9001, "/x", "[::1]:9001"},
        {"wss://host?a=b", Encryption::tls, "host", 443, "/?a=b", "host"},
        {"wss://host:80", Encryption::tls, "host", 80, "/", "host:80"},
    }));
    INFO(each.text);
    const ParsedUrl parsed = parse_url(each.text);
    REQUIRE(parsed.problem.empty());
    CHECK(parsed.url.encryption == each.encryption);
    CHECK(parsed.url.host == each.host);
    CHECK(parsed.url.port == each.port);
    CHECK(parsed.url.target == each.target);
    CHECK(parsed.url.host_header() == each.host_header);
}

TEST_CASE("unusable urls are refused with what is wrong") {
    struct Case {
        std::string text;
        const char* why;
    };
    const auto each = GENERATE(values<Case>({
        {"", "neither ws:// nor wss://"},
        {"http://x", "neither ws:// nor wss://"},
        {"ws://", "the host is missing"},
        {"ws://:80", "the host is missing"},
        {"ws://x:0", "port"},
        {"ws://x:65536", "port"},
        {"ws://x:", "port"},
        {"ws://x:80x", "port"},
        {"ws://[::1", "bracket"},
        {"ws://[::1]x", "only :port"},
        {"ws://[abc]", "not an IPv6"},
        {"ws://a b", "blank"},
        {"ws://x/\r\nHost: y", "blank"},
        {"ws://x/#y", "fragment"},
        {"ws://ex\"ample", "no host name has"},
        {"ws://" + std::string(300, 'a'), "253"},
    }));
    INFO(each.text);
    CHECK_THAT(parse_url(each.text).problem, Catch::Contains(each.why));
}

TEST_CASE("a password in a url is never repeated in a message") {
    const std::string problem = parse_url("wss://me:secret@host/").problem;
    CHECK_THAT(problem, !Catch::Contains("secret"));
    CHECK_THAT(problem, Catch::Contains("password"));
}

TEST_CASE("waits double up to the maximum, keep half, and are repeatable") {
    const auto first = Duration::from_ms(250);
    const auto max = Duration::from_seconds(30);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        INFO("seed " << seed);
        Backoff backoff(first, max, seed);
        Backoff twin(first, max, seed);
        std::int64_t step = first.ns();
        for (int attempt = 0; attempt < 70; ++attempt) {
            const Duration wait = backoff.next();
            REQUIRE(wait.ns() >= step / 2);
            REQUIRE(wait.ns() <= step);
            REQUIRE(twin.next() == wait);
            step = std::min(step * 2, max.ns());
        }
        backoff.reset();
        REQUIRE(backoff.next() <= first);
    }
}

TEST_CASE("different seeds wait differently") {
    std::vector<std::int64_t> waits;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        waits.push_back(
            Backoff(Duration::from_seconds(1), Duration::from_seconds(1), seed).next().ns());
    }
    std::sort(waits.begin(), waits.end());
    CHECK(std::unique(waits.begin(), waits.end()) == waits.end());
    // Spread over the whole range of half a second to a second.
    CHECK(waits.front() < 550'000'000);
    CHECK(waits.back() > 950'000'000);
}

namespace {

Timestamp at(std::int64_t ms) {
    return Timestamp::from_ns(1'000'000'000'000 + ms * 1'000'000);
}

}  // namespace

TEST_CASE("silence is judged per topic, on data only") {
    SilenceWatch watch({{"A", Channel::mark}, {"A", Channel::index}, {"B", Channel::mark}},
                       Duration::from_ms(100));
    watch.restart(at(0));
    CHECK(watch.check(at(100)) == Silence::none);
    watch.saw("A", Channel::mark, at(90));
    watch.saw("B", Channel::mark, at(95));
    watch.saw("C", Channel::mark, at(95));  // never asked for
    CHECK(watch.check(at(101)) == Silence::silent);
    CHECK(watch.silent_count() == 1);
    CHECK(watch.quietest().topic.channel == Channel::index);
    CHECK(watch.quietest().since == at(0));
    watch.saw("A", Channel::index, at(110));
    CHECK(watch.silent_count() == 0);
    CHECK(watch.check(at(120)) == Silence::none);
}

TEST_CASE("one quiet topic costs one reconnect, a quiet connection as many as it takes") {
    SilenceWatch watch({{"A", Channel::trade}, {"B", Channel::trade}}, Duration::from_ms(100));
    watch.restart(at(0));
    watch.saw("A", Channel::trade, at(290));
    CHECK(watch.check(at(300)) == Silence::silent);
    CHECK(watch.check(at(301)) == Silence::reconnect);

    // The new connection brings A, still not B: B is left alone.
    watch.restart(at(400));
    watch.saw("A", Channel::trade, at(1000));
    CHECK(watch.check(at(1001)) == Silence::silent);

    // B speaks, and falls silent again: worth another try.
    watch.saw("B", Channel::trade, at(1100));
    watch.saw("A", Channel::trade, at(1490));
    CHECK(watch.check(at(1500)) == Silence::reconnect);

    // Nothing at all: given up every time.
    for (int round = 0; round < 3; ++round) {
        watch.restart(at(2000));
        CHECK(watch.check(at(2300)) == Silence::silent);
        CHECK(watch.check(at(2301)) == Silence::reconnect);
    }
}

TEST_CASE("a topic asked for twice is one topic") {
    SilenceWatch watch({{"A", Channel::mark}, {"A", Channel::mark}}, Duration::from_ms(100));
    watch.restart(at(0));
    CHECK(watch.check(at(101)) == Silence::silent);
    CHECK(watch.silent_count() == 1);
    watch.saw("A", Channel::mark, at(101));
    CHECK(watch.check(at(102)) == Silence::none);
}

TEST_CASE("a thousand topics are told apart") {
    std::vector<Topic> topics;
    for (int i = 0; i < 1000; ++i) topics.push_back({"S" + std::to_string(i), Channel::book_top});
    SilenceWatch watch(topics, Duration::from_ms(100));
    watch.restart(at(0));
    for (int i = 0; i < 1000; ++i) {
        if (i != 617) watch.saw("S" + std::to_string(i), Channel::book_top, at(50));
    }
    CHECK(watch.check(at(120)) == Silence::silent);
    CHECK(watch.silent_count() == 1);
    CHECK(watch.quietest().topic.symbol == "S617");
}

TEST_CASE("requests keep below the venue's rate") {
    SubscriptionRequests requests(5);
    requests.restart({"a", "b", "c"}, 7, at(0));
    CHECK(requests.take(at(0)) == "a");
    CHECK(requests.take(at(0)) == std::nullopt);
    CHECK(requests.send_at() == at(250));  // four a second, one of five is left for pongs
    CHECK(requests.take(at(249)) == std::nullopt);
    CHECK(requests.take(at(250)) == "b");
    CHECK(requests.take(at(900)) == "c");
    CHECK(requests.all_sent());
    CHECK(requests.take(at(2000)) == std::nullopt);
}

TEST_CASE("requests are confirmed by id or in order, once, and only when sent") {
    SubscriptionRequests requests(1000);
    requests.restart({"a", "b", "c"}, 7, at(0));
    REQUIRE(requests.take(at(0)));
    REQUIRE(requests.take(at(10)));
    requests.confirm(9);  // not sent yet
    requests.confirm(6);
    requests.confirm(99);
    CHECK(requests.unconfirmed() == 3);
    requests.confirm(8);
    requests.confirm(8);
    CHECK(requests.unconfirmed() == 2);
    REQUIRE(requests.take(at(20)));
    requests.confirm(7);
    requests.confirm(9);
    CHECK(requests.unconfirmed() == 0);

    requests.restart({"a", "b"}, 10, at(0));
    REQUIRE(requests.take(at(0)));
    requests.confirm(0);
    requests.confirm(0);
    CHECK(requests.unconfirmed() == 1);
    REQUIRE(requests.take(at(10)));
    requests.confirm(0);
    CHECK(requests.unconfirmed() == 0);
}
