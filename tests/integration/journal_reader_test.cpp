// A reader that nobody here helped: Python's own libraries and the tables of docs/journal.md. What
// it says of a journal that margind's code wrote is what was written.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <stdlib.h>

#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "daemon/journal/journal_keeper.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/posix_files.hpp"
#include "daemon/journal/recovery.hpp"
#include "tests/support/random_records.hpp"
#include "tests/support/record_text.hpp"

using namespace margind;

namespace {

constexpr std::uint64_t kSeed = 20251010;
constexpr std::uint64_t kSegmentBytes = 64 * 1024;

struct Folder {
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "journal_XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

struct Answer {
    int status = 0;
    std::vector<std::string> lines;
};

Answer read_with_python(const std::string& folder) {
    const std::string root = MARGIND_SOURCE_DIR;
    const std::string command =
        fmt::format("python3 {0}/tests/integration/journal_reader.py {0}/docs/journal.md {1} 2>&1",
                    root, folder);
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string text;
    std::vector<char> part(65536);
    for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
        text.append(part.data(), got);
    }
    Answer answer{.status = ::pclose(pipe), .lines = {}};
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) answer.lines.push_back(line);
    return answer;
}

// Writes, and says what each record's line begins and ends with (how far the disk is stands
// between).
struct Written {
    std::vector<std::string> inputs;
    std::vector<std::string> events;
};

std::string line_of(const char* stream, std::uint64_t number, const char* type, std::int64_t time,
                    const std::string& fields) {
    return fmt::format("{} {} {} time={} flags=0 {}", stream, number, type, time, fields);
}

void write_run(daemon::FileLayer& files, const std::string& folder, test::RandomRecords& random,
               int steps, Written& written) {
    const daemon::JournalState state = daemon::recover_journal(files, folder);
    REQUIRE(state.problem == "");
    daemon::JournalWriter writer(
        files, {.folder = folder, .segment_bytes = kSegmentBytes, .session = {}}, state);
    const core::EpochRecord epoch{.number = state.last_epoch + 1,
                                  .reason = core::EpochReason::restart,
                                  .program = "margind 0.1.0",
                                  .config_name = "margind.yaml",
                                  .config_text = "engine:\n  shards: 1\n"};
    const auto time = core::Timestamp::from_ns(1'760'130'903'120'000'000);
    REQUIRE(writer.append_epoch(epoch, time) == daemon::Append::done);
    written.inputs.push_back(line_of("inputs", state.inputs.next_sequence, "epoch", time.ns(),
                                     fmt::format("number={} reason=1 program='margind 0.1.0' "
                                                 "config_name='margind.yaml' config_text="
                                                 "'engine:\\n  shards: 1\\n'",
                                                 epoch.number)));
    std::vector<std::byte> room(core::kEventBytesMax);
    for (int i = 0; i < steps; ++i) {
        const std::uint64_t input_seq = state.inputs.next_sequence + static_cast<std::uint64_t>(i);
        core::Input input = random.input();
        std::size_t bytes = core::encode_input(input, room);
        REQUIRE(writer.append_input(input_seq, input.engine_time, std::span(room).first(bytes)) ==
                daemon::Append::done);
        written.inputs.push_back(line_of("inputs", input_seq, "input", input.engine_time.ns(),
                                         test::record_text(input)));
        const std::uint64_t event_seq = state.events.next_sequence + static_cast<std::uint64_t>(i);
        core::Event event = random.event();
        event.input_seq = input_seq;
        bytes = core::encode_event(event, room);
        REQUIRE(writer.append_event(event_seq, event.engine_time, std::span(room).first(bytes)) ==
                daemon::Append::done);
        written.events.push_back(line_of("events", event_seq, "event", event.engine_time.ns(),
                                         test::record_text(event)));
        if (i % 7 == 0) REQUIRE(writer.commit());
    }
    REQUIRE(writer.commit());
}

// Without how far the disk was, and without the records that end a segment.
std::vector<std::string> comparable(const std::vector<std::string>& lines,
                                    const std::string& stream) {
    std::vector<std::string> kept;
    for (const std::string& line : lines) {
        if (!line.starts_with(stream) || line.find(" seal ") != std::string::npos) continue;
        const std::size_t at = line.find(" synced=");
        if (at == std::string::npos) continue;
        const std::size_t end = line.find(' ', at + 1);
        kept.push_back(line.substr(0, at) + (end == std::string::npos ? "" : line.substr(end)));
    }
    return kept;
}

std::string any_plain_segment(const std::string& folder, const std::string& suffix) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().string().ends_with(suffix)) return entry.path().string();
    }
    return "";
}

void flip_byte(const std::string& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 1));
    REQUIRE(file.good());
}

}  // namespace

TEST_CASE("an independent reader, made from the document, reads what margind wrote") {
    CAPTURE(kSeed);
    const Folder folder;
    daemon::PosixFiles files;
    test::RandomRecords random(kSeed);
    Written written;
    write_run(files, folder.path, random, 700, written);  // and ends without a close
    write_run(files, folder.path, random, 300, written);
    REQUIRE(daemon::recover_journal(files, folder.path).problem == "");
    daemon::JournalKeeper keeper(files, {.folder = folder.path, .segment_bytes = kSegmentBytes});
    while (keeper.do_work(core::Timestamp::from_ns(1), 0) > 0) {
    }
    REQUIRE(keeper.report().last_failure == "");
    REQUIRE(keeper.report().segments_compressed > 3);
    REQUIRE(any_plain_segment(folder.path, ".mgj") != "");

    const Answer answer = read_with_python(folder.path);
    CAPTURE(answer.lines.empty() ? "" : answer.lines.back());
    REQUIRE(answer.status == 0);
    CHECK(comparable(answer.lines, "inputs ") == written.inputs);
    CHECK(comparable(answer.lines, "events ") == written.events);

    // And it is not blind.
    flip_byte(any_plain_segment(folder.path, ".mgj"), 200);
    CHECK(read_with_python(folder.path).status != 0);
}

TEST_CASE("zstd alone gives back a sealed segment, byte for byte") {
    const Folder folder;
    daemon::PosixFiles files;
    test::RandomRecords random(kSeed);
    Written written;
    write_run(files, folder.path, random, 2000, written);
    std::vector<daemon::SegmentFile> segments;
    REQUIRE_FALSE(daemon::list_segments(files, folder.path, core::JournalStream::inputs, segments));
    REQUIRE(segments.size() > 1);
    const std::string path = folder.path + "/" + segments[0].name;
    std::filesystem::copy_file(path, folder.path + "/kept");
    daemon::JournalKeeper keeper(files, {.folder = folder.path, .segment_bytes = kSegmentBytes});
    while (keeper.do_work(core::Timestamp::from_ns(1), 0) > 0) {
    }
    REQUIRE_FALSE(std::filesystem::exists(path));
    const std::string command =
        fmt::format("zstd -dcq {0}.zst | cmp - {1}/kept", path, folder.path);
    CHECK(::system(command.c_str()) == 0);
}
