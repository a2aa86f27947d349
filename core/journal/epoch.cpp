#include "core/journal/epoch.hpp"

#include <limits>

#include "core/journal/archive.hpp"
#include "core/journal/record.hpp"

namespace margind::core {
namespace {

// Texts with a length of their own width before them.
template <class Length>
void write_text(SpanWriter& writer, const std::string& text) {
    if (text.size() > std::numeric_limits<Length>::max()) return writer.fail();
    writer.value(static_cast<Length>(text.size()));
    writer.bytes(std::as_bytes(std::span(text)));
}

template <class Length>
void read_text(SpanReader& reader, const SpanSource& source, std::string& text) {
    Length length = 0;
    reader.value(length);
    // Before the memory is asked for: a length that is not true must not cost any.
    if (!reader.ok() || length > source.left()) return reader.fail();
    text.resize(length);
    reader.bytes(std::as_writable_bytes(std::span(text)));
}

}  // namespace

std::vector<std::byte> encode_epoch(const EpochRecord& epoch) {
    constexpr std::size_t kFixed = 4 + 1 + 2 + 2 + 4;
    std::vector<std::byte> payload(kFixed + epoch.program.size() + epoch.config_name.size() +
                                   epoch.config_text.size());
    SpanSink sink(payload);
    SpanWriter writer(sink);
    writer.value(epoch.number);
    writer.value(epoch.reason, EpochReason::restart);
    write_text<std::uint16_t>(writer, epoch.program);
    write_text<std::uint16_t>(writer, epoch.config_name);
    write_text<std::uint32_t>(writer, epoch.config_text);
    if (!writer.ok() || payload.size() > kEpochBytesMax) payload.clear();
    return payload;
}

std::optional<EpochRecord> decode_epoch(std::span<const std::byte> payload) {
    EpochRecord epoch;
    SpanSource source(payload);
    SpanReader reader(source);
    reader.value(epoch.number);
    reader.value(epoch.reason, EpochReason::restart);
    read_text<std::uint16_t>(reader, source, epoch.program);
    read_text<std::uint16_t>(reader, source, epoch.config_name);
    read_text<std::uint32_t>(reader, source, epoch.config_text);
    if (!reader.ok() || source.left() != 0) return std::nullopt;
    return epoch;
}

}  // namespace margind::core
