// The commands over a journal that has snapshots; its first inputs removed by retention.
#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/journal/epoch.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/journal_keeper.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "tests/support/command_run.hpp"
#include "tests/support/recorded_venue.hpp"

using namespace margind;
using namespace margind::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct World {
    World() : venue(scratch.journal(), kVenueConfig, 4096) {
        play(venue, 60);
        first = snapshot();
        play(venue, 60);
        second = snapshot();
        play(venue, 60);
        venue.close();
    }
    // Returns after which input it is.
    std::uint64_t snapshot() {
        daemon::SnapshotAbout about;
        about.input_seq = venue.input_seq;
        about.event_seq = venue.events.back().event_seq;
        about.engine_time = about.created = venue.now;
        about.epoch = {.number = 1,
                       .reason = core::EpochReason::first_start,
                       .program = "margind 0.1.0",
                       .config_name = "recorded_venue.yaml",
                       .config_text = kVenueConfig};
        std::uint64_t bytes = 0;
        REQUIRE_FALSE(
            daemon::write_snapshot(files, scratch.journal(), about, *venue.engine, bytes));
        return venue.input_seq;
    }
    // What a restart from the oldest snapshot does not need.
    void remove_beginning() {
        daemon::JournalKeeper keeper(files, {.folder = scratch.journal(),
                                             .segment_bytes = 4096,
                                             .retain_for = core::Duration::from_seconds(60)});
        const core::Timestamp later = venue.now + core::Duration::from_seconds(3600);
        while (keeper.do_work(later, first) > 0) {
        }
        daemon::JournalRange range;
        REQUIRE_FALSE(daemon::journal_range(files, scratch.journal(), range));
        REQUIRE(range.first_input > 1);
    }
    std::vector<std::string> bodies_after(std::uint64_t input) const {
        const daemon::EventEncoder encoder(venue.settings.risk);
        std::vector<std::string> lines;
        for (const core::Event& event : venue.events) {
            if (event.input_seq <= input) continue;
            daemon::TextBuffer text;
            encoder.append_body(text, event);
            lines.push_back(fmt::to_string(text));
        }
        return lines;
    }
    std::string path(std::uint64_t snapshot) const {
        return scratch.journal() + "/" + daemon::snapshot_name(snapshot);
    }
    Result replay(const std::string& more = "") const {
        return scratch.run("replay " + scratch.journal() + more);
    }
    void check_from(std::uint64_t snapshot) const {
        Result result = replay();
        INFO(result.err);
        CHECK(result.code == 0);
        CHECK(lines_of(result.out) == bodies_after(snapshot));
        CHECK_THAT(result.err, Contains(fmt::format("from input {} on, which follows its oldest "
                                                    "snapshot",
                                                    snapshot + 1)));
        result = replay(" --verify");
        CHECK(result.code == 0);
        CHECK(result.out == fmt::format("{} inputs, {} events: identical\n",
                                        venue.input_seq - snapshot, bodies_after(snapshot).size()));
    }

    Scratch scratch;
    RecordedVenue venue;
    daemon::PosixFiles files;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

}  // namespace

TEST_CASE("verify: an event's line without a number is refused, others without one are not") {
    World world;
    const std::string body = world.bodies_after(0).front();
    const auto verify = [&](const std::string& lines) {
        return world.scratch.run("verify " + world.scratch.write("lines", lines) + " --journal " +
                                 world.scratch.journal());
    };
    CHECK(verify("{\"type\":\"hello\"}\n" + body + "\n").code == 0);
    const std::string number = "\"event_seq\":1,";
    std::string without = body;
    without.erase(without.find(number), number.size());
    const Result result = verify(body + "\n" + without + "\n");
    CHECK(result.code == 2);
    CHECK_THAT(result.err, Contains("line 2: is an event without a number"));
    CHECK(result.out.empty());
}

TEST_CASE("verify and explain say from which snapshot they made an event") {
    World world;
    const auto at = std::find_if(
        world.venue.events.begin(), world.venue.events.end(), [&](const core::Event& event) {
            return event.input_seq > world.first && core::is_account_event(event.kind);
        });
    REQUIRE(at != world.venue.events.end());
    REQUIRE(at->input_seq <= world.second);
    const auto run = [&](const char* command, std::uint64_t event_seq) {
        return world.scratch
            .run(fmt::format("{} {} --journal {}", command, event_seq, world.scratch.journal()))
            .out;
    };
    const std::string snapshot = fmt::format("the snapshot after input {} and ", world.first);
    const std::string verified = run("verify", at->event_seq);
    CHECK_THAT(verified, Contains("made again from " + snapshot + "the inputs: the same"));
    CHECK_THAT(verified, Contains("of the state that " + snapshot + "the inputs lead to"));
    CHECK_THAT(verified, Contains("makes this event from " + snapshot + "these inputs"));
    CHECK_THAT(run("explain", at->event_seq),
               Contains("made again from " + snapshot + "the inputs since"));

    // Before any snapshot it is the inputs alone.
    CHECK_THAT(run("verify", 1), !Contains("snapshot"));
    CHECK_THAT(run("explain", 1), !Contains("snapshot"));
}

TEST_CASE("replay: a journal whose beginning was removed begins with its oldest snapshot") {
    World world;
    Result result = world.replay();
    CHECK(lines_of(result.out) == world.bodies_after(0));
    CHECK(result.err.empty());

    world.remove_beginning();
    world.check_from(world.first);
    CHECK(world.replay(" --from 1").code == 1);
    result = world.replay(fmt::format(" --from {}", world.second + 1));
    CHECK(lines_of(result.out) == world.bodies_after(world.second));
    CHECK(result.err.empty());
    result = world.replay(" --diff --config " + world.scratch.write("same.yaml", kVenueConfig));
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Contains("has no inputs 1: the oldest segment"));

    // A damaged one, and one that stands too far back, are passed over.
    std::filesystem::resize_file(world.path(world.first), 1000);
    std::filesystem::copy_file(world.path(world.second), world.path(1));
    world.check_from(world.second);

    std::filesystem::remove(world.path(world.second));
    result = world.replay();
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Contains("nor is there a snapshot to begin with"));
}

TEST_CASE("inspect account: as it stands now takes the newest snapshot and what follows it") {
    World world;
    const std::string inspect = "inspect account thin --json --journal " + world.scratch.journal();
    const Result whole = world.scratch.run(inspect);
    INFO(whole.err);
    REQUIRE(whole.code == 0);
    CHECK(whole.out ==
          world.scratch.run(fmt::format("{} --at {}", inspect, world.venue.input_seq)).out);
    // What the snapshot stands for is not read again.
    std::filesystem::resize_file(
        world.scratch.journal() + "/" + daemon::segment_name(core::JournalStream::inputs, 1), 1000);
    const Result result = world.scratch.run(inspect);
    INFO(result.err);
    CHECK(result.code == 0);
    CHECK(result.out == whole.out);
}
