#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/feeds/decode_support.hpp"

using namespace margind;
using namespace margind::feeds;
using feeds::test::Bench;
using feeds::test::text_of;

namespace {

// An event as it comes in the combined form.
std::string combined(const std::string& event) {
    return R"({"stream":"s@x","data":)" + event + "}";
}

void check_rejected(Bench& bench, const std::string& text, Reason reason) {
    INFO(text);
    const DecodeResult result = bench.decode(text);
    CHECK(result.verdict == Verdict::rejected);
    CHECK(result.reason == reason);
    CHECK(bench.ticks().empty());
}

std::string trade_with(const std::string& members) {
    return R"({"e":"trade","E":1723161255343,"s":"BTCUSDT","t":7,"p":"61837.63","q":"0.02","T":1723161255342,"m":true)" +
           members + "}";
}

}  // namespace

TEST_CASE("a spot book top has no name and no time") {
    Bench bench("binance_spot");
    const std::string event =
        R"({"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"})";
    for (const std::string& text :
         {event, R"({"stream":"btcusdt@bookTicker","data":)" + event + "}"}) {
        REQUIRE(bench.decode(text).verdict == Verdict::decoded);
        REQUIRE(bench.ticks().size() == 1);
        const Tick& tick = bench.tick(0);
        CHECK(tick.channel == core::Channel::book_top);
        CHECK(tick.symbol == "BTCUSDT");
        CHECK(tick.bid == Decimal{6183763, -2});
        CHECK(tick.ask == Decimal{6183764, -2});
        CHECK(text_of(tick.bid_size) == "3.78826");
        CHECK(text_of(tick.ask_size) == "1.54698");
        CHECK(tick.sequence == 50093239212);
        CHECK_FALSE(tick.exchange_time.stated());
    }
}

TEST_CASE("a spot trade, where the buyer being the maker means that the taker sold") {
    Bench bench("binance_spot");
    REQUIRE(bench.decode(combined(trade_with(R"(,"M":true,"b":1,"a":2)"))).verdict ==
            Verdict::decoded);
    const Tick& tick = bench.tick(0);
    CHECK(tick.channel == core::Channel::trade);
    CHECK(tick.price == Decimal{6183763, -2});
    CHECK(tick.size == Decimal{2, -2});
    CHECK(tick.taker_side == TakerSide::sell);
    CHECK(tick.sequence == 7);
    CHECK(tick.exchange_time.ns() == 1'723'161'255'342'000'000);
}

TEST_CASE("an aggregate trade is numbered by its own id") {
    Bench bench("binance_usdm");
    REQUIRE(
        bench
            .decode(
                R"({"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1786171884624,"a":3404749954,"s":"BTCUSDT","p":"64990.90","q":"0.002","nq":"0.002","f":7960913511,"l":7960913511,"T":1786171884471,"m":false,"st":1}})")
            .verdict == Verdict::decoded);
    CHECK(bench.tick(0).sequence == 3404749954);
    CHECK(bench.tick(0).taker_side == TakerSide::buy);
    CHECK(bench.tick(0).exchange_time.ns() == 1'786'171'884'471'000'000);
    // Early ones had no id.
    REQUIRE(
        bench
            .decode(
                R"({"e":"aggTrade","E":1568693103463,"s":"BTCUSDT","p":"10223.74","q":"0.236","f":181349,"l":181349,"T":1568693103463,"m":false})")
            .verdict == Verdict::decoded);
    CHECK(bench.tick(0).sequence == 0);
}

TEST_CASE("one mark price message brings mark and index, at the time of the event") {
    Bench bench("binance_usdm");
    REQUIRE(
        bench
            .decode(
                R"({"stream":"btcusdt@markPrice","data":{"e":"markPriceUpdate","E":1786171884000,"s":"BTCUSDT","p":"64991.37858696","ap":"64991.37858696","P":"64980.01344384","i":"65016.05673913","r":"0.00003936","T":1786176000000,"st":1}})")
            .verdict == Verdict::decoded);
    REQUIRE(bench.ticks().size() == 2);
    CHECK(bench.tick(0).channel == core::Channel::mark);
    CHECK(bench.tick(0).price == Decimal{6499137858696, -8});
    CHECK(bench.tick(1).channel == core::Channel::index);
    CHECK(bench.tick(1).price == Decimal{6501605673913, -8});
    CHECK(bench.tick(1).symbol == "BTCUSDT");
    for (const Tick& tick : bench.ticks()) {
        CHECK(tick.exchange_time.ns() == 1'786'171'884'000'000'000);
    }
    // Without an index price there is a mark price still.
    REQUIRE(bench.decode(R"({"e":"markPriceUpdate","E":1,"s":"X","p":"2"})").verdict ==
            Verdict::decoded);
    CHECK(bench.ticks().size() == 1);
}

