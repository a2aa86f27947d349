// The websocket session against the stand-in venue: real sockets, real frames, one thread.
#include <optional>

#include <catch2/catch.hpp>

#include "daemon/stand_in/price_path.hpp"
#include "feeds/normalise.hpp"
#include "tests/support/session_world.hpp"

using namespace margind;
using namespace margind::test;
using core::Channel;
using core::FeedReason;
using core::FeedState;
using daemon::stand_in::StandInOptions;
using feeds::Topic;

namespace {

constexpr const char* kBtc = "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43";

// The value as a number of cents, the precision of history_csv().
std::int64_t cents(feeds::Decimal decimal) {
    std::int64_t scaled = -1;
    REQUIRE(feeds::scale_exactly(decimal, 2, scaled) == feeds::NormaliseError::none);
    return scaled;
}

// Paced so that data keeps flowing for as long as a test needs it.
StandInOptions endless() {
    return {.speed = 20};
}

struct Served {
    const char* venue;
    const char* symbol;
    Channel channel;
};

}  // namespace

TEST_CASE("a session hears exactly what each venue says") {
    const auto served = GENERATE(Served{"binance_spot", "BTCUSDT", Channel::book_top},
                                 Served{"binance_spot", "BTCUSDT", Channel::trade},
                                 Served{"binance_usdm", "BTCUSDT", Channel::mark},
                                 Served{"binance_usdm", "BTCUSDT", Channel::book_top},
                                 Served{"binance_usdm", "BTCUSDT", Channel::trade},
                                 Served{"coinbase_exchange", "BTC-USD", Channel::book_top},
                                 Served{"coinbase_exchange", "BTC-USD", Channel::trade},
                                 Served{"coinbase_advanced", "BTC-USD", Channel::book_top},
                                 Served{"coinbase_advanced", "BTC-USD", Channel::trade},
                                 Served{"pyth", kBtc, Channel::oracle});
    INFO(served.venue << " channel " << static_cast<int>(served.channel));
    SessionWorld world;
    world.serve(served.venue, {{served.symbol, history_csv(200)}});
    AdjustedVenue venue(served.venue);
    world.connect(venue, {{served.symbol, served.channel}});

    const auto& prices = world.venue().tape().prices;
    REQUIRE(prices.size() > 600);
    std::vector<HeardTick> heard;
    REQUIRE(world.run_until([&] {
        heard.clear();
        std::copy_if(world.sink.ticks.begin(), world.sink.ticks.end(), std::back_inserter(heard),
                     [&](const HeardTick& tick) { return tick.channel == served.channel; });
        return heard.size() >= prices.size();
    }));
    REQUIRE(heard.size() == prices.size());
    for (std::size_t i = 0; i < prices.size(); ++i) {
        REQUIRE(heard[i].symbol == served.symbol);
        if (served.channel == Channel::book_top) {
            const auto book = daemon::stand_in::book_around(prices[i].price, 2);
            REQUIRE(cents(heard[i].bid) == book.bid);
            REQUIRE(cents(heard[i].ask) == book.ask);
        } else {
            REQUIRE(cents(heard[i].price) == prices[i].price);
        }
    }
    REQUIRE(world.sink.states ==
            std::vector<HeardState>{{FeedState::connecting, FeedReason::started},
                                    {FeedState::live, FeedReason::subscribed}});
    const feeds::FeedStatistics statistics = world.session->statistics();
    CHECK(statistics.connects == 1);
    CHECK(statistics.by_verdict[static_cast<std::size_t>(feeds::Verdict::rejected)] == 0);
    CHECK(statistics.last_problem.empty());
}

TEST_CASE("a dropped connection is made again and subscribed again") {
    SessionWorld world;
    world.serve("binance_spot", {{"BTCUSDT", history_csv(5000)}}, endless());
    AdjustedVenue venue("binance_spot");
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    for (std::size_t round = 1; round <= 3; ++round) {
        REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, round));
        const std::size_t before = world.sink.ticks.size();
        REQUIRE(world.run_until([&] { return world.sink.ticks.size() > before; }));
        REQUIRE(world.stand_in->command("drop").empty());
    }
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 4));
    CHECK(world.venue().statistics().connections == 4);
    CHECK(world.sink.count(FeedState::down, FeedReason::network_error) == 3);
    CHECK(world.sink.count(FeedState::connecting, FeedReason::network_error) == 3);
    CHECK(world.session->statistics().disconnects == 3);
}

TEST_CASE("a close frame and a shutdown notice are told apart") {
    SessionWorld world;
    world.serve("binance_spot", {{"BTCUSDT", history_csv(5000)}}, endless());
    AdjustedVenue venue("binance_spot");
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 1));
    world.stand_in->command("close");
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::closed_by_venue));
    REQUIRE_THAT(world.session->statistics().last_problem, Catch::Contains("told to close"));
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 2));
    world.stand_in->command("shutdown");
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::scheduled));
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 3));
}

