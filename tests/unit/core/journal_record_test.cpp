#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "core/journal/archive.hpp"
#include "core/journal/crc32c.hpp"
#include "core/journal/epoch.hpp"
#include "core/journal/record.hpp"
#include "tests/support/seeds.hpp"

using namespace margind;
using namespace margind::core;

namespace {

using Bytes = std::vector<std::byte>;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

Bytes random_bytes(std::mt19937_64& random, std::size_t count) {
    Bytes bytes(count);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

}  // namespace

TEST_CASE("CRC-32C of the published examples") {
    // RFC 3720 appendix B.4, and the check value of the catalogue of parametrised CRCs.
    CHECK(crc32c(bytes_of("123456789")) == 0xE3069283);
    CHECK(crc32c(Bytes(32, std::byte{0x00})) == 0x8A9136AA);
    CHECK(crc32c(Bytes(32, std::byte{0xff})) == 0x62A8AB43);
    Bytes rising(32);
    for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::byte>(i);
    CHECK(crc32c(rising) == 0x46DD794E);
    std::reverse(rising.begin(), rising.end());
    CHECK(crc32c(rising) == 0x113FDB5C);
    CHECK(crc32c({}) == 0);
}

TEST_CASE("CRC-32C by tables, by instruction and in pieces agree") {
    if (!crc32c_in_hardware()) WARN("this processor has no CRC-32C instruction: tables only");
    for (std::uint64_t seed = test::first_seed(); seed < test::first_seed() + 300; ++seed) {
        std::mt19937_64 random(seed);
        const Bytes bytes = random_bytes(random, random() % 300);
        const auto before = static_cast<std::uint32_t>(random());
        const std::size_t cut = bytes.empty() ? 0 : random() % bytes.size();
        const std::span<const std::byte> all(bytes);
        CAPTURE(seed, bytes.size(), cut);
        const std::uint32_t crc = crc32c_by_tables(all, before);
        CHECK(crc32c_by_tables(all.subspan(cut), crc32c_by_tables(all.first(cut), before)) == crc);
        CHECK(crc32c(all, before) == crc);
        if (crc32c_in_hardware()) CHECK(crc32c_by_instruction(all, before) == crc);
    }
}

TEST_CASE("a record's bytes are those of the document") {
    const RecordHeader header{.type = RecordType::event,
                              .flags = 0x0102,
                              .synced = 0x03040506,
                              .sequence = 0x1112131415161718,
                              .time = Timestamp::from_ns(0x2122232425262728)};
    Bytes room(record_bytes(3), std::byte{0xee});
    REQUIRE(room.size() == 64);
    const std::uint32_t crc = write_record(header, bytes_of("abc"), 0xCAFEF00D, room);
    const std::vector<int> expected = {3,    0,    0,    0,    0,    0,    0,    0,  // length, crc
                                       2,    0,    2,    1,    6,    5,    4,    3,    0x18, 0x17,
                                       0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x28, 0x27, 0x26, 0x25,
                                       0x24, 0x23, 0x22, 0x21, 'a',  'b',  'c',  0,    0};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (i / 4 == 1) continue;  // the crc
        CAPTURE(i);
        CHECK(static_cast<int>(room[i]) == expected[i]);
    }
    CHECK(
        std::all_of(room.begin() + 35, room.end(), [](std::byte b) { return b == std::byte{0}; }));
    CHECK(load_little<std::uint32_t>(&room[4]) == crc);
    // By hand: the crc before, the header without its crc, the payload.
    Bytes summed = {std::byte{0x0D}, std::byte{0xF0}, std::byte{0xFE}, std::byte{0xCA}};
    summed.insert(summed.end(), room.begin(), room.begin() + 4);
    summed.insert(summed.end(), room.begin() + 8, room.begin() + 35);
    CHECK(crc32c(summed) == crc);

    RecordHeader read;
    const auto head = std::span<const std::byte>(room).first<kRecordHeaderBytes>();
    REQUIRE(read_record_header(head, JournalStream::events, read));
    CHECK(read.length == 3);
    CHECK(read.crc == crc);
    CHECK(read.type == header.type);
    CHECK(read.flags == header.flags);
    CHECK(read.synced == header.synced);
    CHECK(read.sequence == header.sequence);
    CHECK(read.time == header.time);
    CHECK(record_crc(std::span(room).first(35), 0xCAFEF00D) == crc);
    CHECK(record_crc(std::span(room).first(35), 0xCAFEF00C) != crc);
    CHECK_FALSE(read_record_header(head, JournalStream::inputs, read));
}

