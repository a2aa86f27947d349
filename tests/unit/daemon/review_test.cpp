// What is said of runs and decisions, by engines in this process.
#include <catch2/catch.hpp>
#include <simdjson.h>

#include "daemon/explain/columns.hpp"
#include "daemon/review/comparison_text.hpp"
#include "daemon/review/decision.hpp"
#include "daemon/review/input_text.hpp"
#include "daemon/review/json_difference.hpp"
#include "daemon/review/name_map.hpp"
#include "daemon/review/other_run.hpp"
#include "daemon/review/outcomes.hpp"
#include "tests/support/book.hpp"
#include "tests/support/explained_sums.hpp"

using namespace margind;
using namespace margind::core;
using namespace margind::daemon;
using namespace margind::test;
using Catch::Matchers::Contains;

namespace {

// One side of a comparison: a small venue whose maintenance rate is given.
struct Run {
    explicit Run(double maintenance) : driver(venue(maintenance)) {}

    static RiskParameters venue(double maintenance) {
        RiskParameters p = small_venue();
        p.instruments[0].tiers = {{notional(0), rate(2 * maintenance), rate(maintenance)}};
        p.guard.jump_factor = 10;
        return p;
    }

    template <class Act>
    void act(const Act& act) {
        const std::size_t before = driver.events.size();
        act(driver);
        for (std::size_t e = before; e < driver.events.size(); ++e) {
            outcomes.take(driver.events[e], driver.engine);
        }
    }

    Driver driver;
    Outcomes outcomes;
};

// Two accounts, long one BTC each, through a fall from 1000 by 10 a second.
void play(Run& side, int steps) {
    side.act([](Driver& d) { d.set_price(0, price(1000)); });
    side.act([](Driver& d) { d.set_price(1, price(100)); });
    for (const auto& [name, cash] : {std::pair{"thin", 80.0}, std::pair{"thick", 260.0}}) {
        side.act([&](Driver& d) {
            d.set_balance(key(name), 0, money(cash), Last::no);
            d.set_position(key(name), 0, quantity(1), price(1000));
        });
    }
    for (int step = 1; step <= steps; ++step) {
        side.driver.wait(Duration::from_seconds(1));
        side.act([&](Driver& d) { d.set_price(0, price(1000 - 10 * step)); });
    }
}

std::string table(const Comparison& comparison, std::size_t rows = 100) {
    TextBuffer out;
    write_table({.recorded = "recorded.yaml",
                 .other = "other.yaml",
                 .currency = "USD",
                 .first_input = 1,
                 .last_input = 1234,
                 .from = Timestamp::from_ns(1'760'130'000'000'000'000),
                 .to = Timestamp::from_ns(1'760'130'060'000'000'000),
                 .notes = {"12 prices are of nobody"}},
                comparison, rows, out);
    return fmt::to_string(out);
}

Input price_input(double value) {
    PriceInput p;
    p.source = SourceId(0);
    p.price = price(value);
    return Input::of(p);
}

Int128 sum_of(const Driver& driver, EventKind kind, Money AccountEvent::* member) {
    Int128 sum = 0;
    for (const Event& event : driver.events_of(kind)) sum += (event.account.*member).raw();
    return sum;
}

}  // namespace

TEST_CASE("json: members that differ are named with their paths") {
    const auto found = differences(
        R"({"a":1,"b":{"c":"x","d":[1,2,{"e":3}]},"gone":true,"emit_time":5})",
        R"({"a":1,"b":{"c":"y","d":[1,4,{"e":3},7]},"new":null,"emit_time":6})", {"emit_time"});
    std::vector<std::string> text;
    for (const MemberDifference& d : found) text.push_back(d.member + " " + d.left + " " + d.right);
    CHECK(text == std::vector<std::string>{"b.c \"x\" \"y\"", "b.d[1] 2 4", "b.d[3]  7",
                                           "gone true ", "new  null"});
    CHECK(differences(R"({"a":1})", R"({"a":1})").empty());
    CHECK(differences(R"({"b":2,"a":1})", R"({"a":1, "b":2})").empty());
    // 1.0 and 1 are the same number and not the same text: what is compared is what was sent.
    CHECK(differences(R"({"a":1})", R"({"a":1.0})").size() == 1);
    REQUIRE(differences("nonsense", R"({"a":1})").size() == 1);
    CHECK(differences("nonsense", R"({"a":1})")[0].member.empty());
}

