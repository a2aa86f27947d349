#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/feeds/decode_support.hpp"

using namespace margind;
using namespace margind::feeds;
using feeds::test::Bench;
using feeds::test::text_of;

namespace {

constexpr const char* kBitcoin = "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43";

std::string feed(const std::string& price) {
    return R"({"id":")" + std::string(kBitcoin) + R"(","price":)" + price +
           R"(,"ema_price":{"price":"1","conf":"1","expo":0,"publish_time":1}})";
}
std::string update(const std::string& price) {
    return R"({"type":"price_update","price_feed":)" + feed(price) + "}";
}
constexpr const char* kPrice =
    R"({"price":"6163260000000","conf":"3268548079","expo":-8,"publish_time":1714748300})";

void check_rejected(Bench& bench, const std::string& text, Reason reason) {
    INFO(text);
    const DecodeResult result = bench.decode(text);
    CHECK(result.verdict == Verdict::rejected);
    CHECK(result.reason == reason);
    CHECK(bench.ticks().empty());
}

std::string pro(const std::string& feed_members) {
    return R"({"type":"streamUpdated","subscriptionId":1,"parsed":{"timestampUs":"1758690761750000","priceFeeds":[{)" +
           feed_members + "}]}}";
}

}  // namespace

TEST_CASE("a Hermes price is an oracle tick with its confidence") {
    Bench bench("pyth");
    for (const std::string& text : {update(kPrice), R"({"parsed":[)" + feed(kPrice) + "]}"}) {
        REQUIRE(bench.decode(text).verdict == Verdict::decoded);
        REQUIRE(bench.ticks().size() == 1);
        const Tick& tick = bench.tick(0);
        CHECK(tick.channel == core::Channel::oracle);
        CHECK(tick.symbol == kBitcoin);
        CHECK(tick.price == Decimal{616326, -1});
        CHECK(text_of(tick.confidence) == "32.68548079");
        CHECK(tick.exchange_time.ns() == 1'714'748'300'000'000'000);
        CHECK(tick.sequence == 0);
    }
    REQUIRE(bench.decode(R"({"parsed":[)" + feed(kPrice) + "," + feed(kPrice) + "]}").verdict ==
            Verdict::decoded);
    CHECK(bench.ticks().size() == 2);
}

TEST_CASE("exponents of either sign are applied exactly") {
    Bench bench("pyth");
    REQUIRE(
        bench.decode(update(R"({"price":"12","conf":"0","expo":3,"publish_time":1})")).verdict ==
        Verdict::decoded);
    CHECK(text_of(bench.tick(0).price) == "12000");
    CHECK(bench.tick(0).confidence.mantissa == 0);
    REQUIRE(
        bench.decode(update(R"({"price":"12","conf":"1","expo":-12,"publish_time":1})")).verdict ==
        Verdict::decoded);
    CHECK(text_of(bench.tick(0).price) == "0.000000000012");
}

TEST_CASE("a Pyth Pro price is as old as its feed's own update") {
    Bench bench("pyth");
    REQUIRE(
        bench
            .decode(pro(
                R"("priceFeedId":1,"price":"11223872331053","exponent":-8,"confidence":1373488286,"feedUpdateTimestamp":1758690700000000)"))
            .verdict == Verdict::decoded);
    const Tick& tick = bench.tick(0);
    CHECK(tick.symbol == "1");
    CHECK(text_of(tick.price) == "112238.72331053");
    CHECK(text_of(tick.confidence) == "13.73488286");
    CHECK(tick.exchange_time.ns() == 1'758'690'700'000'000'000);
    // Without that time a price carried forward would look fresh.
    check_rejected(bench, pro(R"("priceFeedId":1,"price":"1","exponent":-8)"),
                   Reason::missing_field);
}

TEST_CASE("answers of Hermes") {
    Bench bench("pyth");
    CHECK(bench.decode(R"({"type":"response","status":"success"})").reason == Reason::acknowledged);
    for (const char* text :
         {R"({"type":"response","status":"error","error":"Rate limit exceeded"})",
          R"({"status":"error","error":"Rate limit exceeded"})"}) {
        const DecodeResult result = bench.decode(text);
        CHECK(result.verdict == Verdict::control);
        CHECK(result.reason == Reason::request_refused);
        CHECK(result.detail == "Rate limit exceeded");
    }
    CHECK(bench.decode(R"({"type":"surprise"})").reason == Reason::unknown_type);
    CHECK(bench.decode("{}").reason == Reason::unknown_type);
}

TEST_CASE("oracle prices that cannot be are refused") {
    Bench bench("pyth");
    check_rejected(bench, update(R"({"price":"0","conf":"1","expo":-8,"publish_time":1})"),
                   Reason::not_positive);
    check_rejected(bench, update(R"({"price":"-5","conf":"1","expo":-8,"publish_time":1})"),
                   Reason::not_positive);
    check_rejected(bench, update(R"({"price":"5","conf":"-1","expo":-8,"publish_time":1})"),
                   Reason::not_positive);
    check_rejected(bench, update(R"({"price":"NaN","conf":"1","expo":-8,"publish_time":1})"),
                   Reason::bad_number);
    check_rejected(bench, update(R"({"price":"5","conf":"1","expo":-8.5,"publish_time":1})"),
                   Reason::bad_number);
    check_rejected(bench, update(R"({"price":"5","conf":"1","expo":-9999,"publish_time":1})"),
                   Reason::bad_number);
    check_rejected(bench, update(R"({"price":"5","conf":"1","publish_time":1})"),
                   Reason::missing_field);
    check_rejected(bench, update(R"({"price":"5","expo":-8,"publish_time":1})"),
                   Reason::missing_field);
    check_rejected(bench, update(R"({"price":"5","conf":"1","expo":-8})"), Reason::missing_field);
    check_rejected(bench, update(R"({"price":"5","conf":"1","expo":-8,"publish_time":0})"),
                   Reason::bad_time);
    check_rejected(
        bench, update(R"({"price":"5","conf":"1","expo":-8,"publish_time":9223372036854775807})"),
        Reason::bad_time);
    check_rejected(bench, update("[]"), Reason::wrong_type);
    check_rejected(bench, R"({"type":"price_update","price_feed":{"id":"a"}})",
                   Reason::missing_field);
    check_rejected(bench, R"({"type":"price_update"})", Reason::missing_field);
    check_rejected(bench,
                   R"({"type":"price_update","price_feed":{"price":)" + std::string(kPrice) + "}}",
                   Reason::missing_field);
    check_rejected(bench, R"({"type":"price_update","price_feed":5})", Reason::wrong_type);
    check_rejected(bench, R"({"parsed":[5]})", Reason::wrong_type);
    // One bad feed of several refuses them all.
    check_rejected(bench,
                   R"({"parsed":[)" + feed(kPrice) + "," +
                       feed(R"({"price":"0","conf":"1","expo":-8,"publish_time":1})") + "]}",
                   Reason::not_positive);
}
