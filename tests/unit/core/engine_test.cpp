#include "core/engine/engine.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

constexpr std::uint32_t kBtc = 0;
constexpr std::uint32_t kEth = 1;

// Long 10 BTC from 100 with 100 USD: equity 100 + 10 (P - 100), maintenance 0.5 P.
void open_long(Driver& d, const AccountKey& account) {
    REQUIRE(d.set_balance(account, 0, money(100), Last::no) == Refusal::none);
    REQUIRE(d.set_position(account, kBtc, quantity(10), price(100)) == Refusal::none);
}

// The small venue with BTC at 100 and ETH at 10.
struct PricedVenue : Driver {
    PricedVenue() : Driver(small_venue()) {
        set_price(kBtc, price(100));
        set_price(kEth, price(10));
        events.clear();
    }
};

}  // namespace

TEST_CASE("a falling price walks an account down the ladder, one event a transition") {
    PricedVenue d;
    open_long(d, key("alice"));
    CHECK(d.account_events().empty());
    // Health 1.5 at 97.297..., 1.2 at 95.744..., 1.0 at 94.736..., equity 0 at 90.
    for (const double p : {98.0, 97.0, 96.5, 95.0, 94.8, 94.0, 91.0, 90.0, 89.0}) {
        d.set_price(kBtc, price(p));
    }
    const auto events = d.account_events();
    REQUIRE(events.size() == 4);
    CHECK(events[0].kind == EventKind::warning);
    CHECK(events[1].kind == EventKind::margin_call);
    CHECK(events[2].kind == EventKind::liquidation);
    CHECK(events[3].kind == EventKind::bankruptcy);
    const AccountEvent& warning = events[0].account;
    CHECK(warning.from == MarginState::healthy);
    CHECK(warning.equity == money(70));
    CHECK(warning.maintenance_margin == money(48.5));
    CHECK(warning.initial_margin == money(97));
    CHECK(warning.shortfall == money(27));
    CHECK(warning.health_factor.raw == 144'329'896);  // 70 / 48.5, rounded down
    CHECK(warning.cause.kind == CauseKind::price);
    CHECK(warning.cause.instrument == InstrumentId(kBtc));
    CHECK(warning.cause.mark == price(97));
    CHECK(events[1].account.deadline == events[1].engine_time + Duration::from_seconds(3600));
    REQUIRE(events[2].account.plan_steps == 1);
    CHECK(events[2].account.plan[0].side == Side::sell);
    CHECK(events[2].account.plan[0].bankruptcy_price == price(90));
}

TEST_CASE("event numbers have no holes and name their input") {
    PricedVenue d;
    for (int i = 0; i < 5; ++i) open_long(d, key("a" + std::to_string(i)));
    d.set_price(kBtc, price(95));
    const std::uint64_t first = d.events.front().event_seq;
    for (std::size_t i = 0; i < d.events.size(); ++i) {
        CHECK(d.events[i].event_seq == first + i);
        CHECK(d.events[i].input_seq == d.input_seq);
    }
    const auto events = d.account_events();
    REQUIRE(events.size() == 5);
    for (std::uint32_t i = 0; i < 5; ++i) CHECK(events[i].account.slot == AccountSlot(i));
}

TEST_CASE("an account update takes effect as a whole") {
    PricedVenue d;
    open_long(d, key("alice"));
    // Taking the money out and adding to the position, in two records: no event in between.
    REQUIRE(d.set_position(key("alice"), kBtc, quantity(50), price(100), Last::no) ==
            Refusal::none);
    CHECK(d.account_events().empty());
    REQUIRE(d.set_balance(key("alice"), 0, money(2000)) == Refusal::none);
    CHECK(d.account_events().empty());
    REQUIRE(d.set_balance(key("alice"), 0, money(260)) == Refusal::none);
    const auto events = d.account_events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == EventKind::margin_call);
    CHECK(events[0].account.cause.kind == CauseKind::account_update);
}