TEST_CASE("names: inputs find what they speak of in a configuration of another order") {
    const RiskParameters from = small_venue();
    RiskParameters to = small_venue();
    std::swap(to.assets[0], to.assets[1]);
    std::swap(to.instruments[0], to.instruments[1]);
    std::swap(to.sources[0], to.sources[1]);
    for (Source& source : to.sources) {
        source.instrument = InstrumentId(1 - source.instrument.index());
    }
    to.feeds = {"another", "feed"};
    for (Source& source : to.sources) source.feed = FeedId(1);
    NameMap names(from, to);

    PriceInput p;
    p.source = SourceId(0);
    Input input = Input::of(p);
    CHECK(names.translate(input) == Heard::yes);
    CHECK(input.price.source.index() == 1);

    AccountInput a;
    a.record = AccountRecord::balance;
    a.id = 1;
    input = Input::of(a);
    CHECK(names.translate(input) == Heard::yes);
    CHECK(input.account.id == 0);
    a.record = AccountRecord::isolated;
    a.id = kCross;
    input = Input::of(a);
    CHECK(names.translate(input) == Heard::yes);
    CHECK(input.account.id == kCross);

    input = Input::of(FeedStateInput{.feed = FeedId(0), .state = FeedState::live});
    CHECK(names.translate(input) == Heard::yes);
    CHECK(input.feed_state.feed.index() == 1);

    input =
        Input::of(StatisticInput{.statistic = Statistic::open_interest, .target = 1, .value = 5});
    CHECK(names.translate(input) == Heard::yes);
    CHECK(input.statistic.target == 0);
}

TEST_CASE("names: what the other configuration lacks is passed over, or said") {
    const RiskParameters from = small_venue();
    PriceInput p;
    p.source = SourceId(1);
    AccountInput a;
    a.record = AccountRecord::position;
    a.id = 1;

    SECTION("a source: its prices become timers") {
        RiskParameters to = small_venue();
        to.sources.pop_back();
        NameMap names(from, to);
        Input input = Input::of(p);
        CHECK(names.translate(input) == Heard::source_missing);
        CHECK(input.kind == InputKind::timer);
    }
    SECTION("an instrument") {
        RiskParameters to = small_venue();
        to.instruments.pop_back();
        to.sources.pop_back();
        NameMap names(from, to);
        Input input = Input::of(p);
        CHECK(names.translate(input) == Heard::impossible);
        CHECK_THAT(names.problem(), Contains("instrument ETH-PERP"));
        input = Input::of(a);
        CHECK(names.translate(input) == Heard::impossible);
    }
    SECTION("an instrument of other steps") {
        RiskParameters to = small_venue();
        to.instruments[1].price_decimals = 2;
        NameMap names(from, to);
        Input input = Input::of(a);
        CHECK(names.translate(input) == Heard::impossible);
        CHECK_THAT(names.problem(), Contains("ETH-PERP has price_decimals 8"));
    }
    SECTION("an asset") {
        RiskParameters to = small_venue();
        to.assets.pop_back();
        NameMap names(from, to);
        a.record = AccountRecord::balance;
        Input input = Input::of(a);
        CHECK(names.translate(input) == Heard::impossible);
        CHECK_THAT(names.problem(), Contains("asset BTC"));
    }
    SECTION("parameters are its own") {
        NameMap names(from, from);
        Input input = Input::of(ParameterInput{});
        CHECK(names.translate(input) == Heard::parameter_left_out);
        CHECK(input.kind == InputKind::timer);
    }
    SECTION("numbers that never named anything stay refused") {
        NameMap names(from, from);
        p.source = SourceId(77);
        Input input = Input::of(p);
        CHECK(names.translate(input) == Heard::yes);
        CHECK(input.price.source.index() > from.sources.size());
        a.record = AccountRecord::isolated;
        a.id = 77;
        input = Input::of(a);
        CHECK(names.translate(input) == Heard::yes);
        CHECK(input.account.id != kCross);
    }
}

