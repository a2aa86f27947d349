#include <string>

#include <catch2/catch.hpp>
#include <simdjson.h>

#include "daemon/admin/pages.hpp"
#include "tests/support/admin_snapshot.hpp"

namespace margind::daemon {
namespace {

using tests::AdminWorld;
using tests::kAdminNow;

// Holds the text a document is parsed from.
class Document {
  public:
    explicit Document(const Page& page) : element_(parser_.parse(page.body)) {}
    simdjson::dom::element at(const char* pointer) const {
        INFO("at " << pointer);
        return element_.at_pointer(pointer).value();
    }
    std::string text(const char* pointer) const {
        return std::string(std::string_view(at(pointer)));
    }
    std::uint64_t number(const char* pointer) const { return std::uint64_t(at(pointer)); }

  private:
    simdjson::dom::parser parser_;
    simdjson::dom::element element_;
};

bool has_line(const Page& page, const std::string& line) {
    return ("\n" + page.body).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("status shows exact prices, rates and counters") {
    const AdminWorld world;
    const Page page = status_page(world.snapshot());
    CHECK(page.status == 200);
    const Document json(page);
    CHECK(json.text("/state") == "live");
    CHECK(json.text("/threads/layout") == "inline");
    CHECK(double(json.at("/uptime_seconds")) == 90);
    CHECK(json.number("/engine/inputs") == 12'345);
    CHECK(json.number("/engine/refused_by_reason/price_jump") == 3);
    CHECK(json.number("/engine/events_by_kind/margin_call") == 7);
    CHECK(json.number("/accounts/by_state/healthy") == 6);
    CHECK(json.number("/accounts/held") == 1);
    CHECK(json.text("/instruments/0/mark") == "122000.5");
    CHECK(json.text("/instruments/0/index") == "121999");
    CHECK(json.text("/instruments/0/maintenance_rate") == "0.01");
    CHECK(json.text("/instruments/0/binding_maintenance") == "volatility");
    CHECK(json.text("/instruments/1/mark") == "0.0005");
    CHECK(json.text("/instruments/1/name") == "say \"hi\"\\\n");
    CHECK(json.number("/gateway/subscribers") == 2);
    CHECK(json.number("/queues/event_depth") == 5);
    CHECK(json.number("/queues/conflated_total") == 11);
    CHECK(json.number("/feeds/0/rejected") == 20);
    CHECK(json.number("/feeds/0/by_reason/bad_number") == 20);
}

TEST_CASE("status shows where a price comes from, and null for what never came") {
    const AdminWorld world;
    const Document json(status_page(world.snapshot()));
    CHECK(json.text("/instruments/0/sources/0/feed") == "binance");
    CHECK(json.text("/instruments/0/sources/0/channel") == "book_top");
    CHECK(json.text("/instruments/0/sources/0/price") == "121999");
    CHECK(json.number("/instruments/0/sources/0/age_ms") == 1'500);
    CHECK(json.number("/instruments/0/sources/0/accepted") == 400);
    CHECK(bool(json.at("/instruments/0/sources/0/in_merge")));
    CHECK(json.text("/instruments/0/sources/1/role") == "mark");
    CHECK(json.at("/instruments/0/sources/1/price").is_null());
    CHECK(json.at("/instruments/0/sources/1/age_ms").is_null());
    CHECK(json.text("/instruments/1/sources/0/symbol") == "0xabc");
}

TEST_CASE("status gives latency percentiles in microseconds, null before the first") {
    const AdminWorld world;
    const Document json(status_page(world.snapshot()));
    CHECK(json.number("/latency/receive_to_applied/count") == 1'000);
    CHECK(double(json.at("/latency/receive_to_applied/p50_us")) == Approx(500).epsilon(0.07));
    CHECK(double(json.at("/latency/receive_to_applied/p99_9_us")) == Approx(999).epsilon(0.07));
    CHECK(double(json.at("/latency/receive_to_applied/max_us")) == 1'000);
    CHECK(json.at("/latency/receive_to_event/p50_us").is_null());
}

TEST_CASE("status is a document before the engine has reported anything") {
    AdminWorld world;
    world.report = EngineReport{};
    world.state = RunState::warming;
    const Document json(status_page(world.snapshot()));
    CHECK(json.text("/state") == "warming");
    CHECK(json.at("/instruments/1/mark").is_null());
    CHECK(json.text("/instruments/0/state") == "frozen");
}

TEST_CASE("alive while the engine's report is at most five seconds old") {
    AdminWorld world;
    world.report.engine_time = kAdminNow - kReportAgeMax;
    CHECK(liveness_page(world.snapshot()).status == 200);
    world.report.engine_time = kAdminNow - kReportAgeMax - core::Duration::from_ns(1);
    const Page page = liveness_page(world.snapshot());
    CHECK(page.status == 503);
    CHECK(Document(page).text("/reasons/0").find("has not reported for 5 s") != std::string::npos);
}

TEST_CASE("before the first report, patience counts from when the server began to listen") {
    AdminWorld world;
    world.report.engine_time = core::Timestamp{};
    Snapshot snapshot = world.snapshot();
    CHECK(liveness_page(snapshot).status == 503);
    snapshot.listening_since = kAdminNow - core::Duration::from_seconds(4);
    CHECK(liveness_page(snapshot).status == 200);
}

TEST_CASE("ready only when live, priced and fed; else each reason is named") {
    AdminWorld world;
    CHECK(readiness_page(world.snapshot()).status == 200);
    CHECK(bool(Document(readiness_page(world.snapshot())).at("/ready")));

    SECTION("a feed is silent") {
        world.feeds[1].state = core::FeedState::silent;
        world.feeds[1].reason = core::FeedReason::silence;
        world.feeds[1].last_problem = "no data for 10 s on 0xabc";
        const Page page = readiness_page(world.snapshot());
        CHECK(page.status == 503);
        CHECK(Document(page).text("/reasons/0") ==
              "feed pyth is silent (silence): no data for 10 s on 0xabc");
    }
    SECTION("an instrument has no price") {
        world.report.instruments[0].mark = core::Price{};
        const Page page = readiness_page(world.snapshot());
        CHECK(page.status == 503);
        CHECK(Document(page).text("/reasons/0") == "instrument BTC-PERP has no price yet");
    }
    SECTION("a price is distrusted") {
        world.report.instruments[0].state = core::PriceState::frozen;
        world.report.instruments[0].reason = core::PriceReason::no_quorum;
        CHECK(Document(readiness_page(world.snapshot())).text("/reasons/0") ==
              "the price of BTC-PERP is frozen (no_quorum)");
    }
    SECTION("the daemon drains") {
        world.state = RunState::draining;
        CHECK(readiness_page(world.snapshot()).status == 503);
    }
    SECTION("the gateway does not keep up") {
        world.report.event_queue_full = true;
        CHECK(readiness_page(world.snapshot()).status == 503);
    }
    SECTION("the engine is stuck") {
        world.report.engine_time = kAdminNow - core::Duration::from_seconds(60);
        CHECK(readiness_page(world.snapshot()).status == 503);
    }
}

TEST_CASE("metrics carry the values, exactly, under escaped labels") {
    AdminWorld world;
    world.report.receive_to_event.record(core::Duration::from_us(10));
    const Page page = metrics_page(world.snapshot());
    CHECK(page.content_type == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(has_line(page, "margind_inputs_total 12345"));
    CHECK(has_line(page, "margind_inputs_refused_total{reason=\"price_jump\"} 3"));
    CHECK(has_line(page, "margind_events_total{kind=\"margin_call\"} 7"));
    CHECK(has_line(page, "margind_accounts{state=\"warning\"} 2"));
    CHECK(has_line(page, "margind_state{state=\"live\"} 1"));
    CHECK(has_line(page, "margind_state{state=\"degraded\"} 0"));
    CHECK(has_line(page, "margind_mark_price{instrument=\"BTC-PERP\"} 122000.5"));
    CHECK(has_line(page, "margind_mark_price{instrument=\"say \\\"hi\\\"\\\\\\n\"} 0.0005"));
    CHECK(
        has_line(page, "margind_margin_rate{instrument=\"BTC-PERP\",level=\"maintenance\"} 0.01"));
    CHECK(has_line(page,
                   "margind_source_price_age_seconds{instrument=\"BTC-PERP\","
                   "feed=\"binance\",symbol=\"BTCUSDT\",channel=\"book_top\","
                   "role=\"index\",quote=\"USDT\"} 1.5"));
    CHECK(has_line(page,
                   "margind_feed_messages_by_verdict_total{feed=\"binance\","
                   "verdict=\"rejected\"} 20"));
    CHECK(has_line(page,
                   "margind_feed_messages_by_reason_total{feed=\"binance\","
                   "reason=\"bad_number\"} 20"));
    CHECK(has_line(page, "margind_receive_to_applied_seconds_count 1000"));
    CHECK(has_line(page, "margind_receive_to_event_seconds{quantile=\"0.5\"} 0.00001"));
    CHECK(has_line(page, "margind_engine_report_age_seconds 0.08"));
}

TEST_CASE("metrics say how accounts are found, and what gaps and repairs take") {
    AdminWorld world;
    world.report.bands.banded = 70;
    world.report.bands.tracked = 20;
    world.report.bands.watched = 10;
    world.report.bands.uncovered = 3;
    world.report.bands.distrusted = 2;
    world.report.bands.fired = 11;
    world.report.bands.put_off = 5;
    world.report.bands.bytes = 4'096;
    world.report.gap_tick.record(core::Duration::from_ms(2));
    world.report.repair.record(core::Duration::from_ms(1));
    const Page page = metrics_page(world.snapshot());
    for (const char* line :
         {"margind_bands_accounts{mode=\"banded\"} 70",
          "margind_bands_accounts{mode=\"tracked\"} 20",
          "margind_bands_accounts{mode=\"watched\"} 10", "margind_bands_accounts_uncovered 3",
          "margind_bands_accounts_distrusted 2", "margind_bands_fired_total 11",
          "margind_bands_put_off_total 5", "margind_bands_bytes 4096",
          "margind_gap_tick_seconds_count 1", "margind_engine_repair_seconds_count 1",
          "margind_shard_merge_delay_seconds_count 0"}) {
        CAPTURE(line);
        CHECK(has_line(page, line));
    }
    const Document json(status_page(world.snapshot()));
    CHECK(json.number("/latency/gap_tick/count") == 1);
    CHECK(json.number("/latency/engine_repair/max_us") == 1'000);
}

TEST_CASE("an instrument without a price has no price metric, rather than zero") {
    AdminWorld world;
    world.report.instruments[0].mark = core::Price{};
    CHECK(metrics_page(world.snapshot()).body.find("margind_mark_price{instrument=\"BTC") ==
          std::string::npos);
}

core::AccountReport report_of(const char* owner, const char* sub_account) {
    core::AccountReport report;
    report.key.owner = core::FixedText<48>(owner);
    report.key.sub_account = core::FixedText<16>(sub_account);
    report.priced = true;
    report.state = core::MarginState::margin_call;
    report.evaluation.equity = core::Money::from_raw(110'000'000'000);
    report.evaluation.initial_equity = report.evaluation.equity;
    report.evaluation.initial_margin = core::Money::from_raw(200'000'000'000);
    report.evaluation.maintenance_margin = core::Money::from_raw(100'000'000'000);
    report.as_of_input_seq = 77;
    report.as_of = kAdminNow;
    return report;
}

TEST_CASE("accounts are shown with exact money and as of which input") {
    AccountQuery query;
    query.limit = 2;
    query.worst = {{report_of("alice", "main")}, {report_of("bob", "")}};
    query.worst[1].report.in_liquidation_since = kAdminNow;
    const Document json(accounts_page(query, kAdminNow));
    CHECK(json.text("/accounts/0/account") == "alice");
    CHECK(json.text("/accounts/0/sub_account") == "main");
    CHECK(json.text("/accounts/0/state") == "margin_call");
    CHECK(json.text("/accounts/0/equity") == "1100");
    CHECK(json.text("/accounts/0/health_factor") == "1.1");
    CHECK(json.text("/accounts/0/shortfall") == "900");
    CHECK(json.number("/accounts/0/as_of_input_seq") == 77);
    CHECK(json.at("/accounts/0/in_liquidation_since_time").is_null());
    CHECK(json.text("/accounts/1/account") == "bob");
    CHECK(json.number("/accounts/1/in_liquidation_since_time") == kAdminNow.ns());
}

TEST_CASE("one account is shown with balances and positions") {
    const AdminWorld world;
    AccountQuery query;
    query.kind = AccountQuery::Kind::one;
    query.key = report_of("alice", "main").key;
    CHECK(account_page(query, world.settings.risk, kAdminNow).status == 404);

    query.one.found = true;
    query.one.report = report_of("alice", "main");
    query.one.balances = {
        {.asset = core::AssetId(1), .amount = core::Money::from_raw(-150'000'000)}};
    query.one.positions = {{.instrument = core::InstrumentId(0),
                            .quantity = core::Quantity::from_raw(-1'500),
                            .entry_price = core::Price::from_raw(12'345'600)}};
    const Document json(account_page(query, world.settings.risk, kAdminNow));
    CHECK(json.text("/balances/0/asset") == "USDT");
    CHECK(json.text("/balances/0/amount") == "-1.5");
    CHECK(json.text("/positions/0/instrument") == "BTC-PERP");
    CHECK(json.text("/positions/0/quantity") == "-1.5");
    CHECK(json.text("/positions/0/entry_price") == "123456");
}

TEST_CASE("an account that cannot be valued shows no amounts") {
    AccountQuery query;
    query.worst = {{report_of("alice", "")}};
    query.worst[0].report.priced = false;
    const Page page = accounts_page(query, kAdminNow);
    CHECK(page.body.find("equity") == std::string::npos);
    CHECK(page.body.find("\"priced\":false") != std::string::npos);
}

}  // namespace
}  // namespace margind::daemon
