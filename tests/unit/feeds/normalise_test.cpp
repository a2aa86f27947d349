#include "feeds/normalise.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

using namespace margind;
using feeds::Decimal;
using feeds::NormaliseError;
using feeds::SourceMap;
using feeds::Tick;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::int64_t scaled(Decimal decimal, int decimals) {
    std::int64_t value = 0;
    REQUIRE(feeds::scale_exactly(decimal, decimals, value) == NormaliseError::none);
    return value;
}
NormaliseError error_of(Decimal decimal, int decimals) {
    std::int64_t value = 0;
    return feeds::scale_exactly(decimal, decimals, value);
}

core::Source source(std::uint32_t instrument, std::uint32_t feed, std::string symbol,
                    core::Channel channel) {
    core::Source made;
    made.instrument = core::InstrumentId(instrument);
    made.feed = core::FeedId(feed);
    made.symbol = std::move(symbol);
    made.channel = channel;
    return made;
}

core::RiskParameters two_instruments() {
    core::RiskParameters parameters;
    parameters.instruments.resize(2);
    parameters.instruments[0].price_decimals = 2;
    parameters.instruments[1].price_decimals = 8;
    parameters.sources = {
        source(0, 0, "BTCUSDT", core::Channel::book_top),
        source(1, 0, "ETHUSDT", core::Channel::trade),
        source(1, 1, "BTCUSDT", core::Channel::book_top),
        source(1, 0, "BTCUSDT", core::Channel::book_top),
        source(0, 0, "BTCUSDT", core::Channel::trade),
    };
    return parameters;
}

}  // namespace

TEST_CASE("decimals are scaled exactly or not at all") {
    CHECK(scaled({6183763, -2}, 8) == 6'183'763'000'000);
    CHECK(scaled({6183763, -2}, 2) == 6'183'763);
    CHECK(scaled({616326, 7}, 0) == 6'163'260'000'000);
    CHECK(scaled({-5, -1}, 1) == -5);
    CHECK(scaled({0, 900}, 8) == 0);
    CHECK(scaled({1, 10}, 8) == 1'000'000'000'000'000'000);
    CHECK(scaled({kMax, 0}, 0) == kMax);
    CHECK(scaled({5000, -3}, 0) == 5);
}

TEST_CASE("digits below a tick are an error, never rounded") {
    CHECK(error_of({6183763, -2}, 1) == NormaliseError::too_precise);
    CHECK(error_of({1, -9}, 8) == NormaliseError::too_precise);
    CHECK(error_of({1, -1000}, 8) == NormaliseError::too_precise);
    CHECK(error_of({kMax, -19}, 0) == NormaliseError::too_precise);
}

TEST_CASE("what does not fit 64 bits is an error, never wrapped") {
    CHECK(error_of({kMax, 0}, 1) == NormaliseError::too_large);
    CHECK(error_of({-kMax, 0}, 1) == NormaliseError::too_large);
    CHECK(error_of({10, 10}, 8) == NormaliseError::too_large);
    CHECK(error_of({1, 1000}, 8) == NormaliseError::too_large);
}

TEST_CASE("a symbol and channel of a feed find all their sources, and no others") {
    const core::RiskParameters parameters = two_instruments();
    const SourceMap map(parameters);

    const auto both = map.find(core::FeedId(0), "BTCUSDT", core::Channel::book_top);
    REQUIRE(both.size() == 2);
    CHECK(both[0].source == core::SourceId(0));
    CHECK(both[0].price_decimals == 2);
    CHECK(both[1].source == core::SourceId(3));
    CHECK(both[1].price_decimals == 8);

    const auto other_feed = map.find(core::FeedId(1), "BTCUSDT", core::Channel::book_top);
    REQUIRE(other_feed.size() == 1);
    CHECK(other_feed[0].source == core::SourceId(2));

    CHECK(map.find(core::FeedId(0), "BTCUSDT", core::Channel::trade).size() == 1);
    CHECK(map.find(core::FeedId(1), "BTCUSDT", core::Channel::trade).empty());
    CHECK(map.find(core::FeedId(0), "BTCUSD", core::Channel::book_top).empty());
    CHECK(map.find(core::FeedId(0), "", core::Channel::book_top).empty());
    CHECK(map.find(core::FeedId::none(), "BTCUSDT", core::Channel::book_top).empty());
}