TEST_CASE("comparison: higher rates call and liquidate sooner, and more") {
    Run recorded(0.02);
    Run other(0.05);
    play(recorded, 14);
    play(other, 14);
    const Comparison result = compare(recorded.outcomes, other.outcomes);

    for (std::size_t k = 0; k < kOutcomeKinds.size(); ++k) {
        const EventKind kind = kOutcomeKinds[k];
        INFO(name_of(kind));
        const auto of = [&](const Driver& driver) { return driver.events_of(kind).size(); };
        const KindComparison& totals = result.kinds[k];
        CHECK(totals.recorded.events == of(recorded.driver));
        CHECK(totals.other.events == of(other.driver));
        CHECK(totals.recorded.shortfall == sum_of(recorded.driver, kind, &AccountEvent::shortfall));
        CHECK(totals.other.shortfall == sum_of(other.driver, kind, &AccountEvent::shortfall));
        CHECK(totals.same_time + totals.moved + totals.only_recorded == totals.recorded.events);
        CHECK(totals.same_time + totals.moved + totals.only_other == totals.other.events);
    }
    // By hand: equity of "thin" is 80 - 10 t and 1.2 x 2 % of its notional is (1000 - 10 t) x 2.4
    // %: below it after 6 s; at 5 %, with 6 %, after 3 s. The call moves by 3 s.
    const KindComparison& calls = result.kinds[0];
    CHECK(calls.recorded.events == 1);
    CHECK(calls.moved == 1);
    CHECK(calls.earliest == Duration::from_seconds(-3));
    CHECK(calls.latest == Duration());
    // 1 x liquidation: at 80 - 10 t < (1000 - 10 t) x 2 %, 7 s; at 5 %, 4 s.
    const KindComparison& liquidations = result.kinds[1];
    CHECK(liquidations.moved == 1);
    CHECK(liquidations.earliest == Duration::from_seconds(-3));
    CHECK(liquidations.only_other == 0);
    // Bankrupt below zero: when that is does not depend on the rate.
    CHECK(result.kinds[2].same_time == 1);

    REQUIRE(result.differences.size() == 2);
    CHECK(result.differences[0].kind == EventKind::liquidation);
    const std::string text = table(result);
    CHECK_THAT(text, Contains("note: 12 prices are of nobody"));
    CHECK_THAT(text, Contains("liquidation  thin"));
    CHECK_THAT(text, Contains("3.0 s sooner"));
    CHECK_THAT(text, Contains("price of BTC-PERP, rate 2.00 % its tier's own; other: price of "
                              "BTC-PERP, rate 5.00 % its tier's own"));
    CHECK_THAT(table(result, 1), Contains("... and 1 more; --all lists them"));
}

TEST_CASE("comparison: the notional to be closed is that of the plan's steps at the mark") {
    Run recorded(0.02);
    play(recorded, 14);
    const auto liquidations = recorded.driver.events_of(EventKind::liquidation);
    REQUIRE(liquidations.size() == 1);
    const AccountEvent& event = liquidations[0].account;
    REQUIRE(event.plan_steps == 1);
    // Price and quantity both at 1e-8.
    const Int128 raw =
        div_ceil<Int128>(Int128{event.plan[0].quantity.raw()} * event.cause.mark.raw(), kScale);
    const Comparison result = compare(recorded.outcomes, Outcomes());
    CHECK(result.kinds[1].recorded.to_close == raw);
    CHECK(result.kinds[1].only_recorded == 1);
    CHECK_THAT(table(result), Contains("spared"));
    CHECK_THAT(table(compare(Outcomes(), recorded.outcomes)), Contains("new"));
    CHECK_THAT(table(compare(recorded.outcomes, recorded.outcomes)),
               Contains("No account differs."));
}

