// Messages that are cut, garbled or written differently.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "tests/unit/feeds/decode_support.hpp"

using namespace margind;
using namespace margind::feeds;
using feeds::test::Bench;
using feeds::test::describe;

namespace {

// What a session's buffer may hold behind a message.
constexpr char kFillers[] = {'}', ']', ',', '"', '{', ':', '0', ' ', '\0'};

bool inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void check_contract(const Bench& bench, const DecodeResult& result) {
    REQUIRE((result.verdict == Verdict::decoded) == !bench.ticks().empty());
    REQUIRE((result.verdict == Verdict::decoded || result.reason != Reason::none));
    for (const Tick& tick : bench.ticks()) {
        REQUIRE_FALSE(tick.symbol.empty());
        if (tick.channel == core::Channel::book_top) {
            REQUIRE(tick.bid.mantissa > 0);
            REQUIRE(tick.ask.mantissa > 0);
        } else {
            REQUIRE(tick.price.mantissa > 0);
            REQUIRE(tick.confidence.mantissa >= 0);
        }
    }
}

// The same document with the members of every object in another order.
std::string shuffled(simdjson::dom::element element, std::mt19937_64& random) {
    std::string text;
    if (element.is_array()) {
        const simdjson::dom::array array = element.get_array();
        for (const auto each : array) {
            text += (text.empty() ? "[" : ",") + shuffled(each, random);
        }
        return text.empty() ? "[]" : text + "]";
    }
    if (!element.is_object()) return simdjson::minify(element);
    std::vector<std::string> members;
    const simdjson::dom::object object = element.get_object();
    for (const auto [key, value] : object) {
        members.push_back('"' + std::string(key) + "\" : " + shuffled(value, random));
    }
    std::shuffle(members.begin(), members.end(), random);
    for (const std::string& member : members) text += (text.empty() ? "{ " : " , ") + member;
    return text.empty() ? "{}" : text + " }";
}

}  // namespace

TEST_CASE("a message cut anywhere is refused, whatever stands behind it") {
    constexpr std::size_t kEveryOffsetUpTo = 1500;
    std::mt19937_64 random(7);
    std::size_t cuts = 0;
    for (const auto& message : feeds::test::sample_messages(3)) {
        Bench bench(message.venue);
        const bool every = message.raw.size() <= kEveryOffsetUpTo;
        for (std::size_t n = 0; n < (every ? message.raw.size() : 400); ++n) {
            const std::size_t length = every ? n : random() % message.raw.size();
            const std::string cut = message.raw.substr(0, length);
            for (const char filler : kFillers) {
                const DecodeResult result = bench.decode(cut, filler);
                INFO(message.venue << " followed by " << filler << ": " << cut);
                REQUIRE(result.verdict == Verdict::rejected);
                REQUIRE(bench.ticks().empty());
                ++cuts;
            }
        }
    }
    CHECK(cuts > 10'000);
}

TEST_CASE("a message means the same whatever stands behind it") {
    for (const auto& message : feeds::test::sample_messages(3)) {
        Bench bench(message.venue);
        const Verdict verdict = bench.decode(message.raw, '\0').verdict;
        const auto ticks = describe(bench.ticks());
        for (const char filler : kFillers) {
            INFO(message.venue << " followed by " << filler << ": " << message.raw);
            REQUIRE(bench.decode(message.raw, filler).verdict == verdict);
            REQUIRE(describe(bench.ticks()) == ticks);
        }
    }
}

TEST_CASE("garbled messages never yield what the contract forbids") {
    const std::uint64_t seed = 20251010;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto sample = feeds::test::sample_messages(3);
    std::size_t refused = 0;
    for (const auto& message : sample) {
        Bench bench(message.venue);
        for (int round = 0; round < 400; ++round) {
            std::string text = message.raw;
            const std::size_t changes = 1 + random() % 4;
            for (std::size_t i = 0; i < changes; ++i) {
                const std::size_t at = random() % text.size();
                switch (random() % 4) {
                    case 0:
                        text[at] = static_cast<char>(random());
                        break;
                    case 1:
                        text[at] = "{}[]:,\"\\0-.eE "[random() % 15];
                        break;
                    case 2:
                        text.erase(at, 1 + random() % 5);
                        break;
                    default:
                        text.insert(at, text.substr(random() % text.size(), random() % 20));
                }
                if (text.empty()) text = "{";
            }
            INFO(message.venue << ": " << text);
            const DecodeResult result =
                bench.decode(text, kFillers[random() % std::size(kFillers)]);
            check_contract(bench, result);
            refused += result.verdict == Verdict::rejected ? 1 : 0;
        }
    }
    CHECK(refused > sample.size() * 100);
}

TEST_CASE("text of ticks lies inside the message") {
    for (const auto& message : feeds::test::sample_messages(3)) {
        const auto decoder = find_venue(message.venue)->make_decoder();
        const auto batch = std::make_unique<TickBatch>();
        const feeds::test::Padded padded(message.raw);
        const DecodeResult result = decoder->decode(padded.view(), {}, *batch);
        CHECK(inside(result.detail, padded.view()));
        for (const Tick& tick : *batch) CHECK(inside(tick.symbol, padded.view()));
    }
}

TEST_CASE("the order of members and white space mean nothing") {
    const std::uint64_t seed = 4;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    simdjson::dom::parser parser;
    for (const auto& message : feeds::test::sample_messages(20)) {
        Bench bench(message.venue);
        const DecodeResult plain = bench.decode(message.raw);
        const auto ticks = describe(bench.ticks());
        const simdjson::dom::element document = parser.parse(message.raw);
        for (int round = 0; round < 8; ++round) {
            const std::string other = shuffled(document, random);
            INFO(message.venue << ": " << other);
            const DecodeResult result = bench.decode(other);
            REQUIRE(result.verdict == plain.verdict);
            REQUIRE(result.reason == plain.reason);
            REQUIRE(result.request_id == plain.request_id);
            REQUIRE(describe(bench.ticks()) == ticks);
        }
    }
}

TEST_CASE("members that nobody documented mean nothing") {
    for (const auto& message : feeds::test::sample_messages(3)) {
        Bench bench(message.venue);
        const DecodeResult plain = bench.decode(message.raw);
        const auto ticks = describe(bench.ticks());
        if (message.raw.front() != '{') continue;
        const std::string extended =
            R"({"new":{"a":[1,{"b":null}]},"later":[],"x":-1.5e3,)" + message.raw.substr(1);
        INFO(message.venue << ": " << extended);
        REQUIRE(bench.decode(extended).reason == plain.reason);
        REQUIRE(describe(bench.ticks()) == ticks);
    }
}

TEST_CASE("a frame of several megabytes is understood") {
    std::string text =
        R"({"channel":"l2_data","timestamp":"2026-08-09T21:05:48Z","sequence_num":13,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[)";
    const std::string level =
        R"({"side":"bid","event_time":"2026-08-09T21:05:48.210883Z","price_level":"65062.5","new_quantity":"0.00583"},)";
    for (int i = 0; i < 46'000; ++i) text += level;
    text.pop_back();
    text += "]}]}";
    Bench bench("coinbase_advanced");
    CHECK(bench.decode(text).reason == Reason::depth);
    text.pop_back();
    CHECK(bench.decode(text).reason == Reason::not_json);
}