TEST_CASE("a silent connection is told, heals, and is given up when it does not") {
    SessionWorld world;
    world.serve("coinbase_exchange", {{"BTC-USD", history_csv(5000)}}, endless());
    AdjustedVenue venue("coinbase_exchange");
    auto options = world.options();
    options.silence_after = core::Duration::from_ms(600);
    world.connect(venue, {{"BTC-USD", Channel::book_top}}, options);
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 1));

    world.stand_in->command("silence");
    REQUIRE(world.run_until_state(FeedState::silent, FeedReason::silence, 1));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("BTC-USD"));
    world.stand_in->command("resume");
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 2));
    CHECK(world.venue().statistics().connections == 1);
    CHECK(world.session->statistics().last_problem.empty());

    // Heartbeats and pongs go on, yet only data counts: after three times the limit it reconnects.
    world.stand_in->command("silence");
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::silence));
    world.stand_in->command("resume");
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 3));
    CHECK(world.venue().statistics().connections >= 2);
}

TEST_CASE("a refused subscription is told with the venue's words, and tried again") {
    SessionWorld world;
    world.serve("pyth", {{kBtc, history_csv(5000)}}, endless());
    AdjustedVenue venue("pyth");
    const std::string unknown(64, 'a');
    world.connect(venue, {{kBtc, Channel::oracle}, {unknown, Channel::oracle}});
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::refused, 3));
    CHECK_THAT(world.session->statistics().last_problem,
               Catch::Contains("not found") && Catch::Contains(unknown));
    CHECK(world.sink.ticks.empty());
    CHECK(world.sink.count(FeedState::live, FeedReason::subscribed) == 0);
    CHECK(world.session->statistics().connects == 0);
}

TEST_CASE("each venue's refusal is understood") {
    const auto served = GENERATE(Served{"binance_spot", "BTCUSDT", Channel::book_top},
                                 Served{"binance_usdm", "BTCUSDT", Channel::mark},
                                 Served{"coinbase_exchange", "BTC-USD", Channel::book_top},
                                 Served{"coinbase_advanced", "BTC-USD", Channel::book_top},
                                 Served{"pyth", kBtc, Channel::oracle});
    INFO(served.venue);
    SessionWorld world;
    world.serve(served.venue, {{served.symbol, history_csv(5000)}}, endless());
    world.stand_in->command("refuse");
    AdjustedVenue venue(served.venue);
    world.connect(venue, {{served.symbol, served.channel}});
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::refused));
    world.stand_in->command("resume");
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed));
}

TEST_CASE("garbled messages are counted, told, and change nothing else") {
    SessionWorld world;
    world.serve("binance_usdm", {{"BTCUSDT", history_csv(200)}});
    world.stand_in->command("corrupt 17 after 100");
    AdjustedVenue venue("binance_usdm");
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    const std::size_t sent = world.venue().tape().prices.size();
    REQUIRE(world.run_until([&] { return world.sink.ticks.size() == sent - 17; }));
    const feeds::FeedStatistics statistics = world.session->statistics();
    CHECK(statistics.by_verdict[static_cast<std::size_t>(feeds::Verdict::rejected)] == 17);
    CHECK(statistics.by_reason[static_cast<std::size_t>(feeds::Reason::not_json)] == 17);
    CHECK_THAT(statistics.last_reject,
               Catch::Contains("not_json, 10 so far") && Catch::Contains("###"));
    CHECK(world.sink.states.back() == HeardState{FeedState::live, FeedReason::subscribed});
}

TEST_CASE("repeated and swapped messages arrive as they were sent") {
    SessionWorld world;
    world.serve("binance_usdm", {{"BTCUSDT", history_csv(50)}});
    world.stand_in->command("repeat 5");
    world.stand_in->command("reorder 1 after 20");
    AdjustedVenue venue("binance_usdm");
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    const auto& prices = world.venue().tape().prices;
    REQUIRE(world.run_until([&] { return world.sink.ticks.size() == prices.size() + 5; }));
    std::vector<std::int64_t> expected;
    for (std::size_t i = 0; i < prices.size(); ++i) {
        const auto bid = daemon::stand_in::book_around(prices[i].price, 2).bid;
        expected.insert(expected.end(), i < 5 ? 2 : 1, bid);
    }
    std::swap(expected[20], expected[21]);
    std::vector<std::int64_t> heard;
    for (const HeardTick& tick : world.sink.ticks) heard.push_back(cents(tick.bid));
    CHECK(heard == expected);
}

