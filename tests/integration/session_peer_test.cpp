// Session and stand-in venue against a websocket library of other make, see websocket_peer.py.
// Registered only where `scripts/setup --peers` has installed it.

#include <array>
#include <cstdio>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/session_world.hpp"

using namespace margind;
using namespace margind::test;
using core::Channel;
using core::FeedReason;
using core::FeedState;

namespace {

// A run of websocket_peer.py; its output can be read line by line.
class PeerProgram {
  public:
    explicit PeerProgram(const std::string& arguments)
        : pipe_(::popen(("exec " MARGIND_PEER_PYTHON " " MARGIND_SOURCE_DIR
                         "/tests/integration/websocket_peer.py " +
                         arguments)
                            .c_str(),
                        "r")) {
        REQUIRE(pipe_ != nullptr);
    }
    PeerProgram(const PeerProgram&) = delete;
    PeerProgram& operator=(const PeerProgram&) = delete;
    ~PeerProgram() { ::pclose(pipe_); }

    // Waits for it.
    std::string line() {
        std::array<char, 4096> buffer{};
        if (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe_) == nullptr) return {};
        return buffer.data();
    }

  private:
    std::FILE* pipe_;
};

}  // namespace

TEST_CASE("the session talks to a server of other make") {
    PeerProgram server("server 2");
    const std::string port = server.line();
    REQUIRE(!port.empty());
    SessionWorld world;
    AdjustedVenue venue("binance_spot");
    auto options = world.options();
    options.url = "ws://127.0.0.1:" + port.substr(0, port.size() - 1) + "/stream";
    world.connect(venue, {{"BTCUSDT", Channel::book_top}}, options);

    REQUIRE(world.run_until_state(FeedState::down, FeedReason::closed_by_venue, 1));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("1012: restart"));
    REQUIRE(world.sink.ticks.size() == 500);
    for (std::size_t i = 0; i < 500; ++i) {
        const auto cents = static_cast<std::int64_t>((i + 100) * 10 + 1);
        REQUIRE(world.sink.ticks[i].bid == feeds::Decimal{cents, -1});
    }
    const feeds::FeedStatistics statistics = world.session->statistics();
    CHECK(statistics.by_verdict[static_cast<std::size_t>(feeds::Verdict::rejected)] == 1);
    CHECK_THAT(statistics.last_reject, Catch::Contains("no json"));

    REQUIRE(world.run_until_state(FeedState::down, FeedReason::closed_by_venue, 2));
    CHECK(world.sink.ticks.size() == 1000);
    world.session->stop();
    REQUIRE(world.run_until([&] { return world.session->stopped(); }));
    const std::string seen = server.line();
    CHECK_THAT(seen, Catch::Contains(R"("path": "/stream", "agent": "margind")"));
    CHECK_THAT(seen, Catch::Contains(R"("streams": ["btcusdt@bookTicker"], "pong": true)"));
}

TEST_CASE("the stand-in venue talks to a client of other make") {
    SessionWorld world;
    world.serve("coinbase_exchange", {{"BTC-USD", history_csv(100)}}, {.speed = 0, .once = true});
    const std::size_t sent = world.venue().tape().prices.size();
    PeerProgram client("client ws://127.0.0.1:" + std::to_string(world.venue().port()) + "/");
    REQUIRE(world.run_until([&] { return world.stand_in_ended; }));
    const std::string heard = client.line();
    CHECK_THAT(heard, Catch::Contains("\"subscriptions\": 1"));
    CHECK_THAT(heard, Catch::Contains("\"ticker\": " + std::to_string(sent)));
    CHECK_THAT(heard, Catch::Contains(R"("closed": [1001, "the stand-in ends"])"));
}
