// Shards behind queues, on one thread and on threads of their own, against one engine.
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/engine_duty.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/shard_front.hpp"
#include "tests/support/daemon_parts.hpp"
#include "tests/support/shard_world.hpp"

namespace margind::daemon {
namespace {

using namespace tests;

std::string lines_of(const std::deque<core::Event>& events) {
    std::string text;
    for (const core::Event& event : events) text += test::text_of_event(event) + '\n';
    return text;
}

// By one engine, on this thread.
std::string expected_of(const core::RiskParameters& parameters,
                        const std::vector<core::Input>& inputs) {
    core::Engine engine(parameters);
    BoundedSink sink;
    EngineCycle cycle(engine, nullptr, nullptr, sink, nullptr, nullptr);
    for (core::Input input : inputs) cycle.accept(input);
    return lines_of(sink.waiting);
}

// Where two texts first differ.
std::string difference(const std::string& want, const std::string& got) {
    if (want == got) return {};
    std::size_t line = 0;
    std::size_t at = 0;
    for (; at < want.size() && at < got.size() && want[at] == got[at]; ++at) {
        if (want[at] == '\n') line = at + 1;
    }
    return "engine: " + want.substr(line, want.find('\n', at) - line) +
           "\nshards: " + got.substr(line, got.find('\n', at) - line);
}

// The front on its own thread and a thread for each shard; this thread plays the io thread.
class ThreadedShards {
  public:
    ThreadedShards(const core::RiskParameters& parameters, std::uint32_t shards, config::Idle idle)
        : desks_(shards),
          queued_(parameters, 64, &bell_),
          events_(8, nullptr),
          front_(parameters,
                 {.shards = shards,
                  .engine = {.search = core::Search::bands},
                  .queues = {.inputs = 4, .events = 3},
                  .idle = idle},
                 nullptr, &queued_, events_, nullptr, desks_, &bell_),
          duty_(front_, nullptr, nullptr, bell_),
          idle_(idle) {}

    std::string run(const std::vector<core::Input>& inputs) {
        const auto rethrow = [](const std::exception_ptr& failure) {
            if (failure) std::terminate();
        };
        std::vector<std::unique_ptr<DutyThread>> shards;
        for (std::uint32_t s = 0; s < front_.shards(); ++s) {
            shards.push_back(std::make_unique<DutyThread>(
                ThreadOptions{"mg-shard-" + std::to_string(s), -1, idle_}, front_.lane(s),
                rethrow));
        }
        DutyThread engine({"mg-engine", -1, idle_}, duty_, rethrow);
        for (const core::Input& input : inputs) {
            while (!queued_.try_whole(input)) take_events();
        }
        duty_.close_inputs();
        for (bool finished = false; !finished;) {
            finished = duty_.finished();
            if (!take_events()) std::this_thread::yield();
        }
        engine.join();
        for (std::uint32_t s = 0; s < front_.shards(); ++s) front_.lane(s).close();
        return lines_of(out_);
    }

  private:
    bool take_events() {
        bool any = false;
        for (core::Event event; events_.try_take(event); any = true) out_.push_back(event);
        return any;
    }

