// One flipped bit, anywhere in a journal's segments. Either somebody notices, or it stood in the
// very last thing that was written, which no later record vouches for. What is read is never wrong.
#include <catch2/catch.hpp>

#include "daemon/journal/journal_directory.hpp"
#include "tests/support/journal_world.hpp"
#include "tests/support/seeds.hpp"

using namespace margind;
using namespace margind::test;

namespace {

// Several runs, some closed, some not; sealed segments compressed as far as the seed has it.
void write_journal(JournalWorld& world, std::mt19937_64& random) {
    for (std::uint64_t run = 0, runs = 1 + random() % 3; run < runs; ++run) {
        REQUIRE(world.begin_run() == "");
        REQUIRE(world.work(40 + random() % 200));
        REQUIRE(world.commit());
        for (std::uint64_t steps = random() % 60; steps > 0; --steps) {
            world.keeper->do_work(core::Timestamp::from_ns(1), 0);
        }
        if (random() % 3 == 0) REQUIRE(world.writer->close(core::Timestamp::from_ns(1)));
        world.end_run();
    }
}

std::string any_segment(const JournalWorld& world, std::mt19937_64& random) {
    std::vector<std::string> segments;
    for (const std::string& path : world.files.paths()) {
        if (path.ends_with(".mgj") || path.ends_with(".mgj.zst")) segments.push_back(path);
    }
    return segments.at(random() % segments.size());
}

// What both streams say; `noticed`: that something is wrong with them.
struct Reading {
    JournalWorld::Payloads inputs;
    JournalWorld::Payloads events;
    std::string noticed;
};

Reading read(JournalWorld& world) {
    Reading reading;
    reading.inputs = world.read(core::JournalStream::inputs, reading.noticed);
    reading.events = world.read(core::JournalStream::events, reading.noticed);
    return reading;
}

// Each is what was written under its number, from the first on.
bool is_part_of(const JournalWorld::Payloads& read, const JournalWorld::Payloads& written) {
    std::uint64_t due = 1;
    for (const auto& [number, payload] : read) {
        const auto at = written.find(number);
        if (number != due++ || at == written.end() || at->second != payload) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("a flipped bit is noticed, or was in the last commit; what is read is never wrong") {
    std::uint64_t noticed = 0;
    const std::uint64_t seeds = seeds_or(600);
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds; ++seed) {
        std::mt19937_64 random(seed);
        JournalWorld world(seed, 4096UL << (random() % 3));
        write_journal(world, random);
        const std::string path = any_segment(world, random);
        const std::uint64_t bit = random() % (8 * world.files.bytes(path).size());
        CAPTURE(seed, path, bit / 8, bit % 8);
        world.files.flip(path, bit);

        const std::vector<std::string> before = world.files.paths();
        const daemon::JournalState seen = daemon::examine_journal(world.files, world.kFolder);
        CHECK(world.files.paths() == before);
        Reading reading = read(world);
        REQUIRE(is_part_of(reading.inputs, world.inputs));
        REQUIRE(is_part_of(reading.events, world.events));

        daemon::JournalState state = daemon::recover_journal(world.files, world.kFolder);
        if (state.problem.empty()) reading = read(world);
        REQUIRE(is_part_of(reading.inputs, world.inputs));
        REQUIRE(is_part_of(reading.events, world.events));
        if (state.problem.empty() && reading.noticed.empty()) {
            // Nobody noticed: then it is all there, but perhaps the last commit.
            CHECK(seen.problem == "");
            REQUIRE(reading.inputs.size() >= world.reported_inputs_before);
            REQUIRE(reading.events.size() >= world.reported_events_before);
            continue;
        }
        ++noticed;
        CHECK(seen.problem != "");
        if (!state.problem.empty()) {
            CHECK(state.problem.find("journal repair journal --accept-loss") != std::string::npos);
            CHECK(world.files.paths() == before);
        }

        // Somebody accepts the loss: then it is a journal again, and says so.
        state = daemon::repair_journal(world.files, world.kFolder);
        REQUIRE(state.problem == "");
        CHECK(state.loss_accepted);
        world.reported_inputs = world.reported_events = 0;
        world.published.clear();
        REQUIRE(world.begin_run() == "");
        CHECK((world.state.loss_accepted || world.state.session == daemon::SessionId{}));
        REQUIRE(world.work(30));
        REQUIRE(world.commit());
        REQUIRE(world.begin_run() == "");
    }
    // Most of a journal is not its last commit; the rest is zeros that nothing has been written to.
    CHECK(noticed > seeds / 4);
}

TEST_CASE("a segment that is not there, or of another journal, is damage") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + seeds_or(40); ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        JournalWorld world(seed, 4096);
        write_journal(world, random);
        std::vector<daemon::SegmentFile> segments;
        REQUIRE_FALSE(
            daemon::list_segments(world.files, "journal", core::JournalStream::inputs, segments));
        if (segments.size() < 3) continue;
        const std::string name = segments[1 + random() % (segments.size() - 2)].name;
        REQUIRE_FALSE(world.files.remove("journal/" + name));
        const daemon::JournalState state = daemon::recover_journal(world.files, "journal");
        CHECK(state.problem.find(name.substr(0, 27) + ".mgj is not there") != std::string::npos);
        CHECK(daemon::repair_journal(world.files, "journal").problem == "");
        CHECK(daemon::examine_journal(world.files, "journal").problem == "");
    }
}
