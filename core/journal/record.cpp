#include "core/journal/record.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/assert.hpp"
#include "core/journal/archive.hpp"
#include "core/journal/crc32c.hpp"

namespace margind::core {
namespace {

constexpr std::string_view kMagic = "MGJRNL01";
constexpr std::size_t kCrcAt = 4;  // in a record's header
constexpr std::size_t kSegmentCrcAt = kSegmentHeaderBytes - 4;

// In the order of the bytes; kept next to each other so that a reader of this file sees the layout.
template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<RecordHeader> header) {
    archive.value(header.length);
    archive.value(header.crc);
    archive.value(header.type, RecordType::seal);
    archive.value(header.flags);
    archive.value(header.synced);
    archive.value(header.sequence);
    archive.value(header.time);
}

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<SegmentHeader> header) {
    std::array<std::byte, 3> padding{};
    std::array<std::byte, 4> more_padding{};
    archive.value(header.stream, JournalStream::events);
    archive.bytes(padding);
    archive.value(header.epoch);
    archive.bytes(more_padding);
    archive.bytes(header.session);
    archive.value(header.first_sequence);
    archive.value(header.created);
    archive.bytes(header.previous);
}

}  // namespace

std::size_t payload_bytes_max(RecordType type, JournalStream stream) noexcept {
    switch (type) {
        case RecordType::input:
            return stream == JournalStream::inputs ? kInputBytesMax : 0;
        case RecordType::event:
            return stream == JournalStream::events ? kEventBytesMax : 0;
        case RecordType::epoch:
            return stream == JournalStream::inputs ? kEpochBytesMax : 0;
        case RecordType::close:
        case RecordType::seal:
            return kEndRecordBytes;
    }
    return 0;
}

std::uint32_t record_crc(std::span<const std::byte> record, std::uint32_t previous_crc) noexcept {
    std::array<std::byte, 4> before{};
    store_little(previous_crc, before.data());
    std::uint32_t crc = crc32c(before);
    crc = crc32c(record.first(kCrcAt), crc);
    return crc32c(record.subspan(kCrcAt + sizeof(crc)), crc);
}

std::uint32_t write_record(RecordHeader header, std::span<const std::byte> payload,
                           std::uint32_t previous_crc, std::span<std::byte> room) noexcept {
    MARGIND_ASSERT(!payload.empty() && room.size() == record_bytes(payload.size()));
    header.length = static_cast<std::uint32_t>(payload.size());
    header.crc = 0;
    SpanSink sink(room);
    SpanWriter writer(sink);
    fields(writer, header);
    writer.bytes(payload);
    MARGIND_ASSERT(writer.ok());
    std::fill(room.begin() + static_cast<std::ptrdiff_t>(sink.used()), room.end(), std::byte{0});
    const std::uint32_t crc = record_crc(room.first(sink.used()), previous_crc);
    store_little(crc, room.data() + kCrcAt);
    return crc;
}

bool read_record_header(std::span<const std::byte, kRecordHeaderBytes> bytes, JournalStream stream,
                        RecordHeader& header) noexcept {
    SpanSource source(bytes);
    SpanReader reader(source);
    fields(reader, header);
    if (!reader.ok() || header.type < RecordType::input || header.length == 0) return false;
    return header.length <= payload_bytes_max(header.type, stream);
}

void write_segment_header(const SegmentHeader& header,
                          std::span<std::byte, kSegmentHeaderBytes> bytes) noexcept {
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    SpanSink sink(bytes);
    SpanWriter writer(sink);
    writer.bytes(std::as_bytes(std::span(kMagic)));
    writer.value(kJournalVersion);
    fields(writer, header);
    MARGIND_ASSERT(writer.ok() && sink.used() <= kSegmentCrcAt);
    store_little(crc32c(bytes.first(kSegmentCrcAt)), bytes.data() + kSegmentCrcAt);
}

SegmentHeaderProblem read_segment_header(std::span<const std::byte, kSegmentHeaderBytes> bytes,
                                         SegmentHeader& header) noexcept {
    if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
        return SegmentHeaderProblem::not_a_segment;
    }
    header.crc = load_little<std::uint32_t>(bytes.data() + kSegmentCrcAt);
    if (header.crc != crc32c(bytes.first(kSegmentCrcAt))) return SegmentHeaderProblem::damaged;
    SpanSource source(bytes.subspan(kMagic.size()));
    SpanReader reader(source);
    std::uint32_t version = 0;
    reader.value(version);
    if (version != kJournalVersion) return SegmentHeaderProblem::unknown_version;
    fields(reader, header);
    if (!reader.ok() || header.first_sequence == 0) return SegmentHeaderProblem::damaged;
    return SegmentHeaderProblem::none;
}

std::array<std::byte, kEndRecordBytes> encode_end(EndRecord end) noexcept {
    std::array<std::byte, kEndRecordBytes> payload{};
    store_little(end.records, payload.data());
    return payload;
}

std::optional<EndRecord> decode_end(std::span<const std::byte> payload) noexcept {
    if (payload.size() != kEndRecordBytes) return std::nullopt;
    return EndRecord{.records = load_little<std::uint64_t>(payload.data())};
}

}  // namespace margind::core
