// A journal of any bytes. The first byte says what the others are: a payload, a segment, a
// compressed one, or records whose sums are made right, so that what lies behind the sums is
// reached too.
//
// Whatever they are: nothing crashes, what is accepted is written back as the same bytes, and a
// journal that was mended or repaired is one that nothing is wrong with.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/assert.hpp"
#include "core/journal/archive.hpp"
#include "core/journal/epoch.hpp"
#include "core/journal/event_codec.hpp"
#include "core/journal/input_codec.hpp"
#include "core/journal/record.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "tests/support/fault_files.hpp"

namespace {

using namespace margind;
using Bytes = std::span<const std::byte>;

const std::string kFolder = "journal";

bool same(Bytes a, Bytes b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void payloads(Bytes bytes) {
    std::array<std::byte, core::kEventBytesMax> room{};
    core::Input input;
    if (core::decode_input(1, core::Timestamp(), bytes, input)) {
        MARGIND_ASSERT(same(bytes, std::span(room).first(core::encode_input(input, room))));
    }
    core::Event event;
    if (core::decode_event(1, bytes, event)) {
        MARGIND_ASSERT(same(bytes, std::span(room).first(core::encode_event(event, room))));
    }
    if (const auto epoch = core::decode_epoch(bytes)) {
        MARGIND_ASSERT(same(bytes, core::encode_epoch(*epoch)));
    }
}

void put(test::FaultFiles& files, const std::string& name, Bytes bytes) {
    std::unique_ptr<daemon::File> file;
    MARGIND_ASSERT(!files.open(kFolder + "/" + name, daemon::Access::create, file));
    MARGIND_ASSERT(!file->write(0, bytes));
    MARGIND_ASSERT(!file->sync());
    MARGIND_ASSERT(!files.sync_folder(kFolder));
}

void read_all(test::FaultFiles& files, core::JournalStream stream, std::uint64_t from) {
    daemon::StreamReader reader(files, kFolder, stream);
    daemon::JournalRecord record;
    core::Input input;
    core::Event event;
    if (reader.seek(from) == daemon::ReadStatus::problem) return;
    while (reader.next(record) == daemon::ReadStatus::record) {
        if (record.header.type == core::RecordType::input) {
            core::decode_input(record.header.sequence, record.header.time, record.payload, input);
        } else if (record.header.type == core::RecordType::event) {
            core::decode_event(record.header.sequence, record.payload, event);
        }
    }
}

void journal(test::FaultFiles& files) {
    for (const auto stream : {core::JournalStream::inputs, core::JournalStream::events}) {
        for (const std::uint64_t from : {1UL, 3UL, 100UL}) read_all(files, stream, from);
    }
    if (!daemon::recover_journal(files, kFolder).problem.empty()) {
        MARGIND_ASSERT(daemon::repair_journal(files, kFolder).problem.empty());
    }
    MARGIND_ASSERT(daemon::examine_journal(files, kFolder).problem.empty());
}

// Lengths, types, flags and payloads from the data; headers, numbers and sums made right.
std::vector<std::byte> summed_records(Bytes data, core::JournalStream stream) {
    std::vector<std::byte> bytes(core::kSegmentHeaderBytes);
    const std::span<std::byte> head(bytes);
    core::write_segment_header({.stream = stream, .epoch = 1, .first_sequence = 1, .created = {}},
                               head.first<core::kSegmentHeaderBytes>());
    auto crc = core::load_little<std::uint32_t>(&bytes[core::kSegmentHeaderBytes - 4]);
    std::uint64_t sequence = 1;
    while (data.size() > 4) {
        const auto type = static_cast<core::RecordType>(1 + static_cast<unsigned>(data[0]) % 5);
        const std::size_t most = core::payload_bytes_max(type, stream);
        const std::size_t length = static_cast<std::size_t>(data[1]) + 1;
        const core::RecordHeader header{.type = type,
                                        .flags = static_cast<std::uint16_t>(data[2]),
                                        .synced = static_cast<std::uint32_t>(data[3]),
                                        .sequence = sequence,
                                        .time = {}};
        data = data.subspan(4);
        if (length > data.size() || length > most) break;
        const std::size_t begin = bytes.size();
        bytes.resize(begin + core::record_bytes(length));
        crc = core::write_record(header, data.first(length), crc, std::span(bytes).subspan(begin));
        data = data.subspan(length);
        sequence += type <= core::RecordType::event ? 1 : 0;
    }
    // What is left stands behind them: a tail.
    bytes.insert(bytes.end(), data.begin(), data.end());
    bytes.resize(bytes.size() + core::kBlockBytes);
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
    test::FaultFiles files(1);
    const std::string inputs = daemon::segment_name(core::JournalStream::inputs, 1);
    const std::string events = daemon::segment_name(core::JournalStream::events, 1);
    switch (data[0] % 5) {
        case 0:
            payloads(bytes);
            return 0;
        case 1:
            put(files, inputs, bytes);
            break;
        case 2:
            put(files, events + ".zst", bytes);
            break;
        case 3:
            put(files, inputs, summed_records(bytes, core::JournalStream::inputs));
            break;
        default:
            put(files, inputs,
                summed_records(bytes.first(bytes.size() / 2), core::JournalStream::inputs));
            put(files, events,
                summed_records(bytes.subspan(bytes.size() / 2), core::JournalStream::events));
    }
    journal(files);
    return 0;
}