TEST_CASE("records of different senders do not mix") {
    PricedVenue d;
    AccountInput a;
    a.key = key("a");
    a.record = AccountRecord::balance;
    a.amount = money(1).raw();
    a.last = Last::no;
    Input input = Input::of(a);
    input.origin = 1;
    REQUIRE(d.apply(input) == Refusal::none);
    REQUIRE(d.set_balance(key("b"), 0, money(2)) == Refusal::none);
    CHECK(d.engine.account_count() == 1);
    a.last = Last::yes;
    input = Input::of(a);
    input.origin = 1;
    REQUIRE(d.apply(input) == Refusal::none);
    CHECK(d.engine.account_count() == 2);
    input.origin = 200;
    CHECK(d.apply(input) == Refusal::unknown_origin);
}

TEST_CASE("an oversized update is refused whole") {
    PricedVenue d;
    for (std::size_t i = 0; i < kMaxEntriesPerUpdate; ++i) {
        REQUIRE(d.set_balance(key("a"), 0, money(1), Last::no) == Refusal::none);
    }
    CHECK(d.set_balance(key("a"), 0, money(1)) == Refusal::too_many_entries);
    CHECK(d.engine.account_count() == 0);
    CHECK(d.set_balance(key("a"), 0, money(1)) == Refusal::none);
}

TEST_CASE("collateral's price moves the accounts that hold it") {
    PricedVenue d;
    REQUIRE(d.set_balance(key("a"), 1, money(1), Last::no) == Refusal::none);  // 1 BTC, counts 90
    REQUIRE(d.set_position(key("a"), kEth, quantity(100), price(10)) == Refusal::none);  // mm 50
    CHECK(d.account_events().empty());
    d.set_price(kBtc, price(80));  // 72 / 50
    auto events = d.account_events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == EventKind::warning);
    CHECK(events[0].account.cause.instrument == InstrumentId(kBtc));
}

TEST_CASE("accounts wait for the first price of everything they hold") {
    Driver d(small_venue());
    d.set_balance(key("a"), 0, money(1), Last::no);
    d.set_position(key("a"), kBtc, quantity(10), price(100), Last::no);
    d.set_position(key("a"), kEth, quantity(1), price(10));
    CHECK(d.engine.statistics().accounts_unpriced == 1);
    d.set_price(kBtc, price(50));
    CHECK(d.account_events().empty());
    CHECK_FALSE(d.engine.report(AccountSlot(0)).priced);
    d.set_price(kEth, price(10));
    CHECK(d.engine.statistics().accounts_unpriced == 0);
    REQUIRE(d.account_events().size() == 1);
    CHECK(d.account_events()[0].kind == EventKind::bankruptcy);
    CHECK(d.events_of(EventKind::daemon_state).size() == 1);
}

TEST_CASE(
    "what keeps the daemon from its promises is told, and told again when it is another thing") {
    Driver d(small_venue());
    d.set_price(kBtc, price(50));
    d.set_price(kEth, price(10));
    const auto tell = [&](DaemonNotice notice, DaemonReason reason) {
        d.apply(Input::of(DaemonInput{notice, reason}));
        return d.events_of(EventKind::daemon_state).back().daemon_state;
    };
    DaemonStateEvent told = tell(DaemonNotice::degraded, DaemonReason::event_queue_full);
    CHECK(told.from == DaemonState::live);
    CHECK(told.reason == DaemonReason::event_queue_full);
    told = tell(DaemonNotice::degraded, DaemonReason::disk_low);
    CHECK(told.from == DaemonState::degraded);
    CHECK(told.to == DaemonState::degraded);
    CHECK(told.reason == DaemonReason::disk_low);
    told = tell(DaemonNotice::restored, DaemonReason::none);
    CHECK(told.to == DaemonState::live);
    CHECK(told.reason == DaemonReason::none);
}