TEST_CASE("an array of mark prices is taken whole or not at all") {
    Bench bench("binance_usdm");
    const std::string good = R"({"e":"markPriceUpdate","E":5,"s":"A","p":"1","i":"2"})";
    const std::string bad = R"({"e":"markPriceUpdate","E":5,"s":"B","p":"0","i":"2"})";
    for (const bool wrapped : {true, false}) {
        const std::string both = "[" + good + "," + good + "]";
        REQUIRE(bench.decode(wrapped ? combined(both) : both).verdict == Verdict::decoded);
        CHECK(bench.ticks().size() == 4);
        const std::string spoiled = "[" + good + "," + bad + "]";
        check_rejected(bench, wrapped ? combined(spoiled) : spoiled, Reason::not_positive);
    }
    CHECK(bench.decode("[]").verdict == Verdict::ignored);
    CHECK(bench.decode(combined("[]")).verdict == Verdict::ignored);
}

TEST_CASE("an array too long for a batch is refused whole") {
    Bench bench("binance_usdm");
    std::string text = "[";
    for (std::size_t i = 0; i <= TickBatch::kCapacity / 2; ++i) {
        text += R"({"e":"markPriceUpdate","E":5,"s":"A","p":"1","i":"2"},)";
    }
    text.back() = ']';
    check_rejected(bench, text, Reason::too_many_ticks);
}

TEST_CASE("fills by the insurance fund and by deleveraging are no prices") {
    Bench bench("binance_usdm");
    CHECK(bench.decode(combined(trade_with(R"(,"X":"MARKET")"))).verdict == Verdict::decoded);
    const DecodeResult result = bench.decode(combined(trade_with(R"(,"X":"INSURANCE_FUND")")));
    CHECK(result.verdict == Verdict::ignored);
    CHECK(result.reason == Reason::not_price_discovery);
    CHECK(result.detail == "INSURANCE_FUND");
    CHECK(bench.ticks().empty());
}

TEST_CASE("microseconds are told from milliseconds by their size") {
    Bench bench("binance_spot");
    REQUIRE(
        bench
            .decode(
                R"({"e":"trade","E":1723161255343000,"s":"B","t":7,"p":"1","q":"1","T":1723161255342123,"m":true})")
            .verdict == Verdict::decoded);
    CHECK(bench.tick(0).exchange_time.ns() == 1'723'161'255'342'123'000);
}

TEST_CASE("answers of Binance to requests") {
    Bench bench("binance_spot");
    DecodeResult result = bench.decode(R"({"result":null,"id":17})");
    CHECK(result.verdict == Verdict::control);
    CHECK(result.reason == Reason::acknowledged);
    CHECK(result.request_id == 17);
    CHECK(bench.decode(R"({"id":"abc","result":["a@trade"]})").reason == Reason::acknowledged);

    for (const char* text : {R"({"code":2,"msg":"Invalid request","id":3})",
                             R"({"id":3,"error":{"msg":"Invalid request","code":2}})",
                             R"({"error":{"code":2,"msg":"Invalid request"},"id":3})"}) {
        result = bench.decode(text);
        CHECK(result.verdict == Verdict::control);
        CHECK(result.reason == Reason::request_refused);
        CHECK(result.detail == "Invalid request");
        CHECK(result.request_id == 3);
    }
    for (const char* text :
         {R"({"e":"serverShutdown","E":1770123456789})",
          R"({"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}})"}) {
        result = bench.decode(text);
        CHECK(result.verdict == Verdict::control);
        CHECK(result.reason == Reason::shutdown_notice);
    }
}

TEST_CASE("Binance events without prices for us are ignored by name") {
    Bench spot("binance_spot");
    Bench usdm("binance_usdm");
    const auto reason = [](Bench& bench, const std::string& text) {
        const DecodeResult result = bench.decode(text);
        CHECK(result.verdict == Verdict::ignored);
        CHECK(bench.ticks().empty());
        return result.reason;
    };
    CHECK(reason(spot, R"({"e":"depthUpdate","b":[["1","2"]],"a":[]})") == Reason::depth);
    CHECK(reason(spot, combined(R"({"lastUpdateId":1,"bids":[],"asks":[]})")) == Reason::depth);
    CHECK(reason(spot, R"({"e":"kline","k":{"o":"1"}})") == Reason::candle);
    CHECK(reason(spot, R"([{"e":"24hrTicker","b":"1","a":"2"}])") == Reason::statistics);
    CHECK(reason(usdm, R"({"e":"forceOrder","o":{"s":"X"}})") == Reason::liquidation_print);
    CHECK(reason(usdm, R"({"e":"24hrTicker","p":"-88.17"})") == Reason::statistics);
    CHECK(reason(spot, R"({"e":"markPriceUpdate","E":1,"s":"X","p":"2"})") == Reason::unknown_type);
    CHECK(reason(usdm, R"({"u":1,"s":"X","b":"1","B":"1","a":"2","A":"1"})") ==
          Reason::unknown_type);
    CHECK(reason(spot, "{}") == Reason::unknown_type);
    CHECK(spot.decode(R"({"e":"newThing"})").detail == "newThing");
}

