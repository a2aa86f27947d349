#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <stdlib.h>

#include "core/journal/event_codec.hpp"
#include "daemon/journal/posix_files.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "tests/support/journal_world.hpp"

using namespace margind;
using namespace margind::daemon;
using test::JournalWorld;

namespace {

constexpr auto kInputs = core::JournalStream::inputs;
constexpr auto kEvents = core::JournalStream::events;

std::vector<SegmentFile> segments_of(JournalWorld& world, core::JournalStream stream) {
    std::vector<SegmentFile> segments;
    REQUIRE_FALSE(list_segments(world.files, "journal", stream, segments));
    return segments;
}

void write_something(JournalWorld& world, std::size_t steps) {
    REQUIRE(world.begin_run() == "");
    REQUIRE(world.work(steps));
    REQUIRE(world.commit());
}

// Nobody keeps the folder meanwhile: it has sealed segments, plain, and no spares.
void write_unkept(JournalWorld& world, std::size_t steps) {
    test::FaultFiles elsewhere(1);
    REQUIRE(world.begin_run() == "");
    world.keeper = std::make_unique<JournalKeeper>(
        elsewhere, JournalKeeperOptions{.folder = "elsewhere", .segment_bytes = 4096});
    REQUIRE(world.work(steps));
    REQUIRE(world.commit());
    world.end_run();
}

void keep(JournalWorld& world, JournalKeeper& keeper, core::Timestamp now,
          std::uint64_t oldest_snapshot) {
    while (keeper.do_work(now, oldest_snapshot) > 0) {
    }
    REQUIRE(keeper.report().last_failure == "");
    REQUIRE(examine_journal(world.files, "journal").problem == "");
}

}  // namespace

TEST_CASE("a reader beside the writer comes as far as it is told, and on when more is there") {
    JournalWorld world(5, 4096);
    REQUIRE(world.begin_run() == "");
    StreamReader reader(world.files, "journal", kInputs);
    JournalRecord record;
    std::uint64_t read = 0;
    for (int round = 0; round < 40; ++round) {
        REQUIRE(world.work(10));
        REQUIRE(world.commit());
        const std::uint64_t limit = world.writer->durable_input();
        while (reader.next(record, limit) == ReadStatus::record) {
            if (record.header.type != core::RecordType::input) continue;
            REQUIRE(record.header.sequence == ++read);
            REQUIRE(record.header.sequence <= limit);
            const std::vector<std::byte> payload(record.payload.begin(), record.payload.end());
            REQUIRE(payload == world.inputs.at(read));
        }
        REQUIRE(reader.problem() == "");
        REQUIRE(read == limit);
    }
    CHECK(segments_of(world, kInputs).size() > 3);
}

TEST_CASE("a reader finds any number, in plain and in compressed segments") {
    JournalWorld world(6, 4096);
    write_something(world, 600);
    for (const bool compressed : {false, true}) {
        CAPTURE(compressed);
        if (compressed) {
            JournalKeeper keeper(world.files, {.folder = "journal", .segment_bytes = 4096});
            keep(world, keeper, core::Timestamp::from_ns(1), 0);
            REQUIRE(segments_of(world, kEvents).front().compressed);
        }
        for (const auto& [number, payload] : world.events) {
            CAPTURE(number);
            StreamReader reader(world.files, "journal", kEvents);
            JournalRecord record;
            REQUIRE(reader.seek(number) == ReadStatus::record);
            REQUIRE(reader.next(record) == ReadStatus::record);
            CHECK(record.header.sequence == number);
            CHECK(std::vector<std::byte>(record.payload.begin(), record.payload.end()) == payload);
        }
    }
    // Beyond the end there is nothing yet; before the beginning, nothing any more.
    StreamReader reader(world.files, "journal", kEvents);
    JournalRecord record;
    const std::uint64_t next = world.events.rbegin()->first + 1;
    REQUIRE(reader.seek(next) != ReadStatus::problem);
    CHECK(reader.next(record) == ReadStatus::end);
    REQUIRE_FALSE(world.files.remove("journal/" + segments_of(world, kEvents).front().name));
    CHECK(reader.seek(1) == ReadStatus::problem);
    CHECK(reader.problem().find("journal/ has no events 1: the oldest segment") == 0);
}