TEST_CASE("a sink that is full loses nothing") {
    SessionWorld world;
    world.serve("coinbase_exchange", {{"BTC-USD", history_csv(300)}});
    int offers = 0;
    world.sink.refuse = [&] {
        if (++offers % 7 != 0) return false;
        world.session->resume();
        return true;
    };
    AdjustedVenue venue("coinbase_exchange");
    world.connect(venue, {{"BTC-USD", Channel::book_top}});
    const auto& prices = world.venue().tape().prices;
    REQUIRE(world.run_until([&] { return world.sink.ticks.size() >= prices.size(); }));
    REQUIRE(world.sink.ticks.size() == prices.size());
    for (std::size_t i = 0; i < prices.size(); ++i) {
        REQUIRE(cents(world.sink.ticks[i].bid) ==
                daemon::stand_in::book_around(prices[i].price, 2).bid);
    }
    CHECK(world.session->statistics().ticks == prices.size());
    CHECK(offers > 100);
}

TEST_CASE("while the sink is full nothing is read") {
    SessionWorld world;
    world.serve("coinbase_exchange", {{"BTC-USD", history_csv(300)}});
    bool full = true;
    world.sink.refuse = [&] { return full; };
    AdjustedVenue venue("coinbase_exchange");
    world.connect(venue, {{"BTC-USD", Channel::book_top}});
    // The venue has said all it can; the session has taken one message of data and no more.
    REQUIRE(world.run_until([&] { return world.stand_in->finished(); }));
    const feeds::FeedStatistics statistics = world.session->statistics();
    CHECK(statistics.by_verdict[static_cast<std::size_t>(feeds::Verdict::decoded)] == 1);
    CHECK(statistics.ticks == 0);
    full = false;
    world.session->resume();
    const std::size_t sent = world.venue().tape().prices.size();
    REQUIRE(world.run_until([&] { return world.sink.ticks.size() == sent; }));
}

TEST_CASE("a message above the limit ends the connection") {
    SessionWorld world;
    world.serve("binance_spot", {{"BTCUSDT", history_csv(5000)}}, endless());
    AdjustedVenue venue("binance_spot");
    venue.adjusted.message_bytes_max = 2000;
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 1));
    world.stand_in->command("send {\"x\":\"" + std::string(3000, 'x') + "\"}");
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::network_error));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("more than 2000 bytes"));
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 2));
}

TEST_CASE("a feed without its key stays off and says which variable to set") {
    SessionWorld world;
    world.serve("pyth", {{kBtc, history_csv(10)}});
    AdjustedVenue venue("pyth");
    venue.key = "MARGIND_TEST_NO_SUCH_VARIABLE";
    world.connect(venue, {{kBtc, Channel::oracle}});
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::no_credentials));
    CHECK_THAT(world.session->statistics().last_problem,
               Catch::Contains("MARGIND_TEST_NO_SUCH_VARIABLE"));
    world.session->stop();
    REQUIRE(world.run_until([&] { return world.session->stopped(); }));
    CHECK(world.venue().statistics().connections == 0);
    CHECK(world.sink.states.back() == HeardState{FeedState::down, FeedReason::stopped});
}

TEST_CASE("where nobody listens the session backs off and keeps trying") {
    SessionWorld world;  // port 1: nothing there
    AdjustedVenue venue("binance_spot");
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::connect_failed, 4));
    CHECK_THAT(world.session->statistics().last_problem,
               Catch::Contains("Connection refused") && Catch::Contains("next attempt in"));
    CHECK(world.session->statistics().disconnects == 0);
}

namespace {

// Accepts websockets and never says a word.
class MuteServer final : public daemon::stand_in::Listener::Owner,
                         public daemon::stand_in::Peer::Owner {
  public:
    explicit MuteServer(boost::asio::io_context& io) : listener_(listen(io, {}, *this)) {}
    ~MuteServer() {
        for (const auto& peer : peers_) {
            peer->forget();
            peer->drop();
        }
    }
    std::uint16_t port() const { return listener_->port(); }

  private:
    daemon::stand_in::Peer::Owner& on_accept(
        std::shared_ptr<daemon::stand_in::Peer> peer) override {
        peers_.push_back(std::move(peer));
        return *this;
    }
    void on_open(daemon::stand_in::Peer&) override {}
    void on_text(daemon::stand_in::Peer&, std::string_view) override {}
    void on_pong(daemon::stand_in::Peer&) override {}
    void on_sent(daemon::stand_in::Peer&) override {}
    void on_gone(daemon::stand_in::Peer&) override {}

    std::vector<std::shared_ptr<daemon::stand_in::Peer>> peers_;
    std::unique_ptr<daemon::stand_in::Listener> listener_;
};

}  // namespace

