// A finished segment, compressed: zstd frames of a MiB each, and behind them, in a frame that every
// zstd program skips, the index and the SHA-256 of the segment. `zstd -d` gives back the segment.
//
// Index, little-endian: magic "MGJINDX1", plain bytes u64, next sequence u64, SHA-256 32 bytes,
// number of frames u32, zero u32; per frame: offset in the file u64, sequence of the first record
// that begins in it u64, bytes u32, where in it that record begins u32 (2^32 - 1: none does), crc
// of the record before it u32, CRC-32C of the frame's bytes u32; at the end the bytes of all this
// up to here u32, and their CRC-32C u32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"

namespace margind::daemon {

class Sha256Sum;

inline constexpr std::size_t kFrameBytes = 1UL << 20;  // of the segment in each frame but the last

struct SealedFrame {
    static constexpr std::uint32_t kNone = 0xffffffff;

    std::uint64_t offset = 0;            // in the file
    std::uint64_t sequence = 0;          // of the first record that begins in it
    std::uint32_t bytes = 0;             // in the file
    std::uint32_t first_record = kNone;  // where in it that record begins
    std::uint32_t previous_crc = 0;      // of the record before that one
    std::uint32_t crc = 0;               // CRC-32C of its bytes in the file
};

struct SealedIndex {
    std::uint64_t plain_bytes = 0;
    std::uint64_t next_sequence = 0;  // the first of the stream that is not in it
    Sha256 sum{};                     // of the plain bytes
    std::vector<SealedFrame> frames;
};

// The skippable frame, and back. `tail`: the file's end, that frame and perhaps more before it.
std::vector<std::byte> encode_index(const SealedIndex& index);
// False: that is no index.
bool decode_index(std::span<const std::byte> tail, SealedIndex& index);
// Bytes of the skippable frame, by the file's last 8 bytes; 0: those end no index.
std::uint64_t index_bytes(std::span<const std::byte, 8> end);

// A segment's bytes, wherever they come from.
class SegmentBytes {
  public:
    SegmentBytes() = default;
    SegmentBytes(const SegmentBytes&) = delete;
    SegmentBytes& operator=(const SegmentBytes&) = delete;
    virtual ~SegmentBytes() = default;

    // As File::read, File::size.
    virtual IoError read(std::uint64_t offset, std::span<std::byte> bytes, std::size_t& got) = 0;
    virtual IoError size(std::uint64_t& bytes) = 0;
    // Of a compressed segment; else nullptr.
    virtual const SealedIndex* index() const noexcept { return nullptr; }
};

// Opens a segment, plain or compressed. Error code EBADMSG: it is not what it should be.
IoError open_segment_bytes(FileLayer& files, const std::string& folder, const SegmentFile& segment,
                           std::unique_ptr<SegmentBytes>& bytes);

// Compresses one finished segment, frame by frame, and proves the result before it takes the plain
// one's place.
class SegmentSealer {
  public:
    SegmentSealer(FileLayer& files, std::string folder, SegmentFile segment);
    ~SegmentSealer();

    enum class Step : std::uint8_t { more, done, failed };
    // One frame written, or proved.
    Step step();

    const IoError& error() const noexcept { return error_; }
    std::uint64_t bytes_before() const noexcept { return index_.plain_bytes; }
    std::uint64_t bytes_after() const noexcept { return written_; }

  private:
    IoError start();
    IoError compress_frame();
    IoError finish();
    IoError prove_frame();
    IoError take_place();
    std::string path(const std::string& suffix) const;

    struct Walk;  // over the records, for the index

    FileLayer& files_;
    const std::string folder_;
    const SegmentFile segment_;
    IoError error_;
    std::unique_ptr<File> plain_;
    std::unique_ptr<File> packed_;
    std::unique_ptr<Walk> walk_;
    std::unique_ptr<Sha256Sum> sum_;
    std::unique_ptr<SegmentBytes> proof_;
    SealedIndex index_;
    std::uint64_t done_ = 0;     // plain bytes compressed, or proved
    std::uint64_t written_ = 0;  // bytes of the compressed file
    enum class Phase : std::uint8_t { start, compress, prove } phase_ = Phase::start;
};

}  // namespace margind::daemon
