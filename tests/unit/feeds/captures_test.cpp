// What becomes of every recorded message in tests/data/captures, exactly. A change of these numbers
// is a change of what we make of venues' messages.
#include <array>
#include <map>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/feeds/decode_support.hpp"

using namespace margind;
using namespace margind::feeds;
using feeds::test::Bench;

namespace {

struct Expected {
    std::size_t messages, ticks, decoded, control, ignored, rejected;
    std::map<Reason, std::size_t> reasons;  // of messages without ticks
};

const std::map<std::string, Expected> kExpected{
    {"binance_spot",
     {1327,
      1016,
      1016,
      6,
      305,
      0,
      {{Reason::acknowledged, 3},
       {Reason::request_refused, 1},
       {Reason::shutdown_notice, 2},
       {Reason::depth, 294},
       {Reason::candle, 9},
       {Reason::statistics, 2}}}},
    {"binance_usdm",  // a mark price message holds two ticks
     {1896,
      1238,
      1154,
      0,
      742,
      0,
      {{Reason::depth, 722}, {Reason::candle, 19}, {Reason::liquidation_print, 1}}}},
    {"coinbase_advanced",
     {293,
      68,
      62,
      12,
      219,
      0,
      {{Reason::acknowledged, 5},
       {Reason::heartbeat, 7},
       {Reason::depth, 214},
       {Reason::candle, 3},
       {Reason::stale_repeat, 2}}}},
    {"coinbase_exchange",
     {419,
      26,
      26,
      3,
      390,
      0,
      {{Reason::acknowledged, 3},
       {Reason::depth, 381},
       {Reason::order_flow, 1},
       {Reason::stale_repeat, 8}}}},
    {"pyth", {57, 53, 53, 4, 0, 0, {{Reason::acknowledged, 1}, {Reason::request_refused, 3}}}},
};

}  // namespace

TEST_CASE("the tally of the recorded captures") {
    std::map<std::string, Expected> counted;
    std::map<std::string, Bench> benches;
    for (const auto& message : feeds::test::recorded_messages()) {
        Bench& bench = benches.try_emplace(message.venue, message.venue).first->second;
        const DecodeResult result = bench.decode(message.raw);
        INFO(message.venue << ": " << message.raw.substr(0, 200));
        REQUIRE(result.reason != Reason::unknown_type);
        Expected& tally = counted[message.venue];
        ++tally.messages;
        tally.ticks += bench.ticks().size();
        std::size_t* const by_verdict[] = {&tally.decoded, &tally.control, &tally.ignored,
                                           &tally.rejected};
        ++*by_verdict[static_cast<std::size_t>(result.verdict)];
        if (result.verdict != Verdict::decoded) ++tally.reasons[result.reason];
    }
    REQUIRE(counted.size() == venues().size());
    for (const auto& [venue, tally] : counted) {
        INFO(venue);
        REQUIRE(kExpected.count(venue) == 1);
        const Expected& expected = kExpected.at(venue);
        CHECK(tally.messages == expected.messages);
        CHECK(tally.ticks == expected.ticks);
        CHECK(tally.decoded == expected.decoded);
        CHECK(tally.control == expected.control);
        CHECK(tally.ignored == expected.ignored);
        CHECK(tally.rejected == expected.rejected);
        CHECK(tally.reasons == expected.reasons);
    }
}
