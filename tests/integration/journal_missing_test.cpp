// The last files of a journal taken away altogether, which none of those that are left says of
// itself: what is proven is an error, what a crash may have left is a note.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "tests/support/command_run.hpp"
#include "tests/support/recorded_venue.hpp"

using namespace margind;
using namespace margind::test;
using Catch::Matchers::Contains;

namespace {

constexpr auto kInputs = core::JournalStream::inputs;
constexpr auto kEvents = core::JournalStream::events;

enum class End { closed, closed_after_event, killed_after_event };

// Segments so small that there are many.
struct World {
    explicit World(End end = End::closed) : venue(scratch.journal(), kVenueConfig, 4096) {
        play(venue);
        venue.wait(core::Duration::from_seconds(1));
        if (end != End::closed) venue.tick();
        if (end == End::killed_after_event) {
            venue.crash();
        } else {
            venue.close();
        }
    }

    std::vector<daemon::SegmentFile> segments(core::JournalStream stream) {
        std::vector<daemon::SegmentFile> found;
        REQUIRE_FALSE(daemon::list_segments(files, scratch.journal(), stream, found));
        return found;
    }
    std::string path(const daemon::SegmentFile& segment) const {
        return scratch.journal() + "/" + segment.name;
    }
    // The last `count` of a stream; returns the first number that is gone.
    std::uint64_t take_away(core::JournalStream stream, std::size_t count) {
        const auto found = segments(stream);
        REQUIRE(found.size() >= count);
        for (std::size_t i = found.size() - count; i < found.size(); ++i) {
            REQUIRE(std::filesystem::remove(path(found[i])));
        }
        return found[found.size() - count].first_sequence;
    }
    const core::Event& event(std::uint64_t event_seq) const {
        return venue.events.at(event_seq - 1);
    }
    std::string named(std::uint64_t event_seq) const {
        return fmt::format("event {} ({}, of input {})", event_seq,
                           daemon::name_of(event(event_seq).kind), event(event_seq).input_seq);
    }
    Result verify() { return scratch.run("journal verify " + scratch.journal()); }
    Result replay() { return scratch.run("replay " + scratch.journal() + " --verify"); }

    Scratch scratch;
    RecordedVenue venue;
    daemon::PosixFiles files;
};

}  // namespace

TEST_CASE("inputs that are missing at the end are known by the events they made") {
    const End end = GENERATE(End::closed, End::closed_after_event, End::killed_after_event);
    World world(end);
    REQUIRE(world.verify().code == 0);
    REQUIRE(world.segments(kInputs).size() > 2);
    const std::size_t files = GENERATE(as<std::size_t>(), 1, 2);
    const std::uint64_t first = world.take_away(kInputs, files);
    const std::string name = daemon::segment_name(kInputs, first);

    Result result = world.verify();
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains(fmt::format("ends with input {}; but events-", first - 1)));
    const bool with_events = world.venue.events.back().input_seq >= first;
    REQUIRE(with_events == (end != End::closed || files > 1));
    CHECK_THAT(result.out, Contains(with_events ? "has an event of input " : "is closed"));
    CHECK_THAT(result.out, Contains(name + " and what followed it are missing"));
    CHECK_THAT(world.scratch.run("inspect journal " + world.scratch.journal()).out,
               Contains(name + " and what followed it are missing"));

    if (!with_events) return;
    result = world.replay();
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Contains(fmt::format("the inputs end with {}", first - 1)));
    CHECK_THAT(daemon::recover_journal(world.files, world.scratch.journal()).problem,
               Contains(fmt::format("the inputs end with {}", first - 1)));
}

TEST_CASE("inputs that are all missing are known by any event") {
    World world;
    world.take_away(kInputs, world.segments(kInputs).size());
    world.take_away(kEvents, world.segments(kEvents).size() - 1);
    const Result result = world.verify();
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains("its files inputs-* are missing"));
    CHECK_THAT(daemon::recover_journal(world.files, world.scratch.journal()).problem,
               Contains("the inputs end with 0"));
}