TEST_CASE("a thousand symbols are all found, and an empty map finds nothing") {
    core::RiskParameters parameters;
    CHECK(SourceMap(parameters).find(core::FeedId(0), "X", core::Channel::mark).empty());
    parameters.instruments.resize(1);
    for (int i = 0; i < 1000; ++i) {
        parameters.sources.push_back(
            source(0, 0, "SYMBOL" + std::to_string(i), core::Channel::mark));
    }
    const SourceMap map(parameters);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const auto found =
            map.find(core::FeedId(0), parameters.sources[i].symbol, core::Channel::mark);
        REQUIRE(found.size() == 1);
        CHECK(found[0].source == core::SourceId(i));
    }
}

TEST_CASE("a feed subscribes each symbol and channel once, in the order of the sources") {
    const auto topics = feeds::topics_of(two_instruments(), core::FeedId(0));
    REQUIRE(topics.size() == 3);
    CHECK(topics[0].symbol == "BTCUSDT");
    CHECK(topics[0].channel == core::Channel::book_top);
    CHECK(topics[1].symbol == "ETHUSDT");
    CHECK(topics[2].symbol == "BTCUSDT");
    CHECK(topics[2].channel == core::Channel::trade);
    CHECK(feeds::topics_of(two_instruments(), core::FeedId(2)).empty());
}

TEST_CASE("a book top becomes its middle, rounded down") {
    Tick tick;
    tick.channel = core::Channel::book_top;
    tick.bid = {6183763, -2};
    tick.ask = {6183766, -2};
    tick.sequence = 42;
    tick.exchange_time = core::Timestamp::from_ns(99);
    core::Input input;
    input.receive_time = core::Timestamp::from_ns(5);
    REQUIRE(feeds::to_price_input(tick, {core::SourceId(3), 2}, input) == NormaliseError::none);
    CHECK(input.kind == core::InputKind::price);
    CHECK(input.exchange_time.ns() == 99);
    CHECK(input.receive_time.ns() == 5);
    CHECK(input.price.source == core::SourceId(3));
    CHECK(input.price.price.raw() == 6'183'764);
    CHECK(input.price.bid.raw() == 6'183'763);
    CHECK(input.price.ask.raw() == 6'183'766);
    CHECK(input.price.confidence.raw() == 0);
    CHECK(input.price.sequence == 42);
}

TEST_CASE("the middle of the largest prices does not overflow") {
    Tick tick;
    tick.channel = core::Channel::book_top;
    tick.bid = {kMax - 2, 0};
    tick.ask = {kMax, 0};
    core::Input input;
    REQUIRE(feeds::to_price_input(tick, {core::SourceId(0), 0}, input) == NormaliseError::none);
    CHECK(input.price.price.raw() == kMax - 1);
}

TEST_CASE("an oracle price keeps its confidence, other channels have none") {
    Tick tick;
    tick.channel = core::Channel::oracle;
    tick.price = {616326, -1};
    tick.confidence = {3268548079, -8};
    core::Input input;
    REQUIRE(feeds::to_price_input(tick, {core::SourceId(0), 8}, input) == NormaliseError::none);
    CHECK(input.price.price.raw() == 6'163'260'000'000);
    CHECK(input.price.confidence.raw() == 3'268'548'079);
    CHECK(input.price.bid.raw() == 0);

    tick.channel = core::Channel::mark;
    REQUIRE(feeds::to_price_input(tick, {core::SourceId(0), 8}, input) == NormaliseError::none);
    CHECK(input.price.confidence.raw() == 0);
}

TEST_CASE("a tick that cannot be scaled leaves the input as it was") {
    Tick tick;
    tick.channel = core::Channel::book_top;
    tick.bid = {6183763, -2};
    tick.ask = {61837631, -3};
    core::Input input;
    input.exchange_time = core::Timestamp::from_ns(1);
    CHECK(feeds::to_price_input(tick, {core::SourceId(0), 2}, input) ==
          NormaliseError::too_precise);
    CHECK(input.kind == core::InputKind::timer);
    CHECK(input.exchange_time.ns() == 1);
    tick.ask = {1, 30};
    CHECK(feeds::to_price_input(tick, {core::SourceId(0), 2}, input) == NormaliseError::too_large);
}
