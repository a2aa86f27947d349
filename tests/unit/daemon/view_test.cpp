// The live view is a pure function of what was received: checked on its text.
#include <string>

#include <catch2/catch.hpp>

#include "daemon/admin/pages.hpp"
#include "daemon/gateway/connection_lines.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/view/event_text.hpp"
#include "daemon/view/line_client.hpp"
#include "daemon/view/model.hpp"
#include "daemon/view/render.hpp"
#include "daemon/view/text.hpp"
#include "tests/support/sample_events.hpp"

using namespace margind;
using daemon::Colour;

namespace {

std::string line_of(const core::Event& event) {
    const daemon::EventEncoder encoder(tests::sample_parameters());
    daemon::TextBuffer out;
    encoder.append_line(out, event, tests::sample_time(5'600));
    return {out.data(), out.size() - 1};
}

std::string hello(std::uint64_t next_event_seq) {
    daemon::TextBuffer out;
    daemon::append_hello(out, {.session = "5f0c", .next_event_seq = next_event_seq});
    return {out.data(), out.size() - 1};
}

std::string goodbye() {
    daemon::TextBuffer out;
    daemon::append_goodbye(out, daemon::GoodbyeReason::draining, 12);
    return {out.data(), out.size() - 1};
}

std::string shown(const core::Event& event, std::size_t width = 400) {
    simdjson::dom::parser parser;
    return daemon::event_text(parser.parse(line_of(event)).value(), width, Colour::no);
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

// Without colours: what takes a column.
std::string visible(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\x1b') {
            result.push_back(text[i]);
        } else {
            while (text[i] != 'm') ++i;
        }
    }
    return result;
}

// The admin server's own page, so that both sides are held to the same members.
std::string status_body() {
    config::Settings settings;
    settings.risk = tests::sample_parameters();
    settings.feeds.resize(2);
    settings.feeds[0].name = "coinbase";
    settings.feeds[0].venue = "coinbase_exchange";
    settings.feeds[1].name = "usdm";
    settings.feeds[1].venue = "binance_usdm";
    daemon::EngineReport engine;
    engine.engine.inputs = 1'234'567;
    engine.engine.evaluations = 9'876'543;
    engine.engine.refused_total = 7;
    engine.engine.refused[static_cast<std::size_t>(core::Refusal::price_jump)] = 7;
    engine.engine.accounts = 100'000;
    engine.engine.accounts_held = 3;
    engine.engine.accounts_by_state = {99'412, 371, 120, 64, 33};
    engine.conflated_total = 42;
    engine.instruments.resize(2);
    engine.instruments[0].mark = core::Price::from_raw(11'204'050);
    engine.instruments[0].index = core::Price::from_raw(11'210'000);
    engine.instruments[0].state = core::PriceState::good;
    engine.instruments[0].sigma_annual = 1.8725;
    engine.instruments[0].initial_rate = core::Rate::from_raw(5'000'000);
    engine.instruments[0].maintenance_rate = core::Rate::from_raw(2'527'431);
    engine.instruments[0].binding_maintenance = core::RateTerm::volatility;
    engine.sources.resize(2);
    engine.sources[0].in_merge = true;
    for (int i = 0; i < 100; ++i) engine.receive_to_event.record(core::Duration::from_us(12));
    std::vector<feeds::FeedStatistics> feeds(2);
    feeds[0].state = core::FeedState::live;
    feeds[0].ticks = 45'678;
    feeds[0].disconnects = 2;
    feeds[1].state = core::FeedState::silent;
    feeds[1].last_problem = "markPriceUpdate: nothing for 10 s";
    const daemon::Snapshot snapshot{.settings = settings,
                                    .engine = engine,
                                    .feeds = feeds,
                                    .gateway = {},
                                    .accounts = {},
                                    .admin = {},
                                    .state = daemon::RunState::degraded,
                                    .started = tests::sample_time(-65'000'000'000),
                                    .listening_since = tests::sample_time(-65'000'000'000),
                                    .now = tests::sample_time(0)};
    return daemon::status_page(snapshot).body;
}

daemon::AccountQuery worst_accounts() {
    daemon::AccountQuery query;
    query.limit = 8;
    daemon::AccountRow row;
    row.report.key.owner = core::FixedText<48>("acct-0123");
    row.report.key.sub_account = core::FixedText<16>("hedge");
    row.report.state = core::MarginState::liquidation;
    row.report.priced = true;
    row.report.evaluation = {core::Money::from_raw(123'456'000'000),
                             core::Money::from_raw(251'800'000'000),
                             core::Money::from_raw(125'900'000'000)};
    query.worst = {row};
    return query;
}

void fill(daemon::ViewModel& model) {
    REQUIRE(model.take_line(hello(1)));
    for (const core::Event& event : tests::sample_events())
        REQUIRE(model.take_line(line_of(event)));
    model.take_status(status_body());
    model.take_accounts(daemon::accounts_page(worst_accounts(), tests::sample_time(0)).body);
}

}  // namespace

TEST_CASE("numbers are cut, never rounded up to a threshold") {
    CHECK(daemon::shortened("0.99999999", 2) == "0.99");
    CHECK(daemon::shortened("-1234.5678", 2) == "-1,234.56");
    CHECK(daemon::shortened("1234567", 2) == "1,234,567.00");
    CHECK(daemon::shortened("12.9", 0) == "12");
    CHECK(daemon::shortened("", 2) == "-");
    CHECK(daemon::grouped(0) == "0");
    CHECK(daemon::grouped(1'234'567) == "1,234,567");
    CHECK(daemon::price_text("112040.5") == "112,040.5");
    CHECK(daemon::price_text("12.305") == "12.3050");
    CHECK(daemon::price_text("0.0000071234567") == "0.0000071234");
    CHECK(daemon::percent("0.02527431", 2) == "2.52 %");
    CHECK(daemon::percent("0.999999", 1) == "99.9 %");
    CHECK(daemon::percent("1", 0) == "100 %");
    CHECK(daemon::percent("0", 2) == "0.00 %");
    CHECK(daemon::time_of_day_ms(tests::sample_time(0).ns()) == "21:15:03.120");
    CHECK(daemon::elapsed(3'723'000'000'000) == "1:02:03");
}

TEST_CASE("a line never takes more columns than it has") {
    daemon::LineBuilder line(10, Colour::yes);
    line.add("12345", daemon::Ink::red).add("\xe2\x82\xac\xe2\x82\xac").cell("abcdef", 6);
    CHECK(visible(line.str()) ==
          "12345\xe2\x82\xac\xe2\x82\xac"
          "abc");
    CHECK(daemon::LineBuilder(8, Colour::no).cell("7", 4, daemon::Align::right).str() == "   7 ");
    CHECK(daemon::printable("a\x1b[2Jb\n") == "a?[2Jb?");
}

TEST_CASE("a liquidation reads as a person would say it") {
    const std::string text = shown(tests::sample_events()[2]);
    INFO(text);
    CHECK(text.starts_with("21:15:03.120 LIQUIDATION acct-0123/hedge"));
    CHECK(text.find("health  0.980") != std::string::npos);
    CHECK(text.find("1,234.56") != std::string::npos);
    CHECK(text.find("short      1,283.44") != std::string::npos);
    CHECK(text.find("ETC-PERP 12.3050 <- usdm ETCUSDT") != std::string::npos);
    CHECK(text.find("plan: sell 412.5 ETC-PERP, buy 0.0125 BTC-PERP") != std::string::npos);
    CHECK(shown(tests::sample_events()[4]).find(" to healthy  (account_update)") !=
          std::string::npos);
    CHECK(shown(tests::sample_events()[1]).find("due by 22:15:03") != std::string::npos);
}

TEST_CASE("every kind of event has a line of its own, cut at any width") {
    for (const core::Event& event : tests::sample_events()) {
        const std::string text = shown(event);
        INFO(text);
        CHECK(text.size() > 30);
        CHECK(text.find('\n') == std::string::npos);
        for (std::size_t width = 80; width <= 200; width += 7) {
            CHECK(daemon::columns(shown(event, width)) <= width);
        }
    }
    CHECK(shown(tests::sample_events()[5]).find("2.500 % -> 2.527 %  volatility  sigma 187 %") !=
          std::string::npos);
    CHECK(shown(tests::sample_events()[6]).find("good -> frozen (no_quorum; 1 of 2 sources)") !=
          std::string::npos);
}

TEST_CASE("a hole in the numbers is noticed, and only a hole") {
    daemon::ViewModel model;
    REQUIRE(model.take_line(hello(1)));
    std::vector<core::Event> events = tests::sample_events();
    REQUIRE(model.take_line(line_of(events[0])));
    REQUIRE(model.take_line(line_of(events[1])));
    CHECK(model.stream().gaps() == 0);
    REQUIRE(model.take_line(line_of(events[3])));
    CHECK(model.stream().gaps() == 1);
    CHECK(model.stream().missed_from() == 3);
    REQUIRE(model.take_line(line_of(events[4])));
    REQUIRE(model.take_line(goodbye()));
    CHECK(model.stream().gaps() == 1);
    CHECK(model.stream().events() == 4);
    CHECK(model.stream().goodbye() == "draining");
}

TEST_CASE("whoever does not greet is not taken for margind") {
    daemon::ViewModel model;
    CHECK_FALSE(model.take_line("HTTP/1.1 400 Bad Request"));
    CHECK_FALSE(model.take_line(line_of(tests::sample_events()[0])));
}

TEST_CASE("the model keeps a bounded number of events") {
    daemon::ViewModel model;
    REQUIRE(model.take_line(hello(1)));
    core::Event event = tests::sample_events()[0];
    for (std::uint64_t seq = 1; seq <= 1'000; ++seq) {
        event.event_seq = seq;
        REQUIRE(model.take_line(line_of(event)));
    }
    CHECK(model.latest().size() == 100);
    CHECK(model.latest_total() == 1'000);
    CHECK(model.events_by_kind() == daemon::Tally{{"warning", 1'000}});
}

TEST_CASE("the screen fits any terminal and shows what matters") {
    daemon::ViewModel model;
    fill(model);
    for (std::size_t width = 80; width <= 200; width += 3) {
        for (const std::size_t height : {10U, 24U, 40U, 60U}) {
            const auto lines = daemon::render(model, width, height, Colour::yes);
            CHECK(lines.size() <= height);
            for (const std::string& line : lines) CHECK(daemon::columns(visible(line)) <= width);
        }
    }
    const std::string text = joined(daemon::render(model, 120, 40, Colour::no));
    INFO(text);
    CHECK(text.find("degraded  up 1:05  inputs 1,234,567  events 12  refused 7") !=
          std::string::npos);
    CHECK(text.find("accounts 100,000:  healthy 99,412  warning 371  margin_call 120") !=
          std::string::npos);
    CHECK(text.find("held 3") != std::string::npos);
    CHECK(text.find("112,040.5") != std::string::npos);
    CHECK(text.find("187 %") != std::string::npos);
    CHECK(text.find("2.52 % volatility") != std::string::npos);
    CHECK(text.find("1/1") != std::string::npos);  // sources of BTC-PERP in the merge
    CHECK(text.find("acct-0123/hedge") != std::string::npos);
    CHECK(text.find("nothing for 10 s") != std::string::npos);
    CHECK(text.find("LIQUIDATION") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("more instruments than rows are counted, not forgotten") {
    daemon::ViewModel model;
    fill(model);
    model.instruments.resize(2);
    for (int i = 0; i < 28; ++i) {
        model.instruments.push_back(model.instruments[0]);
        model.instruments.back().name = "COIN" + std::to_string(i) + "-PERP";
    }
    const std::string narrow = joined(daemon::render(model, 100, 30, Colour::no));
    INFO(narrow);
    CHECK(narrow.find(" more; a higher terminal shows them") != std::string::npos);
    const std::string wide = joined(daemon::render(model, 200, 60, Colour::no));
    INFO(wide);
    CHECK(wide.find("COIN27-PERP") != std::string::npos);
    CHECK(wide.find("more;") == std::string::npos);
}

TEST_CASE("without an admin server the view says why and shows the events") {
    daemon::ViewModel model;
    REQUIRE(model.take_line(hello(1)));
    REQUIRE(model.take_line(line_of(tests::sample_events()[0])));
    model.admin_problem = "cannot connect to 127.0.0.1:7430";
    const std::string text = joined(daemon::render(model, 100, 24, Colour::no));
    INFO(text);
    CHECK(text.find("no status: cannot connect to 127.0.0.1:7430") != std::string::npos);
    CHECK(text.find("WARNING") != std::string::npos);
    CHECK(joined(daemon::summary(model, Colour::no)).find("are unknown: cannot connect") !=
          std::string::npos);
}

TEST_CASE("the summary names accounts, events, steps, latencies, feeds and refusals") {
    daemon::ViewModel model;
    fill(model);
    const std::string text = joined(daemon::summary(model, Colour::no));
    INFO(text);
    for (const char* part :
         {"Accounts by state", "99,412", "Events by kind", "bankruptcy", "12 events, gapless",
          "Threshold steps", "ETC-PERP", "maintenance rate 2.50 % to 2.53 %", "received to event",
          "12.", "coinbase_exchange", "45,678", "price_jump",
          "1,234,567 taken, 9,876,543 evaluations", "42 prices overtaken", "7 refused"}) {
        INFO(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

TEST_CASE("plain lines show only what is new") {
    daemon::ViewModel model;
    fill(model);
    const std::string first = joined(daemon::plain_report(model, 0));
    INFO(first);
    CHECK(first.find("... 6 more") != std::string::npos);  // of nine, four are shown
    CHECK(first.find("most volatile BTC-PERP") != std::string::npos);
    CHECK(first.find("worst account acct-0123/hedge: health 0.980") != std::string::npos);
    const std::string again = joined(daemon::plain_report(model, model.latest_total()));
    CHECK(again.find("more") == std::string::npos);
    CHECK(again.find("LIQUIDATION") == std::string::npos);
}

TEST_CASE("addresses are host and port, or an error that shows how") {
    using Pair = std::pair<std::string, std::string>;
    CHECK(daemon::split_address("127.0.0.1:7411") == Pair{"127.0.0.1", "7411"});
    CHECK(daemon::split_address("[::1]:80") == Pair{"::1", "80"});
    for (const char* wrong : {"", "localhost", "localhost:", ":7411", "a:b", "a:70000", "a:0",
                              "::1", "::1:80", "[]:80", "a:7411x"}) {
        INFO(wrong);
        CHECK_THROWS_WITH(daemon::split_address(wrong), Catch::Contains("HOST:PORT"));
    }
}