TEST_CASE("an epoch comes before its first input, wherever reading begins") {
    JournalWorld world(7, 4096);
    write_something(world, 60);
    const std::uint64_t next = world.inputs.rbegin()->first + 1;
    write_something(world, 60);
    StreamReader reader(world.files, "journal", kInputs);
    JournalRecord record;
    REQUIRE(reader.seek(next) == ReadStatus::record);
    REQUIRE(reader.next(record) == ReadStatus::record);
    CHECK(record.header.type == core::RecordType::epoch);
    CHECK(reader.segment_header().epoch == 2);
    REQUIRE(reader.next(record) == ReadStatus::record);
    CHECK(record.header.type == core::RecordType::input);
    CHECK(record.header.sequence == next);
}

TEST_CASE("old segments go, but none that a restart from the oldest snapshot needs") {
    JournalWorld world(8, 4096);
    write_something(world, 900);
    const std::uint64_t snapshot = world.inputs.rbegin()->first / 2;
    const auto later = core::Timestamp::from_ns(static_cast<std::int64_t>(world.clock)) +
                       core::Duration::from_seconds(3600);
    JournalKeeper keeper(world.files, {.folder = "journal",
                                       .segment_bytes = 4096,
                                       .retain_for = core::Duration::from_seconds(60)});
    keep(world, keeper, later, 0);  // no snapshot: a restart begins with the first input
    CHECK(keeper.report().segments_removed == 0);

    keep(world, keeper, later, snapshot);
    CHECK(keeper.report().segments_removed > 2);
    const std::vector<SegmentFile> inputs = segments_of(world, kInputs);
    CHECK(inputs[0].first_sequence <= snapshot + 1);
    CHECK(inputs[1].first_sequence > snapshot + 1);
    JournalRange range;
    REQUIRE_FALSE(journal_range(world.files, "journal", range));
    CHECK(range.first_input == inputs[0].first_sequence);
    CHECK(range.first_event == segments_of(world, kEvents)[0].first_sequence);
    for (const auto& [number, payload] : world.events) {
        if (*core::input_of_event(payload) > snapshot) CHECK(number >= range.first_event);
    }
}

TEST_CASE("more than is kept goes, the oldest first") {
    JournalWorld world(9, 4096);
    write_something(world, 900);
    const std::size_t before = segments_of(world, kInputs).size();
    constexpr std::uint64_t kBytes = 12'000;
    JournalKeeper keeper(world.files,
                         {.folder = "journal", .segment_bytes = 4096, .retain_bytes = kBytes});
    keep(world, keeper, core::Timestamp::from_ns(static_cast<std::int64_t>(world.clock)),
         world.inputs.rbegin()->first);
    const std::vector<SegmentFile> inputs = segments_of(world, kInputs);
    CHECK(inputs.size() < before);
    std::uint64_t bytes = 0;
    for (const auto stream : {kInputs, kEvents}) {
        const std::vector<SegmentFile> segments = segments_of(world, stream);
        for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
            bytes += world.files.bytes("journal/" + segments[i].name).size();
        }
    }
    CHECK(bytes <= kBytes);
}

TEST_CASE("on a full disk the keeper still makes room: what is old goes, what is half made too") {
    JournalWorld world(10, 4096);
    write_unkept(world, 900);
    const auto later = core::Timestamp::from_ns(static_cast<std::int64_t>(world.clock)) +
                       core::Duration::from_seconds(3600);
    JournalKeeper keeper(world.files, {.folder = "journal",
                                       .segment_bytes = 3 * kFrameBytes,
                                       .retain_for = core::Duration::from_seconds(60)});
    // The spare's file and its first MiB find room, the second does not.
    test::FaultPlan full;
    full.full_from = 2;
    full.full_for = test::FaultPlan::kNever;
    world.files.set_plan(full);
    while (keeper.do_work(later, world.inputs.rbegin()->first) > 0) {
    }
    CHECK(keeper.report().segments_removed > 4);
    CHECK(keeper.report().failures == 1);
    CHECK(keeper.report().last_failure.find("cannot write to journal/inputs.next.tmp") == 0);
    for (const std::string& path : world.files.paths()) {
        CAPTURE(path);
        CHECK_FALSE(path.ends_with(".tmp"));
    }
    CHECK(examine_journal(world.files, "journal").problem == "");
}