// Principle: never liquidate on a price nobody trusts, never hide a crash behind distrust.
TEST_CASE("a frozen price holds liquidations, calls margin, and lets go at the end of the hold") {
    RiskParameters p = small_venue();
    p.instruments[kBtc].quorum_index = 2;
    add_source(p, kBtc, AssetId(0));  // source 2
    Driver d(std::move(p));
    d.set_price(0, price(100));
    d.set_price(2, price(100));
    d.set_price(1, price(10));
    open_long(d, key("alice"));
    d.wait(Duration::from_seconds(9));
    d.set_price(0, price(100));
    d.wait(Duration::from_seconds(2));
    d.tick();  // source 2 is stale: no quorum
    REQUIRE(d.events_of(EventKind::price_state).back().price_state.to == PriceState::frozen);
    d.set_price(0, price(92));
    auto events = d.account_events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == EventKind::margin_call);
    CHECK(d.engine.report(AccountSlot(0)).held);
    CHECK(d.engine.statistics().accounts_held == 1);

    SECTION("the hold runs out") {
        for (int i = 0; i < 60; ++i) {
            d.wait(Duration::from_seconds(1));
            d.set_price(0, price(92));
            d.tick();
        }
        events = d.account_events();
        REQUIRE(events.size() == 2);
        CHECK(events[1].kind == EventKind::liquidation);
        CHECK(events[1].account.cause.kind == CauseKind::hold_ended);
        CHECK(d.engine.statistics().accounts_held == 0);
    }
    SECTION("the quorum comes back and confirms the fall") {
        d.set_price(2, price(92));
        events = d.account_events();
        REQUIRE(events.size() == 2);
        CHECK(events[1].kind == EventKind::liquidation);
    }
    SECTION("the quorum comes back and the fall was an error") {
        d.set_price(2, price(100));
        d.set_price(0, price(100));
        events = d.account_events();
        CHECK(events.back().kind == EventKind::recovered);
        CHECK(std::none_of(events.begin(), events.end(),
                           [](const Event& e) { return e.kind == EventKind::liquidation; }));
    }
}

TEST_CASE("parameters change together or not at all") {
    PricedVenue d;
    open_long(d, key("alice"));
    const auto change = [&](Parameter parameter, std::uint8_t tier, std::int64_t value, Last last) {
        ParameterInput p;
        p.parameter = parameter;
        p.tier = tier;
        p.target = kBtc;
        p.value = value;
        p.last = last;
        return d.apply(Input::of(p));
    };
    // Maintenance above initial would be refused, so both move in one batch.
    CHECK(change(Parameter::tier_maintenance_rate, 0, rate(0.2).raw(), Last::yes) ==
          Refusal::parameter_out_of_range);
    CHECK(d.events_of(EventKind::parameters_changed).empty());
    CHECK(change(Parameter::tier_maintenance_rate, 0, rate(0.08).raw(), Last::no) == Refusal::none);
    CHECK(d.account_events().empty());
    CHECK(change(Parameter::tier_initial_rate, 0, rate(0.2).raw(), Last::yes) == Refusal::none);
    const auto told = d.events_of(EventKind::parameters_changed);
    REQUIRE(told.size() == 1);
    CHECK(told[0].parameters.version == 2);
    CHECK(told[0].parameters.changes == 2);
    const auto events = d.account_events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == EventKind::warning);  // 100 / 80
    CHECK(events[0].account.cause.kind == CauseKind::parameters);
    CHECK(events[0].parameter_version == 2);
    CHECK(change(Parameter::count_, 0, 0, Last::yes) == Refusal::unknown_parameter);
    CHECK(change(Parameter::tier_initial_rate, 5, 0, Last::yes) == Refusal::parameter_out_of_range);
}

TEST_CASE("feed states are told when they change") {
    PricedVenue d;
    const auto say = [&](FeedState state, FeedReason reason) {
        return d.apply(Input::of(FeedStateInput{FeedId(0), state, reason}));
    };
    say(FeedState::live, FeedReason::subscribed);
    say(FeedState::live, FeedReason::subscribed);
    say(FeedState::silent, FeedReason::silence);
    const auto events = d.events_of(EventKind::feed_state);
    REQUIRE(events.size() == 2);
    CHECK(events[1].feed_state.from == FeedState::live);
    CHECK(events[1].feed_state.reason == FeedReason::silence);
    CHECK(d.apply(Input::of(FeedStateInput{FeedId(9), FeedState::live, FeedReason::none})) ==
          Refusal::unknown_source);
}

