#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/feeds/decode_support.hpp"

using namespace margind;
using namespace margind::feeds;
using feeds::test::Bench;
using feeds::test::text_of;

namespace {

void check_rejected(Bench& bench, const std::string& text, Reason reason) {
    INFO(text);
    const DecodeResult result = bench.decode(text);
    CHECK(result.verdict == Verdict::rejected);
    CHECK(result.reason == reason);
    CHECK(bench.ticks().empty());
}

std::string ticker_with(const std::string& bid, const std::string& ask, const std::string& time) {
    return R"({"type":"ticker","sequence":38332655422,"product_id":"BTC-USD","price":"29940.91","best_bid":)" +
           bid + R"(,"best_ask":)" + ask + R"(,"side":"buy","time":)" + time +
           R"(,"trade_id":347875517,"last_size":"0.00061522"})";
}
constexpr const char* kTime = R"("2022-06-02T09:20:54.127011Z")";

std::string market_trades(const std::string& type, const std::string& trades) {
    return R"({"channel":"market_trades","timestamp":"2026-08-09T21:05:50.878647002Z","sequence_num":108,"events":[{"type":")" +
           type + R"(","trades":[)" + trades + "]}]}";
}
std::string advanced_trade(const std::string& id, const std::string& price) {
    return R"({"product_id":"ETH-USD","trade_id":")" + id + R"(","price":")" + price +
           R"(","size":"0.00430148","time":"2026-08-09T21:05:50.782535Z","side":"SELL"})";
}

}  // namespace

TEST_CASE("an Exchange ticker is a book top; its last trade is left to the match") {
    Bench bench("coinbase_exchange");
    REQUIRE(bench.decode(ticker_with(R"("29940.90")", R"("29940.91")", kTime)).verdict ==
            Verdict::decoded);
    REQUIRE(bench.ticks().size() == 1);
    const Tick& tick = bench.tick(0);
    CHECK(tick.channel == core::Channel::book_top);
    CHECK(tick.symbol == "BTC-USD");
    CHECK(tick.bid == Decimal{299409, -1});
    CHECK(tick.ask == Decimal{2994091, -2});
    CHECK(tick.bid_size.mantissa == 0);
    CHECK(tick.sequence == 38332655422);
    CHECK(tick.exchange_time.ns() == 1'654'161'654'127'011'000);
}

TEST_CASE("an Exchange match names the maker's side, a tick the taker's") {
    Bench bench("coinbase_exchange");
    REQUIRE(
        bench
            .decode(
                R"({"type":"match","trade_id":280232,"maker_order_id":"2a0da34e","taker_order_id":"3c82abaa","side":"sell","size":"985","price":"0.00001305","product_id":"SKL-BTC","sequence":177100030,"time":"2021-04-17T16:43:37.089723Z"})")
            .verdict == Verdict::decoded);
    const Tick& tick = bench.tick(0);
    CHECK(tick.channel == core::Channel::trade);
    CHECK(tick.taker_side == TakerSide::buy);
    CHECK(text_of(tick.price) == "0.00001305");
    CHECK(text_of(tick.size) == "985");
    CHECK(tick.sequence == 177100030);
}

TEST_CASE("Exchange messages that hold no prices for us") {
    Bench bench("coinbase_exchange");
    const auto check = [&](const char* text, Verdict verdict, Reason reason) {
        INFO(text);
        const DecodeResult result = bench.decode(text);
        CHECK(result.verdict == verdict);
        CHECK(result.reason == reason);
        CHECK(bench.ticks().empty());
    };
    check(R"({"type":"last_match","price":"1","size":"1","product_id":"X"})", Verdict::ignored,
          Reason::stale_repeat);
    check(R"({"type":"snapshot","product_id":"X","asks":[],"bids":[]})", Verdict::ignored,
          Reason::depth);
    check(
        R"({"type":"l2update","product_id":"BTC-EUR","changes":[["buy","9202.70","0"]],"time":"0001-01-01T00:00:00.000000Z"})",
        Verdict::ignored, Reason::depth);
    for (const char* type : {"open", "done", "received", "change", "activate"}) {
        check((R"({"type":")" + std::string(type) + R"("})").c_str(), Verdict::ignored,
              Reason::order_flow);
    }
    check(R"({"type":"heartbeat","sequence":90})", Verdict::control, Reason::heartbeat);
    check(R"({"type":"subscriptions","channels":[]})", Verdict::control, Reason::acknowledged);
    check(R"({"type":"surprise"})", Verdict::ignored, Reason::unknown_type);
    check(R"({"no":"type"})", Verdict::ignored, Reason::unknown_type);
    check(
        R"({"type":"error","message":"Failed to subscribe","reason":"XYZ-USD is not a valid product"})",
        Verdict::control, Reason::request_refused);
    CHECK(bench.decode(R"({"type":"error","message":"Failed","reason":"no"})").detail == "Failed");
}