    QueryDesks desks_;
    Doorbell bell_;
    QueuedDelivery queued_;
    EventQueue events_;
    ShardFront front_;
    EngineDuty duty_;
    const config::Idle idle_;
    std::deque<core::Event> out_;
};

}  // namespace

TEST_CASE("shards on the calling thread say and do what one engine does") {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        test::ShardWorld world(seed);
        const std::vector<core::Input> inputs = world.inputs(2'000);
        core::Engine engine(world.parameters);
        BoundedSink expected;
        EngineCycle single(engine, nullptr, nullptr, expected, nullptr, nullptr);
        QueryDesks desks(3);
        BoundedSink sink;
        ShardFront front(world.parameters, {.shards = 3}, nullptr, nullptr, sink, nullptr, desks,
                         nullptr);
        for (const core::Input& input : inputs) {
            core::Input one = input;
            core::Input other = input;
            const core::Refusal verdict = front.accept(one);
            INFO("seed " << seed << ", input " << input.input_seq);
            REQUIRE(verdict == single.accept(other));
            if (verdict != core::Refusal::transfer_below_initial) continue;
            CHECK(front.engine().refused_transfer().equity == engine.refused_transfer().equity);
        }
        CHECK(front.idle());
        CHECK(difference(lines_of(expected.waiting), lines_of(sink.waiting)).empty());
    }
}

TEST_CASE("shards with threads say what one engine says, however little room there is") {
    for (const config::Idle idle : {config::Idle::yield, config::Idle::park}) {
        for (const std::uint32_t shards : {2u, 5u}) {
            test::ShardWorld world(shards);
            const std::vector<core::Input> inputs = world.inputs(3'000);
            const std::string want = expected_of(world.parameters, inputs);
            ThreadedShards threaded(world.parameters, shards, idle);
            const std::string different = difference(want, threaded.run(inputs));
            INFO(shards << " shards\n" << different);
            CHECK(different.empty());
        }
    }
}

// Whether their own queues are short or long: what waits in those cannot be overtaken any more.
TEST_CASE("while the gateway takes nothing the shards stop, and nothing is lost") {
    const auto queue_size = GENERATE(16u, 4'096u);
    test::ShardWorld world(11);
    const std::vector<core::Input> inputs = world.inputs(3'000);
    QueryDesks desks(4);
    QueuedDelivery queued(world.parameters, 8'192, nullptr);
    EventQueue events(8, nullptr);
    ShardFront front(world.parameters,
                     {.shards = 4, .queues = {.inputs = queue_size, .events = queue_size / 4}},
                     nullptr, &queued, events, nullptr, desks, nullptr);
    for (const core::Input& input : inputs) REQUIRE(queued.try_whole(input));
    const auto turn = [&] {
        int work = front.do_work();
        for (std::uint32_t s = 0; s < front.shards(); ++s) work += front.lane(s).do_work();
        return work;
    };
    while (turn() > 0) continue;
    CHECK(front.blocked());
    CHECK_FALSE(front.idle());
    const std::size_t left = queued.depth();
    CHECK(left > inputs.size() / 2);
    for (int i = 0; i < 10; ++i) CHECK(turn() == 0);
    CHECK(queued.depth() == left);
    CHECK(events.depth() == 8);

    std::deque<core::Event> out;
    while (!front.idle() || events.depth() > 0) {
        for (core::Event event; events.try_take(event);) out.push_back(event);
        turn();
    }
    const std::string different = difference(expected_of(world.parameters, inputs), lines_of(out));
    INFO(different);
    CHECK(different.empty());
}

TEST_CASE("shards report what they are together") {
    HandClock clock;
    test::ShardWorld world(5);
    core::Engine engine(world.parameters);
    BoundedSink expected;
    Published<EngineReport> single_reports;
    QueryDesk desk;
    EngineCycle single(engine, &clock, nullptr, expected, &single_reports, &desk);
    QueryDesks desks(4);
    BoundedSink sink;
    Published<EngineReport> reports;
    ShardFront front(world.parameters, {.shards = 4}, &clock, nullptr, sink, &reports, desks,
                     nullptr);
    for (core::Input input : world.inputs(2'000)) {
        clock.time = input.receive_time;
        core::Input other = input;
        front.accept(input);
        single.accept(other);
    }
    for (int i = 0; i < 4; ++i) {  // shards report first, then the front
        clock.advance(ShardFront::kReportEvery);
        single.do_work();
        front.do_work();
        for (std::uint32_t s = 0; s < front.shards(); ++s) front.lane(s).do_work();
        front.do_work();
    }
    const EngineReport& one = single_reports.read();
    const EngineReport& all = reports.read();
    CHECK(all.engine.inputs + 4 >= one.engine.inputs);  // timers at the end
    CHECK(all.engine.accounts == one.engine.accounts);
    CHECK(all.engine.accounts_by_state == one.engine.accounts_by_state);
    CHECK(all.engine.refused == one.engine.refused);
    CHECK(all.instruments.at(0).mark == one.instruments.at(0).mark);
    CHECK(all.sources.at(0).accepted == one.sources.at(0).accepted);
    CHECK(all.merge_delay.count() > 100);
    CHECK(all.receive_to_event.count() == all.merge_delay.count());

    AccountQuery query;
    query.limit = 5;
    const auto answer = [&](auto& asked, const AccountQuery& question) {
        REQUIRE(asked.ask(question));
        const AccountQuery* reply = nullptr;
        for (int i = 0; i < 100 && reply == nullptr; ++i) {
            single.do_work();
            for (std::uint32_t s = 0; s < front.shards(); ++s) front.lane(s).do_work();
            reply = asked.collect();
        }
        REQUIRE(reply != nullptr);
        return reply;
    };
    const AccountQuery* want = answer(desk, query);
    const AccountQuery* got = answer(desks, query);
    REQUIRE(want->worst.size() == 5);
    REQUIRE(got->worst.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(got->worst[i].report.key == want->worst[i].report.key);
        CHECK(got->worst[i].report.slot == want->worst[i].report.slot);
    }
    AccountQuery about;
    about.kind = AccountQuery::Kind::one;
    about.key = want->worst[3].report.key;
    const AccountQuery* found = answer(desks, about);
    CHECK(found->one.found);
    CHECK(found->one.report.key == about.key);
    about.key = test::key("nobody");
    CHECK_FALSE(answer(desks, about)->one.found);
}

}  // namespace margind::daemon