TEST_CASE("the clock ticks each second of engine time, silence or not") {
    PricedVenue d;
    for (int i = 0; i < 50; ++i) {
        d.wait(Duration::from_ms(100));
        d.tick();
    }
    const auto clocks = d.events_of(EventKind::clock);
    CHECK(clocks.size() == 6);  // one at once, then on each whole second
    CHECK(clocks.back().clock.last_input_seq == clocks.back().input_seq - 1);
    CHECK(clocks.back().engine_time.ns() % 1'000'000'000 == 0);
}

TEST_CASE("an input that goes back in time is refused and changes nothing") {
    PricedVenue d;
    PriceInput p;
    p.source = SourceId(0);
    p.price = price(101);
    Input input = Input::of(p);
    input.input_seq = d.input_seq;  // not new
    input.engine_time = d.now;
    CHECK(d.engine.apply(input) == Refusal::time_went_back);
    input.input_seq = d.input_seq + 1;
    input.engine_time = d.now - Duration::from_ns(1);
    CHECK(d.engine.apply(input) == Refusal::time_went_back);
    CHECK(d.engine.market().status(InstrumentId(0)).mark == price(100));
    CHECK(d.engine.statistics().refused_total == 2);
}

TEST_CASE("accounts by state always add up") {
    PricedVenue d;
    Random random(71);
    for (int i = 0; i < 40; ++i) {
        d.set_balance(key("a" + std::to_string(i)), 0, money(60 + random.unit() * 100), Last::no);
        d.set_position(key("a" + std::to_string(i)), kBtc,
                       quantity((random.chance(0.5) ? 1 : -1) * 10), price(100));
    }
    double p = 100;
    for (int i = 0; i < 500; ++i) {
        p *= 1 + (random.unit() - 0.5) * 0.02;
        d.set_price(kBtc, price(p));
        const EngineStatistics s = d.engine.statistics();
        std::uint32_t total = 0;
        std::array<std::uint32_t, kMarginStates> counted{};
        for (std::uint32_t a = 0; a < s.accounts; ++a) {
            ++counted[static_cast<std::size_t>(d.engine.report(AccountSlot(a)).state)];
        }
        for (const std::uint32_t n : s.accounts_by_state) total += n;
        REQUIRE(total == 40);
        REQUIRE(counted == s.accounts_by_state);
    }
    CHECK(d.account_events().size() > 20);
}

TEST_CASE("a plan is made for the time in liquidation, which ends when the account is better") {
    RiskParameters p = small_venue();
    p.instruments[0].liquidation_fee = rate(0.01);
    p.instruments[0].fee_growth = {rate(0.05), Duration{}, rate(0.0001)};
    Driver d(p);
    d.set_price(0, price(100));
    d.set_price(1, price(10));
    d.set_balance(key("a"), 0, money(100), Last::no);
    d.set_position(key("a"), 0, quantity(10), price(100));
    const AccountSlot a(0);
    CHECK_FALSE(d.engine.report(a).in_liquidation_since.stated());
    d.events.clear();
    d.set_price(0, price(94));
    const Timestamp began = d.now;
    REQUIRE(d.account_events().back().kind == EventKind::liquidation);
    const PlanStep first = d.account_events().back().account.plan[0];
    CHECK(first.limit_price == price(93.06));  // the fee is 1 %
    CHECK(d.engine.report(a).in_liquidation_since == began);
    d.wait(Duration::from_seconds(100));
    d.set_price(0, price(93));
    CHECK(d.engine.report(a).in_liquidation_since == began);
    CHECK(d.engine.plan(a).steps[0].limit_price == price(91.14));  // 2 %
    d.set_price(0, price(89));
    REQUIRE(d.account_events().back().kind == EventKind::bankruptcy);
    CHECK(d.account_events().back().account.plan[0].limit_price == price(87.22));
    d.set_price(0, price(100));
    CHECK_FALSE(d.engine.report(a).in_liquidation_since.stated());
    d.set_price(0, price(89));
    CHECK(d.engine.report(a).in_liquidation_since == d.now);
    CHECK(d.account_events().back().account.plan[0].limit_price == price(88.11));
}
