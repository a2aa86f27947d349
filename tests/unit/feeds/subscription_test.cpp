#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "feeds/venue.hpp"

using namespace margind;
using feeds::Topic;
using feeds::Venue;

namespace {

using core::Channel;

const Venue& venue(std::string_view name) {
    const Venue* const found = feeds::find_venue(name);
    REQUIRE(found != nullptr);
    return *found;
}

std::vector<Topic> many_topics(std::size_t n, Channel channel) {
    std::vector<Topic> topics;
    for (std::size_t i = 0; i < n; ++i) topics.push_back({"SYM" + std::to_string(i), channel});
    return topics;
}

}  // namespace

TEST_CASE("venues are found by the names of the config, in order") {
    std::vector<std::string> names;
    for (const Venue* each : feeds::venues()) names.emplace_back(each->name());
    CHECK(names == std::vector<std::string>{"binance_spot", "binance_usdm", "coinbase_advanced",
                                            "coinbase_exchange", "pyth"});
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(feeds::find_venue("binance") == nullptr);
    for (const Venue* each : feeds::venues()) {
        INFO(each->name());
        CHECK(each->default_url().substr(0, 6) == "wss://");
        CHECK(each->make_decoder() != nullptr);
        CHECK(each->subscribe({}, 1).empty());
        CHECK(each->rules().peer_timeout > core::Duration{});
        CHECK(each->rules().acknowledge_timeout > core::Duration{});
        CHECK(each->rules().lifetime_max > core::Duration{});
    }
}

TEST_CASE("each venue supports the channels it has") {
    CHECK(venue("binance_spot").supports(Channel::book_top));
    CHECK_FALSE(venue("binance_spot").supports(Channel::mark));
    CHECK(venue("binance_usdm").supports(Channel::index));
    CHECK_FALSE(venue("binance_usdm").supports(Channel::oracle));
    CHECK(venue("coinbase_exchange").supports(Channel::trade));
    CHECK_FALSE(venue("coinbase_advanced").supports(Channel::index));
    CHECK(venue("pyth").supports(Channel::oracle));
    CHECK_FALSE(venue("pyth").supports(Channel::trade));
}

TEST_CASE("Binance is asked for streams in lower case, in one request with an id") {
    CHECK(venue("binance_spot")
              .subscribe({{"BTCUSDT", Channel::book_top}, {"ETHUSDT", Channel::trade}}, 17) ==
          std::vector<std::string>{
              R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","ethusdt@trade"],"id":17})"});
    // Mark and index are one stream.
    CHECK(
        venue("binance_usdm")
            .subscribe({{"BTCUSDT", Channel::mark},
                        {"BTCUSDT", Channel::index},
                        {"BTCUSDT", Channel::trade}},
                       1) ==
        std::vector<std::string>{
            R"({"method":"SUBSCRIBE","params":["btcusdt@markPrice@1s","btcusdt@aggTrade"],"id":1})"});
}

TEST_CASE("many Binance streams are packed into few requests, ids counting up") {
    const auto frames = venue("binance_spot").subscribe(many_topics(450, Channel::book_top), 100);
    REQUIRE(frames.size() == 3);
    simdjson::dom::parser parser;
    std::set<std::string> streams;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const simdjson::dom::element request = parser.parse(frames[i]);
        CHECK(std::uint64_t{request["id"]} == 100 + i);
        const simdjson::dom::array params = request["params"];
        for (const auto stream : params) streams.emplace(std::string_view{stream});
        CHECK(frames[i].size() < 16'384);
    }
    CHECK(streams.size() == 450);
}

TEST_CASE("Binance topics that can never bring a message are found beforehand") {
    CHECK(venue("binance_spot").check(many_topics(1024, Channel::trade), "").empty());
    CHECK_FALSE(venue("binance_spot").check(many_topics(1025, Channel::trade), "").empty());
    CHECK_FALSE(venue("binance_spot").check({{"btcusdt", Channel::trade}}, "").empty());
}

TEST_CASE("USD-M book tops and trades live on different paths") {
    const Venue& usdm = venue("binance_usdm");
    const std::vector<Topic> book{{"BTCUSDT", Channel::book_top}};
    const std::vector<Topic> mark{{"BTCUSDT", Channel::mark}, {"BTCUSDT", Channel::trade}};
    const std::string_view market = "wss://fstream.binance.com/market/stream";
    const std::string_view open = "wss://fstream.binance.com/public/stream";

    CHECK(usdm.check(mark, "").empty());
    CHECK(usdm.check(mark, market).empty());
    CHECK(usdm.check(book, open).empty());
    CHECK(usdm.check(book, "").find("/public/stream") != std::string::npos);
    CHECK_FALSE(usdm.check(book, market).empty());
    CHECK(usdm.check(mark, open).find("/market/stream") != std::string::npos);
    // The path of before still connects, acknowledges, and stays silent.
    CHECK_FALSE(usdm.check(mark, "wss://fstream.binance.com/stream").empty());
    std::vector<Topic> both = mark;
    both.push_back(book[0]);
    CHECK_FALSE(usdm.check(both, market).empty());
    CHECK_FALSE(usdm.check(both, open).empty());
    // A stand-in may serve everything.
    CHECK(usdm.check(both, "ws://127.0.0.1:9000/").empty());
}

TEST_CASE("Coinbase Exchange is asked once, with heartbeats for every product") {
    CHECK(
        venue("coinbase_exchange")
            .subscribe({{"BTC-USD", Channel::book_top},
                        {"BTC-USD", Channel::trade},
                        {"ETH-USD", Channel::book_top}},
                       1) ==
        std::vector<std::string>{
            R"({"type":"subscribe","channels":[{"name":"heartbeat","product_ids":["BTC-USD","ETH-USD"]},{"name":"ticker","product_ids":["BTC-USD","ETH-USD"]},{"name":"matches","product_ids":["BTC-USD"]}]})"});
}

TEST_CASE("Coinbase Advanced Trade is asked channel by channel") {
    CHECK(venue("coinbase_advanced").subscribe({{"BTC-USD", Channel::trade}}, 1) ==
          std::vector<std::string>{
              R"({"type":"subscribe","product_ids":["BTC-USD"],"channel":"heartbeats"})",
              R"({"type":"subscribe","product_ids":["BTC-USD"],"channel":"market_trades"})"});
}

TEST_CASE("Pyth is asked for feed ids, with a key from the environment") {
    const Venue& pyth = venue("pyth");
    const std::string id(64, 'a');
    CHECK(pyth.subscribe({{id, Channel::oracle}}, 1) ==
          std::vector<std::string>{R"({"type":"subscribe","ids":[")" + id +
                                   R"("],"verbose":false,"binary":false})"});
    CHECK(pyth.key_variable() == "PYTH_API_KEY");
    CHECK(pyth.key_header() == "Authorization");
    CHECK(pyth.key_prefix() == "Bearer ");
    CHECK(pyth.check({{id, Channel::oracle}}, "").empty());
    for (const std::string& bad :
         {"0x" + id, std::string("BTC/USD"), std::string(64, 'A'), std::string(63, 'a')}) {
        CHECK_FALSE(pyth.check({{bad, Channel::oracle}}, "").empty());
    }
}
