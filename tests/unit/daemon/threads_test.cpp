#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/threads/cold_cycle.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/duty_thread.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/engine_duty.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/query_desk.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/sequencer.hpp"
#include "daemon/threads/straight_through.hpp"
#include "tests/support/daemon_parts.hpp"

namespace margind::daemon {
namespace {

using namespace tests;
using core::Duration;
using core::Timestamp;

// ---- sequencer

std::vector<Timestamp> timers_by(Sequencer& sequencer, Timestamp now) {
    std::vector<Timestamp> times;
    for (core::Input timer; sequencer.timer_due(now, timer);) {
        CHECK(timer.kind == core::InputKind::timer);
        times.push_back(timer.engine_time);
    }
    return times;
}

TEST_CASE("inputs are numbered without holes and time never goes back") {
    Sequencer sequencer;
    core::Input input;
    for (const int ms : {5, 3, 9}) {
        const Timestamp now = kStart + Duration::from_ms(ms);
        CHECK(timers_by(sequencer, now).empty());
        sequencer.stamp(input, now);
    }
    CHECK(input.input_seq == 3);
    sequencer.stamp(input, kStart);
    CHECK(input.input_seq == 4);
    CHECK(input.engine_time == kStart + Duration::from_ms(9));
}

TEST_CASE("timers stand on a grid of 100 ms and come before the inputs they are due before") {
    Sequencer sequencer;
    CHECK(timers_by(sequencer, kStart + Duration::from_ms(30)).empty());  // time begins here
    CHECK(timers_by(sequencer, kStart + Duration::from_ms(99)).empty());
    CHECK(timers_by(sequencer, kStart + Duration::from_ms(350)) ==
          std::vector{kStart + Duration::from_ms(100), kStart + Duration::from_ms(200),
                      kStart + Duration::from_ms(300)});
    CHECK(timers_by(sequencer, kStart + Duration::from_ms(350)).empty());
    core::Input input;
    sequencer.stamp(input, kStart + Duration::from_ms(350));
    CHECK(input.input_seq == 4);
}

TEST_CASE("a long silence is bridged after ten minutes of timers") {
    Sequencer sequencer;
    timers_by(sequencer, kStart);
    const Timestamp years_later = kStart + Duration::from_seconds(3 * 365 * 86'400);
    const auto times = timers_by(sequencer, years_later + Duration::from_ms(50));
    REQUIRE(times.size() == 6'001);
    CHECK(times[5'999] == kStart + Sequencer::kSilenceCovered);
    CHECK(times.back() == years_later);
}

// ---- engine cycle

// A crash and a recovery, over and over: every account falls and rises on every step.
constexpr int kAccounts = 20;

std::vector<core::Input> book_of_accounts() {
    std::vector<core::Input> inputs;
    for (int i = 0; i < kAccounts; ++i) {
        const std::string owner = "a" + std::to_string(i);
        inputs.push_back(balance(owner, 6'000, core::Last::no));
        inputs.push_back(position(owner, 0, 1, 50'000));
    }
    return inputs;
}

core::Input btc_price(double units, Timestamp received) {
    core::PriceInput price;
    price.source = core::SourceId(1);
    price.channel = core::Channel::trade;
    price.price = test::price(units);
    core::Input input = core::Input::of(price);
    input.receive_time = received;
    return input;
}

std::vector<core::Input> recorded_crash(int steps) {
    std::vector<core::Input> inputs = book_of_accounts();
    for (core::Input& input : inputs) input.receive_time = kStart;
    for (int i = 0; i < steps; ++i) {
        inputs.push_back(
            btc_price(i % 2 == 0 ? 50'000 : 45'000, kStart + Duration::from_ms(37 * (i + 1))));
    }
    return inputs;
}

std::string bodies(const core::RiskParameters& parameters, const std::deque<core::Event>& events) {
    const EventEncoder encoder(parameters);
    TextBuffer out;
    for (const core::Event& event : events) {
        encoder.append_body(out, event);
        out.push_back('\n');
    }
    return fmt::to_string(out);
}

std::string straight(const std::vector<core::Input>& inputs) {
    core::Engine engine(heard_venue());
    BoundedSink sink;
    EngineCycle cycle(engine, nullptr, nullptr, sink, nullptr, nullptr);
    for (core::Input input : inputs) cycle.accept(input);
    return bodies(engine.parameters(), sink.waiting);
}

TEST_CASE("a full event queue stops the engine; nothing is lost or reordered, and it recovers") {
    const std::vector<core::Input> inputs = recorded_crash(60);
    const std::string expected = straight(inputs);
    REQUIRE(std::count(expected.begin(), expected.end(), '\n') > 59 * kAccounts);

    core::Engine engine(heard_venue());
    QueuedDelivery queued(heard_venue(), 4'096, nullptr);
    EventQueue events(8, nullptr);  // far fewer than the events of one price
    EngineCycle cycle(engine, nullptr, &queued, events, nullptr, nullptr);
    for (const core::Input& input : inputs) REQUIRE(queued.try_whole(input));
    while (!cycle.blocked()) cycle.do_work();
    const std::size_t left = queued.depth();
    CHECK(left > 0);
    for (int i = 0; i < 10; ++i) CHECK(cycle.do_work() == 0);  // takes nothing while events wait
    CHECK(queued.depth() == left);
    CHECK_FALSE(cycle.idle());

    std::deque<core::Event> out;
    while (!cycle.idle() || events.depth() > 0) {
        core::Event event;
        if (events.try_take(event)) out.push_back(event);
        cycle.do_work();
    }
    for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(out[i].event_seq == i + 1);
    CHECK(bodies(engine.parameters(), out) == expected);
}

TEST_CASE("the report says that the event queue was full, and stops saying so") {
    HandClock clock;
    core::Engine engine(heard_venue());
    BoundedSink sink(4);
    Published<EngineReport> reports;
    QueuedDelivery queued(heard_venue(), 4'096, nullptr);
    EngineCycle cycle(engine, &clock, &queued, sink, &reports, nullptr);
    for (const core::Input& input : book_of_accounts()) REQUIRE(queued.try_whole(input));
    REQUIRE(queued.try_whole(btc_price(50'000, kStart)));
    REQUIRE(queued.try_whole(btc_price(45'000, kStart)));
    while (!cycle.blocked()) cycle.do_work();
    clock.advance(EngineCycle::kReportEvery);
    cycle.do_work();
    CHECK(reports.read().event_queue_full);
    CHECK(reports.read().event_queue_full_total == 1);
    CHECK(reports.read().input_queue_depth == 0);
    CHECK(run_state({.engine = core::DaemonState::live, .event_queue_full = true}) ==
          RunState::degraded);

    for (int i = 0; i < 1'000 && !cycle.idle(); ++i) {
        sink.waiting.clear();
        cycle.do_work();
    }
    REQUIRE(cycle.idle());
    for (int i = 0; i < 3; ++i) {
        clock.advance(EngineCycle::kReportEvery);
        sink.waiting.clear();
        cycle.do_work();
    }
    CHECK_FALSE(reports.read().event_queue_full);
    CHECK(reports.read().engine.accounts == kAccounts);
    CHECK(reports.read().receive_to_applied.count() == 2);
    CHECK(reports.read().receive_to_event.count() > kAccounts);
    CHECK(reports.read().instruments.at(0).mark == test::price(45'000));
}

TEST_CASE("live, an input is stamped with the moment it was dequeued") {
    HandClock clock;
    core::Engine engine(heard_venue());
    BoundedSink sink;
    QueuedDelivery queued(heard_venue(), 4'096, nullptr);
    EngineCycle cycle(engine, &clock, &queued, sink, nullptr, nullptr);
    cycle.do_work();
    REQUIRE(queued.try_whole(btc_price(50'000, clock.now())));
    clock.advance(Duration::from_ms(250));
    cycle.do_work();
    CHECK(cycle.sequencer().engine_time() == clock.now());
    CHECK(cycle.sequencer().last_input_seq() == 3);  // two timers came first
    CHECK(engine.market().status(core::SourceId(1)).receive_time == kStart);
}

TEST_CASE(
    "with queues and a thread of its own the engine makes the same events, however it idles") {
    const std::vector<core::Input> inputs = recorded_crash(400);
    const std::string expected = straight(inputs);
    for (const config::Idle idle : {config::Idle::spin, config::Idle::yield, config::Idle::park}) {
        core::Engine engine(heard_venue());
        Doorbell bell;
        QueuedDelivery queued(heard_venue(), 64, idle == config::Idle::park ? &bell : nullptr);
        EventQueue events(64, nullptr);
        EngineCycle cycle(engine, nullptr, &queued, events, nullptr, nullptr);
        EngineDuty duty(cycle, nullptr, nullptr, bell);
        std::deque<core::Event> out;
        core::Event event;
        {
            DutyThread thread({"mg-engine", -1, idle}, duty, [](std::exception_ptr) {});
            for (const core::Input& input : inputs) {
                while (!queued.try_whole(input)) {
                    while (events.try_take(event)) out.push_back(event);
                }
            }
            duty.close_inputs();
            for (bool finished = false; !finished;) {
                finished = duty.finished();
                bool any = false;
                while (events.try_take(event)) {
                    out.push_back(event);
                    any = true;
                }
                if (!any) std::this_thread::yield();
            }
        }
        CHECK(bodies(engine.parameters(), out) == expected);
    }
}

TEST_CASE("the engine's thread ends when its inputs are closed and all its events are out") {
    core::Engine engine(heard_venue());
    Doorbell bell;
    QueuedDelivery queued(heard_venue(), 64, nullptr);
    EventQueue events(4, nullptr);
    EngineCycle cycle(engine, nullptr, &queued, events, nullptr, nullptr);
    EngineDuty duty(cycle, nullptr, nullptr, bell);
    for (int i = 0; i < 3; ++i) CHECK(duty.do_work() == 0);
    CHECK_FALSE(duty.finished());  // idle, but more may come

    for (const core::Input& input : recorded_crash(2)) REQUIRE(queued.try_whole(input));
    duty.close_inputs();
    core::Event event;
    while (!duty.finished()) {
        duty.do_work();
        if (!cycle.idle()) CHECK_FALSE(duty.finished());
        events.try_take(event);
    }
    CHECK(queued.depth() == 0);
    CHECK(engine.statistics().inputs == 2 * kAccounts + 2);
}

TEST_CASE("inline, a tick's events are out when the tick was taken") {
    HandClock clock;
    core::Engine engine(heard_venue());
    BoundedSink sink;
    EngineCycle cycle(engine, &clock, nullptr, sink, nullptr, nullptr);
    StraightDelivery delivery(cycle);
    const core::RiskParameters parameters = heard_venue();
    FeedInputs inputs(parameters, clock, delivery);
    for (core::Input input : book_of_accounts()) cycle.accept(input);
    const auto batch = std::make_unique<feeds::TickBatch>();
    batch->push(trade_tick("BTC", 45'000, 1));
    CHECK(inputs.on_ticks(core::FeedId(0), *batch, clock.now()));
    const auto liquidations = std::count_if(
        sink.waiting.begin(), sink.waiting.end(),
        [](const core::Event& event) { return event.kind == core::EventKind::liquidation; });
    CHECK(liquidations == kAccounts);
    CHECK(inputs.tally().no_source == 0);
    batch->clear();
    batch->push(trade_tick("DOGE", 1, 1));
    CHECK(inputs.on_ticks(core::FeedId(0), *batch, clock.now()));
    CHECK(inputs.tally().no_source == 1);
}

// ---- questions

TEST_CASE("the worst accounts are found between inputs, a slice at a time") {
    const std::uint64_t seed = 7;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    core::RiskParameters parameters = heard_venue();
    parameters.max_accounts = 2'000;
    core::Engine engine(parameters);
    BoundedSink sink;
    HandClock clock;
    QueryDesk desk;
    EngineCycle cycle(engine, &clock, nullptr, sink, nullptr, &desk);
    for (int i = 0; i < 1'000; ++i) {
        const std::string owner = "a" + std::to_string(i);
        core::Input money = balance(owner, static_cast<double>(4'000 + random() % 5'000));
        cycle.accept(money);
        if (i % 10 == 3) continue;  // no requirement: never among the worst
        core::Input btc = position(owner, 0, 1, 50'000);
        cycle.accept(btc);
    }
    core::Input price = btc_price(50'000, clock.now());
    cycle.accept(price);

    AccountQuery query;
    query.limit = 25;
    REQUIRE(desk.ask(query));
    CHECK_FALSE(desk.ask(query));
    CHECK(desk.collect() == nullptr);
    int calls = 0;
    while (desk.asked()) {
        CHECK(cycle.do_work() <= static_cast<int>(QueryDesk::kAccountsPerSlice));
        ++calls;
    }
    CHECK(calls == (1'000 + 63) / 64);
    const AccountQuery* answer = desk.collect();
    REQUIRE(answer != nullptr);

    std::vector<std::pair<core::HealthFactor, core::AccountSlot>> all;
    for (std::uint32_t i = 0; i < engine.account_count(); ++i) {
        const core::AccountReport report = engine.report(core::AccountSlot(i));
        const core::HealthFactor health = core::health_factor(report.evaluation);
        if (!health.infinite()) all.emplace_back(health, report.slot);
    }
    CHECK(all.size() == 900);
    std::sort(all.begin(), all.end());
    REQUIRE(answer->worst.size() == 25);
    for (std::size_t i = 0; i < 25; ++i) {
        CHECK(answer->worst[i].report.slot == all[i].second);
    }

    query.kind = AccountQuery::Kind::one;
    query.key = test::key("a17");
    REQUIRE(desk.ask(query));
    cycle.do_work();
    answer = desk.collect();
    REQUIRE(answer != nullptr);
    CHECK(answer->one.found);
    CHECK(answer->one.positions.size() == 1);
    query.key = test::key("nobody");
    REQUIRE(desk.ask(query));
    cycle.do_work();
    CHECK_FALSE(desk.collect()->one.found);
}

// ---- state

TEST_CASE("the daemon's state follows from its signs") {
    CHECK(run_state({}) == RunState::warming);
    CHECK(run_state({.engine = core::DaemonState::live}) == RunState::live);
    CHECK(run_state({.engine = core::DaemonState::live, .journal_failed = true}) ==
          RunState::degraded);
    CHECK(run_state({.journal_failed = true}) == RunState::degraded);
    CHECK(run_state({.engine = core::DaemonState::live, .input_refused_recently = true}) ==
          RunState::degraded);
    CHECK(run_state({.engine = core::DaemonState::live, .feed_not_live = true}) ==
          RunState::degraded);
    CHECK(run_state({.draining = true, .engine = core::DaemonState::live}) == RunState::draining);
}

// ---- doorbell

TEST_CASE("a ring is never lost, and only a sleeper costs a wake-up") {
    Doorbell bell;
    bell.ring();
    CHECK(bell.wakeups() == 0);

    constexpr int kRounds = 2'000;
    std::atomic<int> asked{0};
    std::atomic<int> answered{0};
    std::thread sleeper([&]() {
        int seen = 0;
        while (seen < kRounds) {
            if (asked.load(std::memory_order_acquire) > seen) {
                answered.store(++seen, std::memory_order_release);
                continue;
            }
            bell.declare_asleep();
            // An hour: a lost ring would fail the test by its time limit.
            if (asked.load(std::memory_order_relaxed) == seen)
                bell.wait(Duration::from_seconds(3'600));
            bell.declare_awake();
        }
    });
    for (int i = 1; i <= kRounds; ++i) {
        asked.store(i, std::memory_order_release);
        bell.ring();
        while (answered.load(std::memory_order_acquire) < i) std::this_thread::yield();
    }
    sleeper.join();
    CHECK(answered == kRounds);
    CHECK(bell.wakeups() <= kRounds);
}

}  // namespace
}  // namespace margind::daemon