TEST_CASE("Binance values that no market has are refused") {
    Bench spot("binance_spot");
    const auto book = [](const char* bid, const char* ask) {
        return std::string(R"({"u":1,"s":"X","b":)") + bid + R"(,"B":"1","a":)" + ask +
               R"(,"A":"1"})";
    };
    check_rejected(spot, book(R"("0.00000000")", R"("1")"), Reason::not_positive);
    check_rejected(spot, book(R"("-1")", R"("1")"), Reason::not_positive);
    check_rejected(spot, book(R"("2")", R"("1")"), Reason::crossed_book);
    check_rejected(spot, book(R"("1.0")", R"("1")"), Reason::crossed_book);
    check_rejected(spot, book(R"("NaN")", R"("1")"), Reason::bad_number);
    check_rejected(spot, book(R"("1e400000")", R"("1")"), Reason::bad_number);
    check_rejected(spot, book(R"("")", R"("1")"), Reason::bad_number);
    check_rejected(spot, book("[]", R"("1")"), Reason::wrong_type);
    check_rejected(spot, book("true", R"("1")"), Reason::wrong_type);
    check_rejected(spot, book("NaN", R"("1")"), Reason::not_json);
    check_rejected(spot, R"({"u":1,"s":"X","b":"1","B":"0","a":"2","A":"1"})",
                   Reason::not_positive);
    check_rejected(spot, R"({"u":1,"s":"X","b":"1","B":"1","a":"2","A":"-1"})",
                   Reason::not_positive);
    check_rejected(spot, R"({"u":1,"s":"","b":"1","B":"1","a":"2","A":"1"})", Reason::bad_symbol);
    check_rejected(spot, R"({"u":1,"s":"A B","b":"1","B":"1","a":"2","A":"1"})",
                   Reason::bad_symbol);
    check_rejected(spot, R"({"u":1,"s":"A\u0042","b":"1","B":"1","a":"2","A":"1"})",
                   Reason::bad_symbol);
    check_rejected(
        spot, R"({"u":1,"s":")" + std::string(200, 'A') + R"(","b":"1","B":"1","a":"2","A":"1"})",
        Reason::bad_symbol);
    check_rejected(spot, R"({"u":-1,"s":"X","b":"1","B":"1","a":"2","A":"1"})", Reason::bad_number);
    check_rejected(spot, R"({"u":18446744073709551616,"s":"X","b":"1","B":"1","a":"2","A":"1"})",
                   Reason::bad_number);
}

TEST_CASE("Binance trades that lack something are refused") {
    Bench bench("binance_spot");
    const auto trade = [](const char* members) {
        return combined(std::string(R"({"e":"trade",)") + members + "}");
    };
    check_rejected(bench, trade(R"("s":"X","q":"1","T":1)"), Reason::missing_field);
    check_rejected(bench, trade(R"("s":"X","p":"1","T":1)"), Reason::missing_field);
    check_rejected(bench, trade(R"("p":"1","q":"1","T":1)"), Reason::missing_field);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"1")"), Reason::missing_field);
    check_rejected(bench, trade(R"("s":"X","p":null,"q":"1","T":1)"), Reason::missing_field);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"0","T":1)"), Reason::not_positive);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"1","T":0)"), Reason::bad_time);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"1","T":-5)"), Reason::bad_time);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"1","T":1.5)"), Reason::bad_time);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"1","T":99999999999999999999)"),
                   Reason::bad_time);
    check_rejected(bench, trade(R"("s":"X","p":"1","q":"1","T":1,"m":"yes")"), Reason::wrong_type);
    check_rejected(bench, trade(R"("s":5.5e,"p":{},"q":"1","T":1)"), Reason::wrong_type);
    check_rejected(bench, R"({"e":5})", Reason::wrong_type);
    check_rejected(bench, combined("5"), Reason::wrong_type);
    check_rejected(bench, combined("[1,2]"), Reason::wrong_type);
}

TEST_CASE("what is no JSON document is refused as such") {
    for (const char* venue :
         {"binance_spot", "binance_usdm", "coinbase_exchange", "coinbase_advanced", "pyth"}) {
        Bench bench(venue);
        for (const char* text : {"",
                                 " ",
                                 "{",
                                 "}",
                                 "{\"e\"",
                                 "{\"e\":}",
                                 "{\"e\":\"trade\"",
                                 "{]",
                                 "{\"e\" \"trade\"}",
                                 "{\"a\":1}{\"a\":1}",
                                 "{\"a\":1} x",
                                 "{\"a\":1,}",
                                 "\xff\xfe",
                                 "{\"e\":\"\x01\"}",
                                 "ping",
                                 "not a message",
                                 "5",
                                 "\"text\"",
                                 "null",
                                 "true",
                                 "<html></html>",
                                 "{\"e\":\"tra"}) {
            INFO(venue);
            check_rejected(bench, text, Reason::not_json);
        }
    }
}