TEST_CASE("zeros, unknown types and lengths beyond their type's are no record") {
    RecordHeader header;
    Bytes bytes(kRecordHeaderBytes);
    const auto reads = [&] {
        return read_record_header(std::span<const std::byte>(bytes).first<kRecordHeaderBytes>(),
                                  JournalStream::inputs, header);
    };
    CHECK_FALSE(reads());
    store_little(std::uint32_t{kInputBytesMax}, &bytes[0]);
    CHECK_FALSE(reads());  // type 0
    store_little(std::uint16_t{1}, &bytes[8]);
    CHECK(reads());
    store_little(std::uint32_t{kInputBytesMax + 1}, &bytes[0]);
    CHECK_FALSE(reads());
    store_little(std::uint16_t{6}, &bytes[8]);
    store_little(std::uint32_t{8}, &bytes[0]);
    CHECK_FALSE(reads());
}

TEST_CASE("a segment's header comes back, and any flipped bit of it is noticed") {
    SegmentHeader header{.stream = JournalStream::events,
                         .epoch = 7,
                         .first_sequence = 480'001,
                         .created = Timestamp::from_ns(1'760'130'903'120'000'000)};
    header.session.fill(std::byte{0xab});
    header.previous.fill(std::byte{0xcd});
    std::array<std::byte, kSegmentHeaderBytes> bytes{};
    write_segment_header(header, bytes);
    SegmentHeader read;
    REQUIRE(read_segment_header(bytes, read) == SegmentHeaderProblem::none);
    CHECK(read.stream == header.stream);
    CHECK(read.epoch == header.epoch);
    CHECK(read.session == header.session);
    CHECK(read.first_sequence == header.first_sequence);
    CHECK(read.created == header.created);
    CHECK(read.previous == header.previous);
    CHECK(read.crc == crc32c(std::span(bytes).first(124)));
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        CAPTURE(bit);
        auto altered = bytes;
        altered[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const SegmentHeaderProblem problem = read_segment_header(altered, read);
        CHECK(problem ==
              (bit < 64 ? SegmentHeaderProblem::not_a_segment : SegmentHeaderProblem::damaged));
    }
    store_little(std::uint32_t{2}, &bytes[8]);
    store_little(crc32c(std::span(bytes).first(124)), &bytes[124]);
    CHECK(read_segment_header(bytes, read) == SegmentHeaderProblem::unknown_version);
}

TEST_CASE("an epoch keeps its configuration to the letter; cut or longer it is none") {
    const EpochRecord epoch{.number = 3,
                            .reason = EpochReason::restart,
                            .program = "margind 0.1.0",
                            .config_name = "margind.yaml",
                            .config_text = "# caf\xc3\xa9\nengine:\n  shards: 1\n"};
    Bytes payload = encode_epoch(epoch);
    REQUIRE_FALSE(payload.empty());
    const std::optional<EpochRecord> read = decode_epoch(payload);
    REQUIRE(read);
    CHECK(read->number == epoch.number);
    CHECK(read->reason == epoch.reason);
    CHECK(read->program == epoch.program);
    CHECK(read->config_name == epoch.config_name);
    CHECK(read->config_text == epoch.config_text);
    for (std::size_t length = 0; length < payload.size(); ++length) {
        CHECK_FALSE(decode_epoch(std::span(payload).first(length)));
    }
    payload.push_back(std::byte{0});
    CHECK_FALSE(decode_epoch(payload));
}

TEST_CASE("a configuration too large for an epoch is refused") {
    EpochRecord epoch;
    epoch.config_text.assign(kEpochBytesMax - 13, '#');
    CHECK(encode_epoch(epoch).size() == kEpochBytesMax);
    epoch.config_text += '#';
    CHECK(encode_epoch(epoch).empty());
    epoch.config_text.clear();
    epoch.config_name.assign(65'536, 'n');
    CHECK(encode_epoch(epoch).empty());
}

TEST_CASE("an archive that went bad stays bad and leaves fields alone") {
    const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    SpanSource source(bytes);
    SpanReader reader(source);
    std::uint32_t wide = 77;
    std::uint8_t narrow = 88;
    reader.value(wide);
    CHECK_FALSE(reader.ok());
    reader.value(narrow);
    CHECK(wide == 77);
    CHECK(narrow == 88);

    SpanSource truth_source{std::span(bytes).subspan(1)};
    SpanReader truth_reader(truth_source);
    bool truth = false;
    truth_reader.value(truth);  // 2 is neither yes nor no
    CHECK_FALSE(truth_reader.ok());

    std::array<std::byte, 3> room{};
    SpanSink sink(room);
    SpanWriter writer(sink);
    writer.value(std::uint16_t{1});
    writer.value(std::uint16_t{2});
    CHECK_FALSE(writer.ok());
    CHECK(sink.used() == 2);
}
