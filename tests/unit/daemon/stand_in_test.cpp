// The stand-in venue without sockets: histories, the rule that makes prices, tapes, faults, frames.
#include "daemon/stand_in/stand_in.hpp"

#include <sstream>

#include <catch2/catch.hpp>

#include "daemon/stand_in/faults.hpp"
#include "daemon/stand_in/price_path.hpp"
#include "feeds/venue.hpp"
#include "tests/support/session_world.hpp"

using namespace margind;
using namespace margind::daemon::stand_in;
using margind::test::history_csv;
using margind::test::TemporaryFolder;

namespace {

const std::filesystem::path kMarket =
    std::filesystem::path(MARGIND_SOURCE_DIR) / "tests/data/market/crash_2025-10-10";
constexpr const char* kHeader = "ts_ms,open,high,low,close,volume\n";

std::string refusal(const std::string& csv) {
    TemporaryFolder folder;
    try {
        read_history(folder.write("x.csv", csv), {});
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("histories are read exactly, gzipped or not") {
    const History aave = read_history(kMarket / "coinbase_AAVE-USD_1s.csv.gz", {});
    CHECK(aave.step == core::Duration::from_seconds(1));
    CHECK(aave.decimals == 2);
    CHECK(aave.bars.front().start >= core::Timestamp::from_ns(1'760'128'200'000'000'000));
    TemporaryFolder folder;
    const auto file = folder.write("x.csv", std::string(kHeader) +
                                                "1000,0.00000857,9,0.0000001,1,"
                                                "1.186674e+08\n");
    const History tiny = read_history(file, {});
    CHECK(tiny.decimals == 8);
    CHECK(tiny.bars[0].open == 857);
    CHECK(tiny.bars[0].high == 900'000'000);
    CHECK(tiny.bars[0].low == 10);
    CHECK(tiny.bars[0].volume == 1.186674e+08);
}

TEST_CASE("unusable histories are refused with file, line and reason") {
    struct Case {
        const char* rows;
        const char* why;
    };
    const auto each = GENERATE(values<Case>({
        {"1000,1,1,1,1,1\n1000,1,1,1,1,1\n", "x.csv:3: the time does not grow"},
        {"1000,1,1,1,0,1\n", "x.csv:2: \"0\" is not a price"},
        {"1000,1,1,1,nan,1\n", "x.csv:2: \"nan\" is not a price"},
        {"1000,1,1,1,-1,1\n", "is not a price"},
        {"1000,2,1,1,1,1\n", "outside [low, high]"},
        {"1000,1,1,1\n", "is not a price"},
        {"x,1,1,1,1,1\n", "is not a time"},
        {"1000,1,1,1,1,x\n", "volume"},
        {"", "no bar"},
    }));
    INFO(each.rows);
    CHECK_THAT(refusal(std::string(kHeader) + each.rows), Catch::Contains(each.why));
    CHECK_THAT(refusal("a,b\n"), Catch::Contains("header"));
    CHECK(refusal(std::string(kHeader) + "1000,1,1,1,1,1\n") == "accepted");
    CHECK_THROWS_WITH(read_history("/nowhere.csv", {}), Catch::Contains("/nowhere.csv"));
}

TEST_CASE("a cut-off gzip file is an error, not a short history") {
    std::ifstream in(kMarket / "coinbase_AAVE-USD_1s.csv.gz", std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    TemporaryFolder folder;
    const auto file = folder.write("cut.csv.gz", bytes.substr(0, bytes.size() / 2));
    CHECK_THROWS_WITH(read_history(file, {}), Catch::Contains("cut.csv.gz"));
}

TEST_CASE("a bar becomes open, both extremes and close, in order and in bounds") {
    int low_first = 0;
    const Bar bar{core::Timestamp::from_ns(1'000'000'000), 100, 120, 90, 105, 1};
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        INFO("seed " << seed);
        const PricePath path = path_of(bar, core::Duration::from_seconds(1), seed);
        REQUIRE(path.count == 4);
        REQUIRE(path.points[0].price == 100);
        REQUIRE(path.points[1].price + path.points[2].price == 210);
        REQUIRE(path.points[3].price == 105);
        for (std::size_t k = 0; k < 4; ++k) {
            const std::int64_t offset = (path.points[k].time - bar.start).ns();
            REQUIRE(offset / 250'000'000 == static_cast<std::int64_t>(k));
        }
        low_first += path.points[1].price == 90 ? 1 : 0;
    }
    CHECK(low_first > 400);
    CHECK(low_first < 600);
}

TEST_CASE("paths of real bars stay within their bars, and a bar with one price is one price") {
    const History history = read_history(kMarket / "binance-delivery_DOTUSD_PERP_1s.csv.gz", {});
    REQUIRE(history.bars.size() > 3000);
    for (const Bar& bar : history.bars) {
        const PricePath path = path_of(bar, history.step, 7);
        REQUIRE(path.count >= 1);
        REQUIRE(path.points[0].price == bar.open);
        REQUIRE(path.points[path.count - 1].price == bar.close);
        for (std::size_t k = 0; k < path.count; ++k) {
            REQUIRE(path.points[k].price >= bar.low);
            REQUIRE(path.points[k].price <= bar.high);
            REQUIRE(path.points[k].time >= bar.start);
            REQUIRE(path.points[k].time < bar.start + history.step);
        }
        if (bar.low == bar.high) REQUIRE(path.count == 1);
    }
}

TEST_CASE("books stand around their price") {
    CHECK(book_around(10'000, 2).bid == 9'999);
    CHECK(book_around(10'000, 2).ask == 10'001);
    CHECK(book_around(857, 2).bid == 857);  // one unit is wider than 2 bp
    CHECK(book_around(857, 2).ask == 858);
    CHECK(book_around(1, 10'000).bid == 1);
    CHECK(book_around(1, 0).ask == 2);
    for (std::int64_t price = 1; price < 50'000; price += 7) {
        const Book book = book_around(price, 5);
        REQUIRE(book.bid > 0);
        REQUIRE(book.bid < book.ask);
        REQUIRE(book.bid <= price);
        REQUIRE(book.ask >= price);
    }
}

TEST_CASE("decimals are written exactly") {
    const auto text = [](std::int64_t units, int decimals, int decimals_min) {
        std::string out;
        append_decimal(out, units, decimals, decimals_min);
        return out;
    };
    CHECK(text(857, 8, 0) == "0.00000857");
    CHECK(text(11667920, 2, 0) == "116679.20");
    CHECK(text(5, 0, 0) == "5");
    CHECK(text(5, 0, 2) == "5.00");
    CHECK(text(235, 2, 8) == "2.35000000");
    CHECK(text(-7, 1, 0) == "-0.7");
}

TEST_CASE("quiet spells can be filled with the last price") {
    TemporaryFolder folder;
    const auto file = folder.write(
        "x.csv", std::string(kHeader) + "1000,5,5,5,5,1\n2000,5,5,5,5,1\n9000,6,6,6,6,1\n");
    const auto dialect = make_dialect("pyth");
    CHECK(tape_from_histories(*dialect, {{"a", file}}, {}).prices.size() == 3);
    TapeOptions options;
    options.repeat_quiet = core::Duration::from_seconds(2);
    const Tape tape = tape_from_histories(*dialect, {{"a", file}}, options);
    REQUIRE(tape.prices.size() > 5);
    for (std::size_t i = 1; i < tape.prices.size(); ++i) {
        CHECK(tape.prices[i].time - tape.prices[i - 1].time <= core::Duration::from_seconds(2));
        if (tape.prices[i].time < core::Timestamp::from_ns(9'000'000'000)) {
            CHECK(tape.prices[i].price == 5);
        }
    }
}

namespace {

std::vector<ServedVenue> all_venues(const TemporaryFolder& folder, std::uint64_t seed) {
    const auto file = folder.write("h.csv", history_csv(60));
    TapeOptions options;
    options.seed = seed;
    std::vector<ServedVenue> venues;
    for (const std::string_view name : stand_in_venues()) {
        ServedVenue venue;
        venue.dialect = make_dialect(name);
        const std::string symbol = name == "pyth" ? std::string(64, 'e') : "BTC-USD";
        venue.tape = tape_from_histories(*venue.dialect, {{symbol, file}}, options);
        venues.push_back(std::move(venue));
    }
    return venues;
}

std::string capture_text(const TemporaryFolder& folder, std::uint64_t seed) {
    std::ostringstream out;
    write_capture({.speed = 1}, all_venues(folder, seed), out);
    return out.str();
}

}  // namespace

TEST_CASE("a capture is the same bytes for the same seed, and others for another") {
    TemporaryFolder folder;
    const std::string capture = capture_text(folder, 1);
    CHECK(capture.size() > 100'000);
    CHECK(capture == capture_text(folder, 1));
    CHECK(capture != capture_text(folder, 2));
}

TEST_CASE("a capture can be played again, and says the same") {
    TemporaryFolder folder;
    const auto venues = all_venues(folder, 1);
    const auto file = folder.write("capture.jsonl", capture_text(folder, 1));
    for (const ServedVenue& venue : venues) {
        INFO(venue.dialect->venue());
        const std::string name(venue.dialect->venue());
        const Tape tape = tape_from_recording(*venue.dialect, file, name, {});
        // The futures venue records book and mark price of each price.
        const std::size_t kinds = name == "binance_usdm" ? 2 : 1;
        CHECK(tape.messages.size() == venue.tape.prices.size() * kinds);
        CHECK(tape.messages.front().time == venue.tape.prices.front().time);
        const auto decoder = feeds::find_venue(name)->make_decoder();
        for (const TapedMessage& message : tape.messages) {
            std::string padded = message.text;
            padded.reserve(padded.size() + feeds::Decoder::kPadding);
            feeds::TickBatch batch;
            const auto result = decoder->decode(padded, message.time, batch);
            REQUIRE(result.verdict == feeds::Verdict::decoded);
            REQUIRE(batch.size() >= 1);
            REQUIRE(batch[0].exchange_time <= message.time);
        }
    }
}

// Recorded from a combined stream, played to clients of either kind: the wrapper is put on once.
TEST_CASE("a recorded message is played without the wrapper it came in") {
    TemporaryFolder folder;
    const auto file = folder.write(
        "spot.jsonl",
        R"({"conn":"c","dir":"in","t":1760128200000000000,"raw":"{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":7,\"s\":\"BTCUSDT\",\"b\":\"1.5\",\"B\":\"2\",\"a\":\"1.6\",\"A\":\"3\"}}"})"
        "\n");
    const auto dialect = make_dialect("binance_spot");
    const Tape tape = tape_from_recording(*dialect, file, "", {});
    REQUIRE(tape.messages.size() == 1);
    CHECK(tape.streams.at(0) == "btcusdt@bookTicker");
    CHECK(tape.messages[0].text == R"({"u":7,"s":"BTCUSDT","b":"1.5","B":"2","a":"1.6","A":"3"})");
}

TEST_CASE("recordings of real venues are told apart by stream") {
    struct Case {
        const char* venue;
        const char* message;
        const char* stream;
    };
    const auto each = GENERATE(values<Case>({
        {"binance_spot", R"({"stream":"btcusdt@depth@100ms","data":{}})", "btcusdt@depth"},
        {"binance_spot", R"({"u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1"})",
         "btcusdt@bookTicker"},
        {"binance_usdm", R"({"e":"markPriceUpdate","s":"BTCUSDT"})", "btcusdt@markPrice"},
        {"binance_usdm", R"({"result":null,"id":1})", ""},
        {"coinbase_exchange", R"({"type":"match","product_id":"A-B"})", "matches:A-B"},
        {"coinbase_exchange", R"({"type":"l2update","product_id":"A-B"})", "level2:A-B"},
        {"coinbase_exchange", R"({"type":"subscriptions","channels":[]})", ""},
        {"coinbase_advanced",
         R"({"channel":"ticker","events":[{"tickers":[{"product_id":"A-B"}]}]})", "ticker:A-B"},
        {"coinbase_advanced", R"({"channel":"heartbeats","events":[{}]})", ""},
        {"pyth", R"({"type":"price_update","price_feed":{"id":"ab"}})", "ab"},
        {"pyth", R"({"type":"response","status":"success"})", ""},
        {"pyth", "no json", ""},
    }));
    INFO(each.message);
    CHECK(make_dialect(each.venue)->stream_of(each.message) == each.stream);
}

TEST_CASE("faults are understood") {
    const auto fault = [](const char* line) {
        const ParsedFault parsed = parse_fault(line);
        INFO(line);
        REQUIRE(parsed.problem == "");
        return parsed.fault;
    };
    CHECK(fault("drop").action == Action::drop);
    CHECK(fault("  pyth: drop  ").venue == "pyth");
    CHECK(fault("silence").duration == core::Duration{});
    CHECK(fault("silence 5s").duration == core::Duration::from_seconds(5));
    CHECK(fault("silence at 2m").at == core::Duration::from_seconds(120));
    CHECK(fault("silence 250ms at 1s").duration == core::Duration::from_ms(250));
    CHECK(fault("corrupt 3 after 100").count == 3);
    CHECK(fault("corrupt 3 after 100").after == 100);
    CHECK(fault("repeat").count == 1);
    CHECK(fault("send {\"a\": 1} at").text == "{\"a\": 1} at");
}

TEST_CASE("faults that are not understood say why") {
    const auto each = GENERATE("", "explode", "drop now", "silence 5", "silence 5h", "delay",
                               "corrupt 0", "corrupt x", "drop at", "drop after x", "drop at 5",
                               "nasdaq: drop", "send", "silence 5s 6s");
    INFO(each);
    CHECK(parse_fault(each).problem != "");
}
