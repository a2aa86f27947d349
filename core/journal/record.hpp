// What the journal's files consist of: a segment header, then records, each beginning on a block of
// 64 bytes, up to a length of zero or the file's end. docs/journal.md shows every byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/time.hpp"

namespace margind::core {

inline constexpr std::size_t kBlockBytes = 64;
inline constexpr std::size_t kRecordHeaderBytes = 32;
inline constexpr std::size_t kSegmentHeaderBytes = 128;
inline constexpr std::uint32_t kJournalVersion = 1;

// Largest payloads. A record whose length is above its type's is none.
inline constexpr std::size_t kInputBytesMax = 160;
inline constexpr std::size_t kEventBytesMax = 992;
inline constexpr std::size_t kEpochBytesMax = 4UL << 20;  // it holds a whole configuration

// The two streams of a journal.
enum class JournalStream : std::uint8_t { inputs, events };

enum class RecordType : std::uint16_t {
    input = 1,  // payload: encode_input; sequence: input_seq; time: engine_time
    event = 2,  // payload: encode_event; sequence: event_seq; time: when the daemon recorded it
    epoch = 3,  // a run of the daemon begins; payload: EpochRecord
    close = 4,  // a run ended as it should; nothing follows in this segment
    seal = 5,   // this segment is full, or was mended; the stream goes on in the next one
};

// Types epoch, close and seal have as sequence that of the stream's next input or event.
struct RecordHeader {
    std::uint32_t length = 0;  // of the payload in bytes, > 0
    std::uint32_t crc = 0;     // record_crc()
    RecordType type = RecordType::input;
    std::uint16_t flags = 0;     // of a seal: SealFlag; else zero
    std::uint32_t synced = 0;    // blocks of this segment known to be on disk when it was written
    std::uint64_t sequence = 0;  // by type
    Timestamp time;              // by type
};

// A seal record's flags say why there is one where the segment could have gone on.
enum SealFlag : std::uint16_t {
    kSealFull = 0,          // it could not
    kSealRecovered = 1,     // the daemon had ended without a close; what was torn is cut off
    kSealLossAccepted = 2,  // damage was found, and somebody accepted the loss of what followed
};

// Close and seal records' payload.
struct EndRecord {
    std::uint64_t records = 0;  // that stand before this one in the segment
};
inline constexpr std::size_t kEndRecordBytes = 8;

// What record_crc() of a segment's first record goes on from is the crc of its header.
struct SegmentHeader {
    JournalStream stream = JournalStream::inputs;
    std::uint32_t epoch = 0;               // in which the segment was begun
    std::array<std::byte, 16> session{};   // numbers mean the same within one session
    std::uint64_t first_sequence = 0;      // of the first input or event that may stand in it
    Timestamp created;                     // by the machine's clock
    std::array<std::byte, 32> previous{};  // SHA-256 of the stream's segment before; zeros: none
    std::uint32_t crc = 0;                 // of the 124 bytes before it
};

// Bytes a record takes, padding included: a multiple of kBlockBytes.
constexpr std::size_t record_bytes(std::size_t payload) noexcept {
    return (kRecordHeaderBytes + payload + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}
inline constexpr std::size_t kEndBytes = record_bytes(kEndRecordBytes);

// Largest payload of a type in a stream; zero: such a record may not stand there.
std::size_t payload_bytes_max(RecordType type, JournalStream stream) noexcept;

// Writes the header, the payload and zeros up to record_bytes() into `room`, with the crc that
// follows from `previous_crc`; returns that crc. `header.length` and `.crc` are not looked at.
// Requires: room.size() == record_bytes(payload.size()).
std::uint32_t write_record(RecordHeader header, std::span<const std::byte> payload,
                           std::uint32_t previous_crc, std::span<std::byte> room) noexcept;

// Reads 32 bytes. False: that is no record of this stream (its length or type cannot be).
bool read_record_header(std::span<const std::byte, kRecordHeaderBytes> bytes, JournalStream stream,
                        RecordHeader& header) noexcept;

// CRC-32C over the crc of the record before (of the first record: of the segment's header), the
// header's bytes without `crc`, and the payload. `record`: header and payload.
std::uint32_t record_crc(std::span<const std::byte> record, std::uint32_t previous_crc) noexcept;

void write_segment_header(const SegmentHeader& header,
                          std::span<std::byte, kSegmentHeaderBytes> bytes) noexcept;

enum class SegmentHeaderProblem : std::uint8_t {
    none,
    not_a_segment,    // another magic number
    unknown_version,  // of a later margind
    damaged,          // its crc is not that of its bytes, or a field cannot be
};
SegmentHeaderProblem read_segment_header(std::span<const std::byte, kSegmentHeaderBytes> bytes,
                                         SegmentHeader& header) noexcept;

std::array<std::byte, kEndRecordBytes> encode_end(EndRecord end) noexcept;
std::optional<EndRecord> decode_end(std::span<const std::byte> payload) noexcept;

}  // namespace margind::core
