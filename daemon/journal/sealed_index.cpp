#include <cstring>
#include <string_view>

#include "core/journal/archive.hpp"
#include "core/journal/crc32c.hpp"
#include "daemon/journal/sealed_segment.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint32_t kSkippable = 0x184D2A5E;
constexpr std::string_view kIndexMagic = "MGJINDX1";
constexpr std::size_t kFixedBytes = 64;
constexpr std::size_t kFrameEntryBytes = 32;
constexpr std::size_t kEndBytes = 8;
constexpr std::size_t kSkippableHeaderBytes = 8;

template <class Archive>
void fields(Archive& archive, typename Archive::template Ref<SealedFrame> frame) {
    archive.value(frame.offset);
    archive.value(frame.sequence);
    archive.value(frame.bytes);
    archive.value(frame.first_record);
    archive.value(frame.previous_crc);
    archive.value(frame.crc);
}

// Frames fill the file up to its index, and hold all of the segment.
bool complete(const SealedIndex& index) {
    const std::uint64_t room = std::uint64_t{index.frames.size()} * kFrameBytes;
    return index.plain_bytes <= room && index.plain_bytes + kFrameBytes > room;
}

}  // namespace

std::vector<std::byte> encode_index(const SealedIndex& index) {
    const std::size_t content = kFixedBytes + index.frames.size() * kFrameEntryBytes;
    std::vector<std::byte> bytes(kSkippableHeaderBytes + content + kEndBytes);
    core::SpanSink sink(bytes);
    core::SpanWriter writer(sink);
    writer.value(kSkippable);
    writer.value(static_cast<std::uint32_t>(content + kEndBytes));
    writer.bytes(std::as_bytes(std::span(kIndexMagic)));
    writer.value(index.plain_bytes);
    writer.value(index.next_sequence);
    writer.bytes(index.sum);
    writer.value(static_cast<std::uint32_t>(index.frames.size()));
    writer.value(std::uint32_t{0});
    for (const SealedFrame& frame : index.frames) fields(writer, frame);
    writer.value(static_cast<std::uint32_t>(content));
    writer.value(core::crc32c(std::span(bytes).subspan(kSkippableHeaderBytes, content)));
    return bytes;
}

std::uint64_t index_bytes(std::span<const std::byte, 8> end) {
    const auto content = core::load_little<std::uint32_t>(end.data());
    if (content < kFixedBytes || (content - kFixedBytes) % kFrameEntryBytes != 0) return 0;
    return kSkippableHeaderBytes + content + kEndBytes;
}

bool decode_index(std::span<const std::byte> tail, SealedIndex& index) {
    if (tail.size() < kSkippableHeaderBytes + kFixedBytes + kEndBytes) return false;
    const std::uint64_t bytes = index_bytes(tail.last<kEndBytes>());
    if (bytes == 0 || bytes > tail.size()) return false;
    const std::size_t content = bytes - kSkippableHeaderBytes - kEndBytes;
    const std::span<const std::byte> body = tail.last(content + kEndBytes).first(content);
    if (core::crc32c(body) != core::load_little<std::uint32_t>(&tail[tail.size() - 4]))
        return false;
    if (std::memcmp(body.data(), kIndexMagic.data(), kIndexMagic.size()) != 0) return false;
    core::SpanSource source(body.subspan(kIndexMagic.size()));
    core::SpanReader reader(source);
    std::uint32_t frames = 0;
    std::uint32_t padding = 0;
    reader.value(index.plain_bytes);
    reader.value(index.next_sequence);
    reader.bytes(index.sum);
    reader.value(frames);
    reader.value(padding);
    if (!reader.ok() || padding != 0 || frames != source.left() / kFrameEntryBytes) return false;
    index.frames.assign(frames, {});
    for (SealedFrame& frame : index.frames) fields(reader, frame);
    const std::byte* const head = tail.data() + (tail.size() - bytes);
    return reader.ok() && complete(index) && core::load_little<std::uint32_t>(head) == kSkippable &&
           core::load_little<std::uint32_t>(head + 4) == content + kEndBytes;
}

}  // namespace margind::daemon
