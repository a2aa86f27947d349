// The journal on a disk that does its worst. Whatever happens: what comes back was written, what
// was reported to be on disk is there, and no published number comes twice with different bytes.
#include <catch2/catch.hpp>

#include "tests/support/journal_world.hpp"
#include "tests/support/seeds.hpp"

using namespace margind;
using namespace margind::test;

namespace {

// How many calls that change something one run makes.
std::uint64_t changes_of_a_run(std::uint64_t seed, std::size_t steps) {
    JournalWorld world(seed);
    REQUIRE(world.begin_run().empty());
    REQUIRE(world.work(steps));
    REQUIRE(world.commit());
    return world.files.changes();
}

// One run up to the call at which it ends, and what was wrong with it. (Not within REQUIRE: that
// takes the loss of power for a failure.)
std::string run_until(JournalWorld& world, std::uint64_t call, std::size_t steps) {
    world.files.set_plan({.lose_power_at = call});
    std::string wrong;
    try {
        wrong = world.begin_run();
        if (wrong.empty() && !(world.work(steps) && world.commit()))
            wrong = world.writer->failure();
    } catch (const PowerLoss&) {
        wrong.clear();
    }
    world.end_run();
    return wrong;
}

}  // namespace

TEST_CASE("power lost at any call: what was reported is there, and nothing that was not written") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(3); ++seed) {
        constexpr std::size_t kSteps = 120;
        const std::uint64_t calls = changes_of_a_run(seed, kSteps);
        REQUIRE(calls > 40);
        for (std::uint64_t call = 0; call <= calls; ++call) {
            CAPTURE(seed, call);
            JournalWorld world(seed);
            REQUIRE(run_until(world, call, kSteps) == "");
            world.files.restart_machine();
            REQUIRE(world.begin_run() == "");
            // And it goes on from there.
            REQUIRE(world.work(20));
            REQUIRE(world.commit());
            REQUIRE(world.begin_run() == "");
        }
    }
}

TEST_CASE("power lost again and again, also while the journal recovers") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(60); ++seed) {
        JournalWorld world(seed);
        std::mt19937_64 random(seed);
        for (int run = 0; run < 12; ++run) {
            CAPTURE(seed, run);
            REQUIRE(run_until(world, random() % 150, random() % 200) == "");
            world.files.restart_machine();
        }
        REQUIRE(world.begin_run() == "");
    }
}

TEST_CASE("a process that ends anywhere loses nothing that it wrote") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(40); ++seed) {
        JournalWorld world(seed);
        std::mt19937_64 random(seed);
        for (int run = 0; run < 8; ++run) {
            CAPTURE(seed, run);
            REQUIRE(run_until(world, random() % 150, 200) == "");
            world.files.restart_process();
        }
        REQUIRE(world.begin_run() == "");
    }
}

TEST_CASE("a sync that fails once ends the run; what was reported before it is there") {
    std::uint64_t failures = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(200); ++seed) {
        CAPTURE(seed);
        JournalWorld world(seed);
        std::mt19937_64 random(seed);
        REQUIRE(world.begin_run() == "");
        world.files.set_plan({.fail_sync_at = random() % 40});
        const bool alive = world.work(400) && world.commit();
        const std::uint64_t reported = world.writer->durable_input();
        if (!alive) {
            ++failures;
            CHECK(world.writer->failure().find("cannot sync journal/") != std::string::npos);
            // Nothing more is taken, written or reported, and no sync is tried again.
            const std::uint64_t changes = world.files.changes();
            const std::uint64_t number =
                world.inputs.empty() ? 1 : world.inputs.rbegin()->first + 1;
            const std::vector<std::byte> payload(40);
            CHECK(world.writer->append_input(number, core::Timestamp(), payload) ==
                  daemon::Append::failed);
            CHECK_FALSE(world.writer->commit());
            CHECK(world.files.changes() == changes);
            CHECK(world.writer->durable_input() == reported);
        }
        // The next process sees what the page cache has; the power goes after it has recovered.
        if (random() % 2 == 0) {
            world.files.restart_process();
            REQUIRE(world.begin_run() == "");
            REQUIRE(world.work(30));
            REQUIRE(world.commit());
        }
        world.end_run();
        world.files.restart_machine();
        REQUIRE(world.begin_run() == "");
    }
    CHECK(failures > 50);
}

TEST_CASE("a full disk: nothing is lost, and the journal goes on when there is room again") {
    std::uint64_t refused = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(100); ++seed) {
        CAPTURE(seed);
        JournalWorld world(seed);
        std::mt19937_64 random(seed);
        REQUIRE(world.begin_run() == "");
        world.files.set_plan({.full_from = random() % 60, .full_for = 1 + random() % 8});
        // Only room for the next segment is ever asked for while it runs: never a failure.
        REQUIRE(world.work(600));
        REQUIRE(world.commit());
        CHECK(world.reported_inputs == world.inputs.rbegin()->first);
        refused += world.no_space;
        world.end_run();
        world.files.restart_machine();
        REQUIRE(world.begin_run() == "");
    }
    CHECK(refused > 0);
}
