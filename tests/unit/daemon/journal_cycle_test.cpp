// The journal's thread, step by step, on a disk that fails and fills up; and the engine's cycle
// when the ring to it is full.
#include "daemon/journal/journal_cycle.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "daemon/journal/journal_tap.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "tests/support/book.hpp"
#include "tests/support/daemon_parts.hpp"
#include "tests/support/fault_files.hpp"

namespace margind::daemon {
namespace {

using tests::HandClock;

constexpr const char* kFolder = "journal";
constexpr std::uint64_t kSegment = 1 << 20;
constexpr SessionId kSession{std::byte{7}};

// A ring's file, gone with the test.
struct RingPath {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("margind-cycle-" + std::to_string(getpid()));
    ~RingPath() { std::filesystem::remove(path); }
};

struct World {
    explicit World(config::Durability mode) : durability(mode) {
        if (mode == config::Durability::memory) {
            ring.emplace(1 << 20, ring_path.path);
            ring->keep_for(kSession);
        } else {
            ring.emplace(1 << 20);
        }
        writer.emplace(files, JournalWriterOptions{kFolder, kSegment, kSession}, JournalState{});
        core::EpochRecord epoch;
        epoch.number = 1;
        REQUIRE(writer->append_epoch(epoch, clock.now()) == Append::done);
        REQUIRE(writer->commit());
        tap.emplace(*ring, durability);
        cycle.emplace(*ring, *writer, durability, clock, nullptr, JournalCycle::Options{});
    }
    // An input and the event it makes.
    void record(int count = 1) {
        for (; count > 0; --count) {
            core::Input input = core::Input::of(core::TimerInput{});
            input.input_seq = ++inputs;
            input.engine_time = input.receive_time = clock.now();
            if (tap->has_room()) tap->input(input);
            core::Event event;
            event.event_seq = ++events;
            event.input_seq = inputs;
            event.engine_time = clock.now();
            tap->event(event);
        }
    }
    void turn() {
        clock.advance(core::Duration::from_ms(200));
        cycle->do_work();
    }
    void fail_next_sync() {
        test::FaultPlan plan;
        plan.fail_sync_at = 0;
        files.set_plan(plan);
    }
    void fill_disk() {
        test::FaultPlan plan;
        plan.full_from = 0;
        plan.full_for = test::FaultPlan::kNever;
        files.set_plan(plan);
    }
    // Until the disk has refused a segment.
    void record_until_full() {
        while (!durability.disk_low()) {
            record(200);
            turn();
        }
    }

