#include "daemon/gateway/event_json.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <random>
#include <set>

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "daemon/gateway/connection_lines.hpp"
#include "tests/support/sample_events.hpp"

using namespace margind;
using daemon::TextBuffer;

namespace {

std::string text_of(const TextBuffer& buffer) {
    return {buffer.data(), buffer.size()};
}

std::string decimal(std::int64_t raw, int decimals) {
    TextBuffer out;
    daemon::append_decimal(out, raw, decimals);
    return text_of(out);
}

std::string quoted(std::string_view text) {
    TextBuffer out;
    daemon::append_quoted(out, text);
    return text_of(out);
}

std::string line_of(const daemon::EventEncoder& encoder, const core::Event& event) {
    TextBuffer out;
    encoder.append_line(out, event, tests::sample_time(5'600));
    return text_of(out);
}

// Every line the gateway can say, one of each kind, without newlines.
std::vector<std::string> sample_lines() {
    const daemon::EventEncoder encoder(tests::sample_parameters());
    std::vector<std::string> lines;
    const auto keep = [&lines](TextBuffer& buffer) {
        lines.emplace_back(buffer.data(), buffer.size() - 1);
        buffer.clear();
    };
    TextBuffer out;
    daemon::append_hello(out, {.session = "5f0c2a91d3b84e67",
                               .next_event_seq = 1,
                               .durability = config::Durability::group,
                               .state = core::DaemonState::live});
    keep(out);
    for (const core::Event& event : tests::sample_events()) {
        encoder.append_line(out, event, tests::sample_time(5'600));
        keep(out);
    }
    daemon::append_heartbeat(out, 13, tests::sample_time(1'000'000'000));
    keep(out);
    daemon::append_login_accepted(out, "5f0c2a91d3b84e67", 4711);
    keep(out);
    daemon::append_caught_up(out, 4790);
    keep(out);
    daemon::append_error(out, 1, 16, "it is no JSON object");
    keep(out);
    for (const auto reason :
         {daemon::GoodbyeReason::draining, daemon::GoodbyeReason::slow_consumer,
          daemon::GoodbyeReason::too_many_subscribers, daemon::GoodbyeReason::protocol_error,
          daemon::GoodbyeReason::journal_failed, daemon::GoodbyeReason::session_unknown,
          daemon::GoodbyeReason::sequence_ahead, daemon::GoodbyeReason::not_retained,
          daemon::GoodbyeReason::history_unreadable}) {
        daemon::append_goodbye(out, reason, 12);
        keep(out);
    }
    return lines;
}

}  // namespace

TEST_CASE("decimals are exact and as short as they can be") {
    CHECK(decimal(0, 8) == "0");
    CHECK(decimal(1, 8) == "0.00000001");
    CHECK(decimal(-1'234'500, 8) == "-0.012345");
    CHECK(decimal(100'000'000, 8) == "1");
    CHECK(decimal(-123'456'000'000, 8) == "-1234.56");
    CHECK(decimal(1'000, 0) == "1000");
    CHECK(decimal(5, 1) == "0.5");
    CHECK(decimal(7, 19) == "0.0000000000000000007");
    CHECK(decimal(std::numeric_limits<std::int64_t>::max(), 8) == "92233720368.54775807");
    CHECK(decimal(std::numeric_limits<std::int64_t>::min(), 8) == "-92233720368.54775808");
    CHECK(decimal(std::numeric_limits<std::int64_t>::min(), 19) == "-0.9223372036854775808");
}

TEST_CASE("a decimal read back is the number it was written from") {
    constexpr std::uint64_t kSeed = 20251010;
    INFO("seed " << kSeed);
    std::mt19937_64 random(kSeed);
    for (int i = 0; i < 20'000; ++i) {
        const auto raw = static_cast<std::int64_t>(random()) >> (random() % 63);
        const int decimals = static_cast<int>(random() % 20);
        const std::string text = decimal(raw, decimals);
        INFO(raw << " at " << decimals << ": " << text);
        const std::size_t point = text.find('.');
        std::string digits = text;
        int places = 0;
        if (point != std::string::npos) {
            places = static_cast<int>(text.size() - point - 1);
            digits.erase(point, 1);
            REQUIRE(digits.back() != '0');
        }
        REQUIRE(places <= decimals);
        // The digits that were trimmed are zeros; put back, they must make the same integer.
        digits.append(static_cast<std::size_t>(decimals - places), '0');
        REQUIRE(static_cast<std::int64_t>(std::stoll(digits)) == raw);
    }
}

TEST_CASE("names are escaped so that any text stays one valid JSON string") {
    CHECK(quoted("BTC-PERP") == R"("BTC-PERP")");
    CHECK(quoted(R"(a"b\c)") == R"("a\"b\\c")");
    CHECK(quoted("a\nb\x01\x7f") == R"("a\u000ab\u0001\u007f")");
    CHECK(quoted("\xe2\x82\xac") == "\"\xe2\x82\xac\"");  // the euro sign stays itself
    CHECK(quoted("x\xff") == R"("x\ufffd")");             // not UTF-8
    CHECK(quoted(std::string_view("a\0b", 3)) == R"("a\u0000b")");
}

TEST_CASE("every kind of event is one line of valid JSON with the same frame") {
    const daemon::EventEncoder encoder(tests::sample_parameters());
    simdjson::dom::parser parser;
    std::set<std::string_view> kinds;
    for (const core::Event& event : tests::sample_events()) {
        const std::string line = line_of(encoder, event);
        INFO(line);
        REQUIRE(line.find('\n') == line.size() - 1);
        REQUIRE(line.size() <= encoder.line_bytes_max());
        const simdjson::dom::object object = parser.parse(line).get_object();
        std::vector<std::string_view> members;
        for (const auto& field : object) members.push_back(field.key);
        REQUIRE(members.size() >= 8);
        CHECK(members[0] == "type");
        CHECK(members[1] == "event_seq");
        CHECK(members[2] == "input_seq");
        const std::vector<std::string_view> tail(members.end() - 5, members.end());
        CHECK(tail == std::vector<std::string_view>{"parameter_version", "engine_time",
                                                    "receive_time", "exchange_time", "emit_time"});
        CHECK(object["type"].get_string().value() == daemon::name_of(event.kind));
        CHECK(object["event_seq"].get_uint64().value() == event.event_seq);
        kinds.insert(daemon::name_of(event.kind));

        TextBuffer body;
        encoder.append_body(body, event);
        CHECK(line.substr(0, body.size() - 1) == text_of(body).substr(0, body.size() - 1));
        CHECK(text_of(body).find("emit_time") == std::string::npos);
    }
    CHECK(kinds.size() == static_cast<std::size_t>(core::EventKind::count_));
}

TEST_CASE("a liquidation carries its plan, in order, with exact decimals of its instruments") {
    const daemon::EventEncoder encoder(tests::sample_parameters());
    simdjson::dom::parser parser;
    const auto event = parser.parse(line_of(encoder, tests::sample_events()[2]));
    CHECK(event["equity"].get_string().value() == "1234.56");
    CHECK(event["shortfall"].get_string().value() == "1283.44");
    CHECK(event["health_factor"].get_string().value() == "0.98058776");
    CHECK(event["cause"]["source"]["symbol"].get_string().value() == "ETCUSDT");
    CHECK(event["cause"]["mark"].get_string().value() == "12.305");
    CHECK(event["plan"].get_array().size() == 2);
    CHECK(event["plan"].at(0)["instrument"].get_string().value() == "ETC-PERP");
    CHECK(event["plan"].at(0)["side"].get_string().value() == "sell");
    CHECK(event["plan"].at(0)["quantity"].get_string().value() == "412.5");
    CHECK(event["plan"].at(0)["limit_price"].get_string().value() == "12.2435");
    CHECK(event["plan"].at(0)["bankruptcy_price"].get_string().value() == "11.507");
    CHECK(event["plan"].at(1)["bankruptcy_price"].is_null());
    CHECK(event["plan_complete"].get_bool().value());
}

TEST_CASE("what is not stated is null, never zero") {
    const daemon::EventEncoder encoder(tests::sample_parameters());
    simdjson::dom::parser parser;
    const auto event = parser.parse(line_of(encoder, tests::sample_events()[4]));
    CHECK(event["health_factor"].is_null());
    CHECK(event["exchange_time"].is_null());
    CHECK(event["cause"]["instrument"].is_null());
    CHECK(event["cause"]["source"].is_null());
    CHECK(event["cause"]["mark"].is_null());
    CHECK(event["sub_account"].get_string().value().empty());

    core::Event threshold = tests::sample_events()[5];
    threshold.threshold.sigma_annual = std::numeric_limits<double>::quiet_NaN();
    const auto parsed = parser.parse(line_of(encoder, threshold));
    CHECK(parsed["sigma_annual"].is_null());
}

TEST_CASE("no line is longer than the encoder promises") {
    core::RiskParameters parameters = tests::sample_parameters();
    parameters.instruments[1].name = std::string(300, '"');  // every byte is escaped
    parameters.feeds[1] = std::string(100, '\x01');
    parameters.sources[1].symbol = std::string(200, '\\');
    const daemon::EventEncoder encoder(parameters);

    constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
    constexpr auto kHighest = std::numeric_limits<std::uint64_t>::max();
    core::Event event = tests::sample_events()[2];
    event.event_seq = event.input_seq = kHighest;
    event.parameter_version = std::numeric_limits<std::uint32_t>::max();
    event.engine_time = event.receive_time = event.exchange_time =
        core::Timestamp::from_ns(kLowest);
    core::AccountEvent& account = event.account;
    account.key.owner = core::FixedText<48>(std::string(48, 'x'));
    account.key.sub_account = core::FixedText<16>(std::string(16, 'y'));
    account.equity = account.initial_equity = account.initial_margin = account.maintenance_margin =
        account.shortfall = core::Money::from_raw(kLowest);
    account.health_factor.raw = kLowest;
    account.plan_steps = core::kMaxPlanSteps;
    account.plan_complete = false;
    for (core::PlanStep& step : account.plan) {
        step = tests::sample_step(1, core::Side::sell, kLowest, kLowest, kLowest, kLowest);
        step.insurance_fee = core::Money::from_raw(kLowest);
    }
    TextBuffer out;
    encoder.append_line(out, event, core::Timestamp::from_ns(kLowest));
    CHECK(out.size() <= encoder.line_bytes_max());
    CHECK(out.size() > encoder.line_bytes_max() / 2);  // the bound is a bound, not a guess
}

namespace {

std::multiset<std::string> examples_in(const char* page) {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR "/") + page);
    REQUIRE(file);
    std::multiset<std::string> examples;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("{\"type\":")) examples.insert(line);
    }
    return examples;
}

}  // namespace

TEST_CASE("the README's examples are what the code writes", "[docs]") {
    const std::vector<std::string> written = sample_lines();
    const std::multiset<std::string> shown = examples_in("README.md");
    CHECK_FALSE(shown.empty());
    for (const std::string& line : shown) {
        INFO("no longer written: " << line);
        CHECK(std::count(written.begin(), written.end(), line) == 1);
    }
}

TEST_CASE("the documentation's examples are what the code writes", "[docs]") {
    const std::multiset<std::string> documented = examples_in("docs/event-stream.md");
    const std::vector<std::string> written = sample_lines();
    for (const std::string& line : written) {
        INFO("not in the documentation: " << line);
        CHECK(documented.count(line) == 1);
    }
    CHECK(documented.size() == written.size());
}

// Not a check: prints the examples for docs/event-stream.md. Run with the tag as argument.
TEST_CASE("print the examples", "[.print]") {
    for (const std::string& line : sample_lines()) std::puts(line.c_str());
}
