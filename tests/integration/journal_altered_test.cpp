// What somebody, or a bad disk, did to a journal's files: found by the commands that look at them.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <utility>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/journal/archive.hpp"
#include "core/journal/record.hpp"
#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/review/recomputed.hpp"
#include "daemon/view/text.hpp"
#include "tests/support/command_run.hpp"
#include "tests/support/recorded_venue.hpp"

using namespace margind;
using namespace margind::test;
using Catch::Matchers::Contains;

namespace {

std::string segment_path(const Scratch& scratch, core::JournalStream stream, std::size_t n) {
    daemon::PosixFiles files;
    std::vector<daemon::SegmentFile> found;
    REQUIRE_FALSE(daemon::list_segments(files, scratch.journal(), stream, found));
    REQUIRE(n < found.size());
    return scratch.journal() + "/" + found[n].name;
}

void write_over(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

struct Place {
    std::size_t at = 0;
    core::RecordHeader header;
};

std::vector<Place> records_of(std::span<const std::byte> bytes, core::JournalStream stream) {
    std::vector<Place> records;
    for (std::size_t at = core::kSegmentHeaderBytes;
         at + core::kRecordHeaderBytes <= bytes.size();) {
        Place place{.at = at, .header = {}};
        const auto head = bytes.subspan(at).first<core::kRecordHeaderBytes>();
        if (!core::read_record_header(head, stream, place.header)) break;
        records.push_back(place);
        at += core::record_bytes(place.header.length);
    }
    return records;
}

// Alters when the last event of a finished events' segment was recorded, and mends every checksum
// in the segment. Returns the event's number.
std::uint64_t alter_last_event(const std::string& path) {
    std::string bytes = read(path);
    const auto all = std::as_writable_bytes(std::span(bytes));
    const std::vector<Place> records = records_of(all, core::JournalStream::events);
    REQUIRE(records.size() > 2);
    const std::size_t last = records.size() - 2;  // before the seal
    REQUIRE(records[last].header.type == core::RecordType::event);
    constexpr std::size_t kTime = 24;
    constexpr std::size_t kCrc = 4;
    core::store_little(std::uint64_t{1'000'000'000'000'000'000}, &all[records[last].at + kTime]);
    std::uint32_t crc = records[last - 1].header.crc;
    for (std::size_t i = last; i < records.size(); ++i) {
        const auto record =
            all.subspan(records[i].at, core::kRecordHeaderBytes + records[i].header.length);
        crc = core::record_crc(record, crc);
        core::store_little(crc, &record[kCrc]);
    }
    write_over(path, bytes);
    return records[last].header.sequence;
}

// The machine's files, and how often they were asked.
class CountedFiles final : public daemon::FileLayer {
  public:
    std::size_t calls() const { return calls_; }

    daemon::IoError open(const std::string& path, daemon::Access access,
                         std::unique_ptr<daemon::File>& file) override {
        ++calls_;
        return files_.open(path, access, file);
    }
    daemon::IoError rename(const std::string& from, const std::string& to) override {
        return files_.rename(from, to);
    }
    daemon::IoError remove(const std::string& path) override { return files_.remove(path); }
    daemon::IoError list(const std::string& folder, std::vector<std::string>& names) override {
        ++calls_;
        return files_.list(folder, names);
    }
    daemon::IoError sync_folder(const std::string& folder) override {
        return files_.sync_folder(folder);
    }
    daemon::IoError free_bytes(const std::string& folder, std::uint64_t& bytes) override {
        return files_.free_bytes(folder, bytes);
    }

  private:
    daemon::PosixFiles files_;
    std::size_t calls_ = 0;
};

}  // namespace

TEST_CASE("verify: an event in a segment that was altered with all its sums is not proven") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig, 4096);
    play(venue);
    venue.close();
    const std::string path = segment_path(scratch, core::JournalStream::events, 1);
    const std::string whole = read(path);
    const std::uint64_t event = alter_last_event(path);
    const std::string verify = fmt::format("verify {} --journal {}", event, scratch.journal());
    Result result = scratch.run(verify);
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Contains("says that the SHA-256 of " +
                                    std::filesystem::path(path).filename().string() + " was "));
    CHECK(result.out.find("proven") == std::string::npos);
    write_over(path, whole);
    CHECK(scratch.run(verify).code == 0);
}