TEST_CASE("while a spare finds no room, what is sealed is compressed") {
    JournalWorld world(11, 4096);
    write_unkept(world, 900);
    JournalKeeper keeper(world.files, {.folder = "journal", .segment_bytes = 4096});
    test::FaultPlan full;
    full.full_from = 1;
    full.full_for = 1;
    world.files.set_plan(full);
    while (keeper.do_work(core::Timestamp::from_ns(1), 0) > 0) {
    }
    CHECK(keeper.report().failures == 1);
    CHECK(keeper.report().segments_compressed > 4);
    CHECK(segments_of(world, kEvents).front().compressed);
}

TEST_CASE("a segment that is removed while it is compressed does not come back") {
    JournalWorld world(12, 4096);
    write_unkept(world, 900);
    const auto now = core::Timestamp::from_ns(static_cast<std::int64_t>(world.clock));
    const auto later = now + core::Duration::from_seconds(3600);
    JournalKeeper keeper(world.files, {.folder = "journal",
                                       .segment_bytes = 4096,
                                       .retain_for = core::Duration::from_seconds(60)});
    const auto half_made = [&] {
        const std::vector<std::string> paths = world.files.paths();
        return std::any_of(paths.begin(), paths.end(),
                           [](const std::string& path) { return path.ends_with(".mgj.zst.tmp"); });
    };
    while (!half_made()) REQUIRE(keeper.do_work(now, 0) > 0);
    const std::string first = segments_of(world, kInputs).front().name;
    keep(world, keeper, later, world.inputs.rbegin()->first);
    CHECK(keeper.report().segments_removed > 4);
    for (const std::string& path : world.files.paths()) {
        CAPTURE(path);
        CHECK(path.find(first) == std::string::npos);
    }
}

TEST_CASE("a folder is locked for one, and the other is told what to do") {
    std::string folder = (std::filesystem::temp_directory_path() / "journal_XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    {
        FolderLock first;
        REQUIRE_FALSE(first.take(folder + "/made/here"));
        FolderLock second;
        const IoError error = second.take(folder + "/made/here");
        REQUIRE(error);
        CHECK(error.text == folder +
                                "/made/here/LOCK is locked: another margind uses this "
                                "journal. Stop it, or give this one a journal.directory of "
                                "its own");
    }
    FolderLock third;
    CHECK_FALSE(third.take(folder + "/made/here"));
    std::filesystem::remove_all(folder);
}

TEST_CASE("the machine's files do as the journal asks, and say where they cannot") {
    std::string folder = (std::filesystem::temp_directory_path() / "journal_XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    PosixFiles files;
    std::unique_ptr<File> file;
    const std::string path = folder + "/b";
    REQUIRE_FALSE(files.open(path, Access::create, file));
    const std::vector<std::byte> bytes(100, std::byte{7});
    REQUIRE_FALSE(file->write(50, bytes));
    REQUIRE_FALSE(file->sync());
    std::uint64_t size = 0;
    REQUIRE_FALSE(file->size(size));
    CHECK(size == 150);
    std::vector<std::byte> read(200);
    std::size_t got = 0;
    REQUIRE_FALSE(file->read(40, read, got));
    CHECK(got == 110);
    CHECK(read[9] == std::byte{0});
    CHECK(read[10] == std::byte{7});
    REQUIRE_FALSE(file->resize(60));
    REQUIRE_FALSE(file->size(size));
    CHECK(size == 60);
    REQUIRE_FALSE(files.rename(path, folder + "/a"));
    REQUIRE_FALSE(files.sync_folder(folder));
    std::vector<std::string> names;
    REQUIRE_FALSE(files.list(folder, names));
    CHECK(names == std::vector<std::string>{"a"});
    REQUIRE_FALSE(files.free_bytes(folder, size));
    CHECK(size > 0);

    const IoError error = files.open(path, Access::read, file);
    REQUIRE(error);
    CHECK(not_there(error));
    CHECK(error.text == "cannot open " + path + ": No such file or directory");
    REQUIRE_FALSE(files.open(folder + "/a", Access::read, file));
    CHECK(file->write(0, bytes).text.find("cannot write 100 bytes at 0 of " + folder + "/a: ") ==
          0);
    std::filesystem::remove_all(folder);
}