TEST_CASE("Exchange values that no market has are refused") {
    Bench bench("coinbase_exchange");
    check_rejected(bench, ticker_with(R"("2")", R"("1")", kTime), Reason::crossed_book);
    check_rejected(bench, ticker_with(R"("1")", R"("1.00")", kTime), Reason::crossed_book);
    check_rejected(bench, ticker_with(R"("0")", R"("1")", kTime), Reason::not_positive);
    check_rejected(bench, ticker_with(R"("")", R"("1")", kTime), Reason::bad_number);
    check_rejected(bench, ticker_with("null", R"("1")", kTime), Reason::missing_field);
    check_rejected(bench, ticker_with("{}", R"("1")", kTime), Reason::wrong_type);
    check_rejected(bench, ticker_with(R"("1")", R"("2")", R"("yesterday")"), Reason::bad_time);
    check_rejected(bench, ticker_with(R"("1")", R"("2")", "1654161654"), Reason::wrong_type);
    check_rejected(bench, ticker_with(R"("1")", R"("2")", "null"), Reason::missing_field);
    check_rejected(bench, R"({"type":1})", Reason::wrong_type);
    check_rejected(bench, R"([{"type":"ticker"}])", Reason::wrong_type);
    // Coinbase writes the year 1 where it has no time; the price is as good as any.
    REQUIRE(bench.decode(ticker_with(R"("1")", R"("2")", R"("0001-01-01T00:00:00Z")")).verdict ==
            Verdict::decoded);
    CHECK_FALSE(bench.tick(0).exchange_time.stated());
}

TEST_CASE("an Advanced Trade ticker is a book top at the envelope's time, without an order") {
    Bench bench("coinbase_advanced");
    REQUIRE(
        bench
            .decode(
                R"({"channel":"ticker","timestamp":"2026-08-09T21:05:48.229198328Z","sequence_num":6,"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD","price":"65086.18","best_bid":"65083.66","best_ask":"65083.67","best_bid_quantity":"0.20371215","best_ask_quantity":"0.24290402"}]}]})")
            .verdict == Verdict::decoded);
    REQUIRE(bench.ticks().size() == 1);
    const Tick& tick = bench.tick(0);
    CHECK(tick.channel == core::Channel::book_top);
    CHECK(tick.bid == Decimal{6508366, -2});
    CHECK(tick.ask == Decimal{6508367, -2});
    CHECK(text_of(tick.ask_size) == "0.24290402");
    CHECK(tick.sequence == 0);
    CHECK(tick.exchange_time.ns() == 1'786'309'548'229'198'328);
}

TEST_CASE("Advanced Trade lists the newest trade first, ticks come oldest first") {
    Bench bench("coinbase_advanced");
    REQUIRE(bench
                .decode(market_trades("update", advanced_trade("12", "1919.50") + "," +
                                                    advanced_trade("11", "1919.49")))
                .verdict == Verdict::decoded);
    REQUIRE(bench.ticks().size() == 2);
    CHECK(bench.tick(0).sequence == 11);
    CHECK(bench.tick(1).sequence == 12);
    CHECK(text_of(bench.tick(1).price) == "1919.5");
    CHECK(bench.tick(0).taker_side == TakerSide::buy);
}

TEST_CASE("trades of an Advanced Trade snapshot are old") {
    Bench bench("coinbase_advanced");
    DecodeResult result = bench.decode(market_trades("snapshot", advanced_trade("11", "1919.49")));
    CHECK(result.verdict == Verdict::ignored);
    CHECK(result.reason == Reason::stale_repeat);
    CHECK(bench.ticks().empty());
    // Also where the type stands behind the trades, and the channel behind the events.
    result = bench.decode(R"({"events":[{"trades":[)" + advanced_trade("11", "1919.49") +
                          R"(],"type":"snapshot"}],"channel":"market_trades"})");
    CHECK(result.reason == Reason::stale_repeat);
}

TEST_CASE("Advanced Trade messages that hold no prices for us") {
    Bench bench("coinbase_advanced");
    const auto check = [&](const char* text, Verdict verdict, Reason reason) {
        INFO(text);
        const DecodeResult result = bench.decode(text);
        CHECK(result.verdict == verdict);
        CHECK(result.reason == reason);
    };
    check(R"({"channel":"l2_data","events":[{"type":"update","updates":[]}]})", Verdict::ignored,
          Reason::depth);
    check(R"({"channel":"candles","events":[]})", Verdict::ignored, Reason::candle);
    check(R"({"channel":"heartbeats","events":[]})", Verdict::control, Reason::heartbeat);
    check(R"({"channel":"subscriptions","events":[]})", Verdict::control, Reason::acknowledged);
    check(R"({"type":"error","message":"no such channel"})", Verdict::control,
          Reason::request_refused);
    check(R"({"channel":"surprise"})", Verdict::ignored, Reason::unknown_type);
    check(R"({"channel":"ticker","timestamp":"2026-08-09T21:05:48Z","events":[]})",
          Verdict::ignored, Reason::other_known);
}

TEST_CASE("Advanced Trade values that no market has are refused, with the whole message") {
    Bench bench("coinbase_advanced");
    check_rejected(
        bench, market_trades("update", advanced_trade("12", "1") + "," + advanced_trade("11", "0")),
        Reason::not_positive);
    check_rejected(bench, market_trades("update", advanced_trade("x", "1")), Reason::bad_number);
    check_rejected(bench, market_trades("update", "{}"), Reason::missing_field);
    check_rejected(bench, market_trades("update", "5"), Reason::wrong_type);
    check_rejected(bench, R"({"channel":"ticker","timestamp":"now","events":[]})",
                   Reason::bad_time);
    check_rejected(bench, R"({"channel":"ticker","events":[]})", Reason::missing_field);
    check_rejected(bench, R"({"channel":7})", Reason::wrong_type);
    check_rejected(
        bench,
        R"({"channel":"ticker","timestamp":"2026-08-09T21:05:48Z","events":[{"tickers":[{"product_id":"X","best_bid":"2","best_ask":"1"}]}]})",
        Reason::crossed_book);
    check_rejected(bench, R"({"channel":"ticker","timestamp":"2026-08-09T21:05:48Z","events":{}})",
                   Reason::wrong_type);
}