TEST_CASE("journal verify: inputs that are cut off though events on disk were made from them") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.crash();
    const std::string verify = "journal verify " + scratch.journal();
    REQUIRE(scratch.run(verify).code == 0);
    const std::string path = segment_path(scratch, core::JournalStream::inputs, 0);
    const std::string whole = read(path);
    const std::vector<Place> records =
        records_of(std::as_bytes(std::span(whole)), core::JournalStream::inputs);
    std::filesystem::resize_file(path, records.at(records.size() / 2).at);

    const Result result = scratch.run(verify);
    INFO(result.out << result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.out, Contains("and it was on disk; but the inputs end with "));
    CHECK_THAT(result.err, Contains("are missing"));
    const Result inspected = scratch.run("inspect journal " + scratch.journal());
    CHECK(inspected.code == 1);
    CHECK_THAT(inspected.out, Contains("and it was on disk; but the inputs end with "));
}

TEST_CASE("inspect journal and journal verify: a snapshot that is damaged") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 30);
    daemon::PosixFiles files;
    daemon::SnapshotAbout about;
    about.input_seq = venue.input_seq;
    about.event_seq = venue.events.back().event_seq;
    about.engine_time = about.created = venue.now;
    about.epoch.config_text = kVenueConfig;
    std::uint64_t size = 0;
    REQUIRE_FALSE(daemon::write_snapshot(files, scratch.journal(), about, *venue.engine, size));
    venue.close();
    const std::string name = daemon::snapshot_name(venue.input_seq);
    const std::string path = scratch.journal() + "/" + name;
    Result inspected = scratch.run("inspect journal " + scratch.journal());
    CHECK(inspected.code == 0);
    CHECK_THAT(inspected.out, Contains("  whole\n"));
    Result verified = scratch.run("journal verify " + scratch.journal());
    CHECK(verified.code == 0);
    CHECK_THAT(verified.out, Contains(name + ": " + daemon::grouped(size) + " bytes, whole"));

    const std::string whole = read(path);
    std::string bytes = whole;
    bytes[bytes.size() - 40] = static_cast<char>(bytes[bytes.size() - 40] ^ 1);
    const std::string renamed = scratch.journal() + "/" + daemon::snapshot_name(1);
    for (const bool altered : {true, false}) {
        CAPTURE(altered);
        if (altered) write_over(path, bytes);
        if (!altered) {
            write_over(path, whole);
            std::filesystem::rename(path, renamed);
        }
        inspected = scratch.run("inspect journal " + scratch.journal());
        CHECK(inspected.code == 1);
        CHECK_THAT(inspected.out, Contains("  DAMAGED\n"));
        CHECK_THAT(inspected.out, !Contains("journal repair"));
        verified = scratch.run("journal verify " + scratch.journal());
        CHECK(verified.code == 1);
        CHECK_THAT(verified.out, Contains((altered ? path : renamed) + ": "));
        CHECK_THAT(verified.err, Contains("1 of 1 snapshots are not as they were written"));
    }
}

TEST_CASE("verify: events one after the other are read once, whatever their number") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue);
    venue.close();
    CountedFiles files;
    daemon::Recomputed recomputed(files, scratch.journal());
    for (const core::Event& event : venue.events) {
        INFO(recomputed.problem());
        REQUIRE(recomputed.make(event.event_seq));
        REQUIRE(recomputed.identical());
    }
    CHECK(files.calls() < venue.events.size() / 2);
    // The same again, and one before it.
    const std::uint64_t last = venue.events.back().event_seq;
    REQUIRE(recomputed.make(last));
    CHECK(recomputed.recorded().event_seq == last);
    CHECK_FALSE(recomputed.make(last + 1));
    REQUIRE(recomputed.make(last - 1));
    CHECK(recomputed.recorded().event_seq == last - 1);
    CHECK(recomputed.identical());
}

TEST_CASE("journal commands: numbers that are none, and files that are not there") {
    Scratch scratch;
    RecordedVenue venue(scratch.journal(), kVenueConfig);
    play(venue, 3);
    venue.close();
    const std::string journal = scratch.journal();
    for (const char* number : {" -1", "=-1", " 1.5", " 99999999999999999999"}) {
        for (const char* option : {" --from", " --to"}) {
            const std::string range = std::string(option) + number;
            CAPTURE(range);
            CHECK(scratch.run("replay " + journal + range).code == 2);
            CHECK(scratch.run("inspect journal " + journal + " --records" + range).code == 2);
        }
        CHECK(scratch.run("inspect account a --journal " + journal + " --at" + number).code == 2);
    }
    CHECK(scratch.run("verify " + journal + "/none --journal " + journal).code == 4);
    CHECK(scratch.run("inspect snapshot " + journal + "/none.mgs").code == 4);
    const std::string file = scratch.write(
        "margind.yaml", std::string(kVenueConfig) +
                            "\njournal: {directory: " + scratch.write("file", "") + "/in}\n");
    const Result run = scratch.run("run --config " + file);
    INFO(run.out << run.err);
    CHECK(run.code == 4);
    CHECK_THAT(run.err, Contains("/in cannot be made: "));
}