TEST_CASE("subscriptions that nobody confirms end the attempt") {
    SessionWorld world;
    MuteServer server(world.io);
    AdjustedVenue venue("binance_spot");
    venue.adjusted.acknowledge_timeout = core::Duration::from_ms(150);
    auto options = world.options();
    options.url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/stream";
    world.connect(venue, {{"BTCUSDT", Channel::book_top}}, options);
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::connect_failed, 2));
    CHECK_THAT(world.session->statistics().last_problem,
               Catch::Contains("did not confirm 1 of 1 subscription requests within 150 ms"));
    world.session->stop();
    REQUIRE(world.run_until([&] { return world.session->stopped(); }));
}

TEST_CASE("a peer that sends nothing at all is dead") {
    SessionWorld world;
    MuteServer server(world.io);
    AdjustedVenue venue("binance_spot");
    venue.adjusted.peer_timeout = core::Duration::from_ms(200);
    auto options = world.options();
    options.url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/stream";
    world.connect(venue, {{"BTCUSDT", Channel::book_top}}, options);
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::network_error));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("not even a ping"));
}

TEST_CASE("our pings keep a quiet peer alive") {
    SessionWorld world;
    MuteServer server(world.io);
    AdjustedVenue venue("binance_spot");
    venue.adjusted.peer_timeout = core::Duration::from_ms(600);
    venue.adjusted.ping_every = core::Duration::from_ms(100);
    venue.adjusted.acknowledge_timeout = core::Duration::from_ms(1500);
    auto options = world.options();
    options.url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/stream";
    world.connect(venue, {{"BTCUSDT", Channel::book_top}}, options);
    // Pongs come back, so what ends the attempt is the missing confirmation, much later.
    REQUIRE(world.run_until([&] { return world.sink.states.size() >= 2; }));
    CHECK(world.sink.states[1] == HeardState{FeedState::down, FeedReason::connect_failed});
}

TEST_CASE("a connection is renewed before the venue ends it") {
    SessionWorld world;
    world.serve("binance_spot", {{"BTCUSDT", history_csv(5000)}}, endless());
    AdjustedVenue venue("binance_spot");
    venue.adjusted.lifetime_max = core::Duration::from_ms(300);
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::scheduled, 2));
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 3));
}

TEST_CASE("after stop comes one last state and then nothing") {
    SessionWorld world;
    world.serve("binance_spot", {{"BTCUSDT", history_csv(5000)}}, endless());
    AdjustedVenue venue("binance_spot");
    world.connect(venue, {{"BTCUSDT", Channel::book_top}});
    world.session->start();  // twice is once
    REQUIRE(world.run_until([&] { return world.sink.ticks.size() > 10; }));
    world.session->stop();
    world.session->stop();
    REQUIRE(world.run_until([&] { return world.session->stopped(); }));
    CHECK(world.sink.states.back() == HeardState{FeedState::down, FeedReason::stopped});
    const std::size_t ticks = world.sink.ticks.size();
    const std::size_t states = world.sink.states.size();
    // The venue has seen the end of it, so everything that could still come has come.
    REQUIRE(world.run_until([&] { return world.venue().idle(); }));
    CHECK(world.sink.ticks.size() == ticks);
    CHECK(world.sink.states.size() == states);
    CHECK(world.sink.count(FeedState::connecting, FeedReason::started) == 1);
}

TEST_CASE("unusable options are refused with a reason") {
    SessionWorld world;
    AdjustedVenue venue("binance_spot");
    const auto problem = [&](auto change) -> std::string {
        feeds::FeedOptions options = world.options();
        std::vector<Topic> topics{{"BTCUSDT", Channel::book_top}};
        change(options, topics);
        try {
            feeds::make_session(world.io, core::FeedId(0), options, topics, world.sink, world.clock,
                                1, venue);
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "accepted";
    };
    CHECK(problem([](auto&, auto&) {}) == "accepted");
    CHECK_THAT(problem([](auto& o, auto&) { o.url = "http://x"; }), Catch::Contains("ws://"));
    CHECK_THAT(problem([](auto&, auto& t) { t.clear(); }), Catch::Contains("no source"));
    CHECK_THAT(problem([](auto&, auto& t) { t[0].channel = Channel::oracle; }),
               Catch::Contains("does not offer"));
    CHECK_THAT(problem([](auto& o, auto&) { o.silence_after = {}; }),
               Catch::Contains("silence_after"));
    CHECK_THAT(problem([](auto& o, auto&) { o.backoff_first = core::Duration::from_seconds(99); }),
               Catch::Contains("backoff_first"));
    CHECK_THAT(problem([](auto& o, auto&) {
                   o.url = "wss://x";
                   o.ca_file = "/nowhere.pem";
               }),
               Catch::Contains("/nowhere.pem"));
    feeds::FeedOptions unknown;
    unknown.venue = "nasdaq";
    CHECK_THROWS_WITH(
        feeds::make_session(world.io, core::FeedId(0), unknown, {}, world.sink, world.clock, 1),
        Catch::Contains("nasdaq") && Catch::Contains("pyth"));
}