    const RingPath ring_path;
    HandClock clock;
    test::FaultFiles files{1};
    Durability durability;
    std::optional<RecordRing> ring;
    std::optional<JournalWriter> writer;
    std::optional<JournalTap> tap;
    std::optional<JournalCycle> cycle;
    std::uint64_t inputs = 0;
    std::uint64_t events = 0;
};

}  // namespace

TEST_CASE("with durability group nothing may be told before it is on disk") {
    World w(config::Durability::group);
    w.record(3);
    CHECK_FALSE(w.durability.event_may_leave(1));
    CHECK_FALSE(w.durability.input_may_be_acknowledged(1));
    w.turn();
    CHECK(w.durability.event_may_leave(3));
    CHECK(w.durability.input_may_be_acknowledged(3));
    CHECK_FALSE(w.durability.event_may_leave(4));
    w.cycle->close();
    w.turn();
    CHECK(w.cycle->finished());
}

TEST_CASE("after a failed sync what was proven may be told, and nothing else ever") {
    World w(config::Durability::group);
    w.record(2);
    w.turn();
    w.fail_next_sync();
    w.record(2);
    w.turn();
    CHECK(w.durability.failed());
    w.files.set_plan({});  // the disk says that all is well again
    w.record(2);
    w.turn();
    w.turn();
    CHECK(w.durability.event_may_leave(2));
    CHECK_FALSE(w.durability.event_may_leave(3));
    CHECK_FALSE(w.durability.event_may_leave(5));
    CHECK(w.durability.events() == 2);
    w.cycle->close();
    w.turn();
    CHECK(w.cycle->finished());
}

TEST_CASE(
    "with durability memory a failed sync leaves what was told where the next process finds it") {
    World w(config::Durability::memory);
    w.record(2);
    CHECK(w.durability.event_may_leave(2));
    w.turn();
    w.fail_next_sync();
    w.record(3);
    CHECK(w.durability.event_may_leave(5));  // and it was
    w.turn();
    REQUIRE(w.durability.failed());
    CHECK_FALSE(w.durability.event_may_leave(6));
    w.record(4);
    w.turn();
    RecordRing leftover = RecordRing::leftover_of(w.ring_path.path, kSession);
    REQUIRE(leftover.valid());
    std::uint64_t next_input = 3;
    std::uint64_t next_event = 3;
    RingRecord record;
    for (; leftover.front(record); leftover.pop()) {
        if (record.type == core::RecordType::input) {
            CHECK(record.sequence == next_input++);
        } else {
            CHECK(record.sequence == next_event++);
        }
    }
    CHECK(next_event > 5);
}

TEST_CASE("a full disk is waited for, and what was synced before it filled may be told") {
    World w(config::Durability::group);
    w.record();
    w.turn();
    w.fill_disk();
    w.record_until_full();
    CHECK_FALSE(w.durability.failed());
    CHECK(w.durability.events() == w.writer->durable_event());
    CHECK(w.durability.events() > 0);
    CHECK(w.durability.events() < w.events);
    w.files.set_plan({});
    w.turn();
    w.turn();
    CHECK(w.durability.events() == w.events);
    CHECK(w.durability.inputs() == w.inputs);
}

TEST_CASE("a daemon that is to end does not wait for a full disk for ever") {
    World w(config::Durability::group);
    w.record();
    w.turn();
    w.fill_disk();
    w.record_until_full();
    const std::uint64_t proven = w.durability.events();
    w.cycle->drain();
    w.turn();
    CHECK_FALSE(w.durability.failed());
    for (int i = 0; i < 30; ++i) w.turn();  // six seconds
    CHECK(w.durability.failed());
    CHECK(w.durability.events() == proven);
    w.cycle->close();
    w.turn();
    CHECK(w.cycle->finished());
}

TEST_CASE("an input that comes while an event waits for the ring is recorded behind it") {
    HandClock clock;
    const Durability durability(config::Durability::memory);
    RecordRing ring(1);
    JournalTap tap(ring, durability);
    core::Engine engine(test::small_venue(), {});
    tests::BoundedSink sink;
    EngineCycle cycle(engine, &clock, nullptr, sink, nullptr, nullptr);
    cycle.record_in(tap);
    const auto price = [&](double value) {
        core::PriceInput p;
        p.source = core::SourceId(0);
        p.price = test::price(value);
        core::Input input = core::Input::of(p);
        input.receive_time = clock.now();
        return input;
    };
    core::Input first = price(100);
    cycle.accept(first);
    // Room for an input, none for an event.
    constexpr std::uint64_t kFillers = 1'000'000;  // their numbers begin here
    for (std::uint64_t n = kFillers; !ring.claim(core::kEventBytesMax).empty(); ++n) {
        ring.claim(1);
        ring.commit(core::RecordType::input, n, clock.now(), 1);
    }
    REQUIRE_FALSE(ring.claim(core::kInputBytesMax).empty());
    clock.advance(core::Duration::from_ms(1'000));
    while (!cycle.blocked()) REQUIRE(cycle.do_work() > 0);

    std::vector<std::uint64_t> inputs;
    std::vector<std::uint64_t> input_of_event;
    std::vector<std::uint64_t> input_before_event;
    std::atomic<bool> stop{false};
    std::thread journal([&]() {
        RingRecord record;
        for (bool last = false; !last;) {
            last = stop.load();
            while (ring.front(record)) {
                if (record.type == core::RecordType::event) {
                    input_of_event.push_back(core::input_of_event(record.payload).value_or(0));
                    input_before_event.push_back(inputs.empty() ? 0 : inputs.back());
                } else if (record.sequence < kFillers) {
                    inputs.push_back(record.sequence);
                }
                ring.pop();
                ring.release();
            }
            std::this_thread::yield();
        }
    });
    core::Input second = price(101);
    CHECK(cycle.accept(second) == core::Refusal::none);
    stop = true;
    journal.join();
    REQUIRE(inputs.size() == cycle.sequencer().last_input_seq());
    for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(inputs[i] == i + 1);
    // Every event that was told, each before the next input.
    CHECK(input_of_event.size() == sink.waiting.size());
    CHECK(input_of_event == input_before_event);
}

}  // namespace margind::daemon
