// A program of its own: it counts every allocation.
#include <map>
#include <memory>
#include <vector>

#include <catch2/catch.hpp>

#include "feeds/normalise.hpp"
#include "tests/support/counting_new.hpp"
#include "tests/unit/feeds/decode_support.hpp"

using namespace margind;
using namespace margind::feeds;
using margind::test::allocation_count;

TEST_CASE("decoding and scaling allocate nothing, from the first message on") {
    std::map<std::string, std::unique_ptr<Decoder>> decoders;
    for (const Venue* venue : venues())
        decoders[std::string(venue->name())] = venue->make_decoder();
    core::RiskParameters parameters;
    parameters.instruments.resize(1);
    core::Source source;
    source.instrument = core::InstrumentId(0);
    source.feed = core::FeedId(0);
    source.symbol = "BTCUSDT";
    source.channel = core::Channel::trade;
    parameters.sources = {source};
    const SourceMap map(parameters);

    std::vector<std::pair<Decoder*, feeds::test::Padded>> messages;
    for (const auto& message : feeds::test::recorded_messages()) {
        messages.emplace_back(decoders[message.venue].get(), feeds::test::Padded(message.raw));
    }
    const auto batch = std::make_unique<TickBatch>();
    std::size_t ticks = 0;
    std::size_t inputs = 0;

    const std::size_t before = allocation_count();
    for (const auto& [decoder, message] : messages) {
        decoder->decode(message.view(), core::Timestamp{}, *batch);
        ticks += batch->size();
        for (const Tick& tick : *batch) {
            core::Input input;
            for (const auto& target : map.find(core::FeedId(0), tick.symbol, tick.channel)) {
                inputs += to_price_input(tick, target, input) == NormaliseError::none ? 1U : 0U;
            }
        }
    }
    CHECK(allocation_count() == before);
    CHECK(ticks > 2000);
    CHECK(inputs > 100);
}

TEST_CASE("a larger message costs its allocation once") {
    const auto decoder = find_venue("binance_spot")->make_decoder();
    const auto batch = std::make_unique<TickBatch>();
    const feeds::test::Padded large(R"({"e":"depthUpdate","b":[)" + std::string(200'000, ' ') +
                                    "]}");
    const std::size_t before = allocation_count();
    CHECK(decoder->decode(large.view(), {}, *batch).reason == Reason::depth);
    const std::size_t warm = allocation_count();
    CHECK(warm > before);  // the counter counts
    CHECK(decoder->decode(large.view(), {}, *batch).reason == Reason::depth);
    const std::size_t after = allocation_count();
    CHECK(after == warm);
}
