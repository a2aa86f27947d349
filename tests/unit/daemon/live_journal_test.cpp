// What a daemon makes of the journal that the run before left.
#include "daemon/journal/live_journal.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/application.hpp"
#include "daemon/clock.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "tests/support/command_run.hpp"
#include "tests/support/recorded_venue.hpp"

namespace margind::daemon {
namespace {

using Catch::Matchers::Contains;
using test::RecordedVenue;
using test::Scratch;

std::string config_with(const Scratch& scratch, const std::string& durability,
                        const std::string& more = "") {
    return std::string(test::kVenueConfig) + "\njournal: {directory: " + scratch.journal() +
           ", durability: " + durability + ", memory_directory: " +
           std::filesystem::path(scratch.journal()).parent_path().string() + "}\n" + more;
}

struct Outcome {
    std::string session;  // empty: refused
    int code = 0;
    std::string why;
};

// Goes on from the journal in `scratch` under this configuration.
Outcome go_on(const std::string& config) {
    config::Loaded loaded = config::load_text(config, "venue.yaml");
    REQUIRE(loaded.problems.empty());
    SystemClock clock;
    try {
        const LiveJournal journal(loaded.settings, clock, nullptr);
        return {.session = journal.session(), .code = 0, .why = ""};
    } catch (const StartupRefused& refused) {
        return {.session = "", .code = refused.exit_code, .why = refused.what()};
    }
}

enum class End { closed, crashed };

void record(const Scratch& scratch, const std::string& config, End end) {
    RecordedVenue venue(scratch.journal(), config);
    test::play(venue, 30);
    if (end == End::closed) venue.close();
    if (end == End::crashed) venue.crash();
}

}  // namespace

TEST_CASE("what was told without being on disk, and is lost, ends the session") {
    const auto keeps_session = [](const std::string& durability, End end) {
        const Scratch scratch;
        const std::string config = config_with(scratch, durability);
        record(scratch, config, end);
        const Outcome first = go_on(config);
        INFO(first.why);
        REQUIRE_FALSE(first.session.empty());
        const std::string of_recording = "07" + std::string(30, '0');
        return first.session == of_recording;
    };
    CHECK(keeps_session("group", End::closed));
    CHECK(keeps_session("group", End::crashed));
    CHECK(keeps_session("memory", End::closed));
    CHECK_FALSE(keeps_session("memory", End::crashed));
}

TEST_CASE("the sources of account updates keep their places") {
    const auto with_sources = [](const Scratch& scratch, const std::string& sources) {
        return config_with(scratch, "group", "accounts: {listen: {sources: " + sources + "}}\n");
    };
    const Scratch scratch;
    record(scratch, with_sources(scratch, "[ledger, desk]"), End::closed);
    for (const char* other : {"[desk, ledger]", "[ledger]", "[]", "[ledger, other]"}) {
        const Outcome outcome = go_on(with_sources(scratch, other));
        INFO(other);
        CHECK(outcome.code == kConfig);
        CHECK_THAT(outcome.why, Contains("accounts.listen.sources["));
    }
    CHECK_THAT(go_on(with_sources(scratch, "[desk, ledger]")).why,
               Contains("was ledger in the run before, and is desk now"));
    CHECK(go_on(with_sources(scratch, "[ledger, desk]")).code == kOk);
    CHECK(go_on(with_sources(scratch, "[ledger, desk, other]")).code == kOk);
}

TEST_CASE("events that were recorded otherwise than the inputs give them are not gone on from") {
    const Scratch scratch;
    const std::string config = config_with(scratch, "group");
    {
        RecordedVenue venue(scratch.journal(), config);
        venue.falsify_next_account_event();
        test::play(venue, 120);
        venue.close();
    }
    const Outcome outcome = go_on(config);
    CHECK(outcome.session.empty());
    CHECK_THAT(outcome.why, Contains("was recorded, and perhaps told, otherwise"));
}

TEST_CASE("where neither a snapshot nor the beginning can be read, both are told") {
    const Scratch scratch;
    const std::string config = config_with(scratch, "group");
    {
        RecordedVenue venue(scratch.journal(), config, 16 * 1024);
        test::play(venue, 600);
        venue.close();
    }
    PosixFiles files;
    std::vector<SegmentFile> segments;
    REQUIRE_FALSE(list_segments(files, scratch.journal(), core::JournalStream::inputs, segments));
    REQUIRE(segments.size() > 2);
    std::filesystem::remove(scratch.journal() + "/" + segments[0].name);
    scratch.write("journal/" + snapshot_name(segments[1].first_sequence + 1), "no snapshot");
    const Outcome outcome = go_on(config);
    CHECK(outcome.session.empty());
    CHECK_THAT(outcome.why, Contains("the oldest segment with later ones is"));
    CHECK_THAT(outcome.why, Contains("is passed over"));
    CHECK_THAT(outcome.why, Contains("Put back a copy"));
}

}  // namespace margind::daemon