TEST_CASE("a run whose inputs are missing altogether is known by its events") {
    World world;
    const bool crashed = GENERATE(false, true);
    CAPTURE(crashed);
    const auto run = [&](int seconds) {
        world.venue.wait(core::Duration::from_seconds(5));
        world.venue.restart();
        play(world.venue, seconds);
    };
    run(5);
    if (crashed) {
        world.venue.crash();
    } else {
        world.venue.close();
    }
    const std::size_t before = world.segments(kInputs).size();
    const std::uint64_t last = world.venue.input_seq;
    run(5);
    world.venue.close();
    REQUIRE(world.verify().code == 0);
    const std::size_t files = world.segments(kInputs).size() - before;
    REQUIRE(world.take_away(kInputs, files) == last + 1);

    const Result result = world.verify();
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains(fmt::format(
                               "is the last one, of run 2, and ends with input {}; but", last)));
}

TEST_CASE("events that are missing at the end are known where the run had ended as it should") {
    World world;
    const std::size_t all = world.segments(kEvents).size();
    REQUIRE(all > 2);
    const std::size_t files = GENERATE_COPY(std::size_t{1}, std::size_t{2}, all);
    const std::uint64_t first = world.take_away(kEvents, files);

    Result result = world.verify();
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    if (files == all) {
        CHECK_THAT(result.out, Contains("its files events-* are missing"));
    } else {
        CHECK_THAT(result.out,
                   Contains(daemon::segment_name(kEvents, first) + " and what followed it"));
    }

    result = world.replay();
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Contains(world.named(first) + " is not in "));
    const std::size_t after = world.venue.events.size() - first;
    CHECK_THAT(result.err, Contains(fmt::format("nor the {} after it", after)));
    CHECK_THAT(result.err, Contains("ended as it should"));
    // What is there is as it was.
    if (files == all) return;
    const std::uint64_t inputs = world.event(first).input_seq - 1;
    CHECK(world.scratch
              .run(fmt::format("replay {} --verify --to {}", world.scratch.journal(), inputs))
              .code == 0);
}

TEST_CASE("events that are missing are known where another run had gone on from theirs") {
    World world;
    world.venue.wait(core::Duration::from_seconds(5));
    world.venue.restart();
    play(world.venue, 5);
    world.venue.crash();
    CHECK(world.replay().code == 0);
    const std::size_t all = world.segments(kEvents).size();
    const std::uint64_t first = world.take_away(kEvents, all - 1);
    const Result result = world.replay();
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Contains(world.named(first) + " is not in "));
    CHECK_THAT(result.err, Contains("was gone on from"));
}

TEST_CASE("a last file cut short is known where the run had ended as it should") {
    World world;
    const auto last = world.segments(kEvents).back();
    std::filesystem::resize_file(world.path(last), core::kSegmentHeaderBytes);
    const Result result = world.verify();
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains("what followed in it is missing"));
    CHECK(world.replay().code == 1);
}

TEST_CASE("a full segment without the next one is what a crash may leave: a note says so") {
    World world;
    const std::uint64_t inputs = world.take_away(kInputs, 1) - 1;
    while (world.segments(kEvents).size() > 1 &&
           world.event(world.segments(kEvents).back().first_sequence).input_seq > inputs) {
        world.take_away(kEvents, 1);
    }
    // The segment in which the inputs end may have later events: without it none is left of them.
    world.take_away(kEvents, 1);
    REQUIRE(!world.segments(kEvents).empty());
    Result result = world.verify();
    INFO(result.out << result.err);
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains(fmt::format("note: {}/inputs-", world.scratch.journal())));
    CHECK_THAT(result.out, Contains(daemon::segment_name(kInputs, inputs + 1) +
                                    ", which follows it, is not there: the daemon ended between"));
    CHECK_THAT(result.out, Contains(fmt::format("note: {}/events-", world.scratch.journal())));
    CHECK_THAT(world.scratch.run("inspect journal " + world.scratch.journal()).out,
               Contains("the daemon ended between"));
    result = world.replay();
    CHECK(result.code == 0);
    CHECK_THAT(result.out, Contains("more events follow from the last inputs"));

    // But a snapshot of a later input is proof.
    world.scratch.write("journal/" + daemon::snapshot_name(inputs + 1), "");
    result = world.verify();
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains(fmt::format("there is a snapshot after input {}", inputs + 1)));
}