TEST_CASE("comparison: as JSON it has the same figures") {
    Run recorded(0.02);
    Run other(0.05);
    play(recorded, 14);
    play(other, 14);
    const Comparison result = compare(recorded.outcomes, other.outcomes);
    TextBuffer out;
    write_json({.recorded = "r \"1\"",
                .other = "o",
                .currency = "USD",
                .first_input = 1,
                .last_input = 9,
                .from = {},
                .to = {},
                .notes = {}},
               result, 1, out);
    simdjson::dom::parser parser;
    const std::string text = fmt::to_string(out);
    const simdjson::dom::element json = parser.parse(text);
    CHECK(std::string_view(json["recorded"]) == "r \"1\"");
    CHECK(std::uint64_t(json["differences_total"]) == 2);
    CHECK(json["differences"].get_array().size() == 1);
    const auto calls = json["kinds"]["margin_call"];
    CHECK(std::int64_t(calls["earliest_shift"]) == -3'000'000'000);
    CHECK(std::string_view(calls["recorded"]["shortfall"]) ==
          exact(result.kinds[0].recorded.shortfall, kScaleDecimals));
    const auto first = json["differences"].at(0);
    CHECK(std::string_view(first["account"]) == "thin");
    CHECK(std::int64_t(first["shift"]) == -3'000'000'000);
    CHECK(std::string_view(first["other"]["binding"]) == "floor");
}

TEST_CASE("comparison: spans of time as people say them") {
    CHECK(duration_text(Duration::from_ms(42)) == "42 ms");
    CHECK(duration_text(Duration::from_ms(1'290)) == "1.2 s");
    CHECK(duration_text(Duration::from_seconds(200)) == "3 min 20 s");
    CHECK(duration_text(Duration::from_seconds(7'260)) == "2 h 1 min");
}

TEST_CASE("other run: the same configuration does the same") {
    Run recorded(0.05);
    config::Settings settings;
    settings.risk = Run::venue(0.05);
    OtherRun same(settings);
    same.recorded_under(settings.risk);
    settings.risk = Run::venue(0.10);
    OtherRun stricter(settings);
    stricter.recorded_under(recorded.driver.engine.parameters());

    std::vector<Input> inputs;
    const auto record = [&](Input input) {
        input.input_seq = inputs.size() + 1;
        input.engine_time = Timestamp::from_ns(1'760'130'000'000'000'000 +
                                               1'000'000'000LL * std::int64_t(inputs.size()));
        input.receive_time = input.engine_time;
        inputs.push_back(input);
    };
    const auto tick = [&](std::uint32_t source, double value) {
        PriceInput p;
        p.source = SourceId(source);
        p.price = price(value);
        record(Input::of(p));
    };
    tick(0, 1000);
    tick(1, 100);
    AccountInput a;
    a.key = key("alice");
    a.record = AccountRecord::balance;
    a.amount = money(200).raw();
    a.last = Last::no;
    record(Input::of(a));
    a.record = AccountRecord::position;
    a.amount = quantity(1).raw();
    a.price = price(1000).raw();
    a.last = Last::yes;
    record(Input::of(a));
    record(Input::of(ParameterInput{}));
    for (int i = 1; i < 18; ++i) tick(0, 1000 - 10 * i);

    Engine engine(Run::venue(0.05));
    Outcomes outcomes;
    for (const Input& input : inputs) {
        engine.apply(input);
        Event event;
        while (engine.next_event(event)) outcomes.take(event, engine);
        REQUIRE(same.apply(input));
        REQUIRE(stricter.apply(input));
    }
    CHECK(compare(outcomes, same.outcomes()).differences.empty());
    CHECK(compare(outcomes, same.outcomes()).kinds[0].same_time == 1);
    CHECK(compare(outcomes, stricter.outcomes()).kinds[0].moved == 1);
    REQUIRE(same.notes().size() == 1);
    CHECK_THAT(same.notes()[0], Contains("1 parameter changes"));
}

TEST_CASE("decision: a liquidation is explained by its input, prices, terms and plan") {
    Driver driver(Run::venue(0.02));
    driver.set_price(0, price(1000));
    driver.set_price(1, price(100));
    driver.set_balance(key("thin", "main"), 0, money(80), Last::no);
    driver.set_position(key("thin", "main"), 0, quantity(1), price(1000));
    driver.set_price(0, price(940));
    driver.wait(Duration::from_ms(500));

    Event wanted;
    wanted.kind = EventKind::liquidation;
    wanted.account.key = key("thin", "main");
    const Before before(driver.engine, wanted);
    driver.set_price(0, price(931));
    const Event event = driver.events_of(EventKind::liquidation).at(0);
    Input input = price_input(931);
    input.input_seq = driver.input_seq;
    input.engine_time = input.receive_time = driver.now;

    TextBuffer out;
    explain_decision({.event = event,
                      .input = input,
                      .before = before,
                      .after = driver.engine,
                      .run = "margind test"},
                     out);
    const std::string text = fmt::to_string(out);
    CHECK_THAT(text, Contains("liquidation of account thin/main: margin_call -> liquidation"));
    CHECK_THAT(text, Contains("by margind test, parameter version 1"));
    CHECK_THAT(text, Contains("a price of feed S0 trade for BTC-PERP: 931"));
    CHECK_THAT(text, Contains("told as cause  price of BTC-PERP, mark 931, from feed S0 trade"));

    // Each row of the table before and after, by the engine's own figures.
    const auto row = [&](const std::string& name, const std::string& was, const std::string& is) {
        const std::string line =
            fmt::format("    {:<32}{:>28}{:>28}{}", name, was, is, was == is ? "" : "  *");
        CHECK_THAT(text, Contains(line + "\n"));
    };
    const Evaluation now = driver.figures(key("thin", "main"));
    row("state", "margin_call", "liquidation");
    row("equity", "20", exact(now.equity));  // 80 - 60
    row("maintenance margin", "18.8", exact(now.maintenance_margin));
    row("mark of BTC-PERP", "940", "931");
    row("maintenance rate of BTC-PERP", "0.02", "0.02");
    // A price of another instrument is no business of this account.
    CHECK_THAT(text, !Contains("ETH-PERP"));

    CHECK_THAT(text, Contains("0 ns old, index weight 1: in the merge"));
    const auto sums = printed_sums(text);
    CHECK(sums.size() >= 6);
    for (const PrintedSum& sum : sums) {
        INFO(sum.name << " " << sum.amount);
        CHECK(sum.adds_up);
    }
    const auto is_equity = [](const PrintedSum& sum) { return sum.name == "equity"; };
    const auto equity = std::find_if(sums.begin(), sums.end(), is_equity);
    REQUIRE(equity != sums.end());
    CHECK(equity->amount == exact(event.account.equity));
    CHECK_THAT(text, Contains("1. sell " + exact(Int128{event.account.plan[0].quantity.raw()}, 8) +
                              " BTC-PERP"));
}

TEST_CASE("decision: a price that lost its quorum says which source is missing and why") {
    RiskParameters p = small_venue();
    p.instruments[0].quorum_index = 2;
    add_source(p, 0, AssetId(0));
    Driver driver(p);
    driver.set_price(0, price(1000));
    driver.set_price(2, price(1002));
    driver.wait(Duration::from_seconds(8));
    driver.set_price(2, price(1001));
    driver.wait(Duration::from_seconds(3));
    Event wanted;
    wanted.kind = EventKind::price_state;
    const Before before(driver.engine, wanted);
    driver.tick();
    const Event event = driver.events_of(EventKind::price_state).back();
    Input input = Input::of(TimerInput{});
    input.input_seq = driver.input_seq;
    input.engine_time = input.receive_time = driver.now;
    TextBuffer out;
    explain_decision({.event = event,
                      .input = input,
                      .before = before,
                      .after = driver.engine,
                      .run = "margind test"},
                     out);
    const std::string text = fmt::to_string(out);
    CHECK_THAT(text, Contains("BTC-PERP went good -> frozen (no_quorum): 1 of 2 sources"));
    CHECK_THAT(text, Contains("held, for at most 60 s"));
    CHECK_THAT(text, Contains("11 s old, index weight 1: not in the merge: older than 10 s"));
    CHECK_THAT(text, Contains("3 s old, index weight 1: in the merge"));
    CHECK_THAT(text, Contains("a timer: time passed"));
}

TEST_CASE("inputs: as JSON with the names they were recorded under") {
    const RiskParameters p = small_venue();
    const auto json = [&](Input input) {
        input.input_seq = 7;
        input.engine_time = Timestamp::from_ns(2'000);
        input.receive_time = Timestamp::from_ns(1'000);
        TextBuffer out;
        append_input(out, input, p);
        return fmt::to_string(out);
    };
    CHECK(json(price_input(931.5)) ==
          R"({"input_seq":7,"kind":"price","instrument":"BTC-PERP","feed":"feed","symbol":"S0",)"
          R"("channel":"trade","price":"931.5","engine_time":2000,"receive_time":1000,)"
          R"("exchange_time":null})");
    AccountInput a;
    a.key = key("alice", "main");
    a.record = AccountRecord::position;
    a.id = 1;
    a.amount = quantity(-2.5).raw();
    a.price = price(99).raw();
    CHECK(json(Input::of(a)) ==
          R"({"input_seq":7,"kind":"account","origin":0,"account":"alice","sub_account":"main",)"
          R"("record":"position","mode":"patch","last":true,"instrument":"ETH-PERP",)"
          R"("amount":"-2.5","price":"99","engine_time":2000,"receive_time":1000,)"
          R"("exchange_time":null})");
    // What names nothing is still shown.
    a.id = 77;
    CHECK_THAT(json(Input::of(a)), Contains("\"instrument\":\"instrument #77\""));
    CHECK_THAT(json(Input::of(DaemonInput{DaemonNotice::restarted, DaemonReason::restarted})),
               Contains(R"("kind":"daemon","notice":"restarted","reason":"restarted")"));
}
