// What lies in a journal's folder: names of segments, which there are, how they hang together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal/record.hpp"
#include "daemon/journal/file_layer.hpp"

namespace margind::daemon {

using Sha256 = std::array<std::byte, 32>;
using SessionId = std::array<std::byte, 16>;

struct SegmentFile {
    core::JournalStream stream = core::JournalStream::inputs;
    std::uint64_t first_sequence = 0;
    bool compressed = false;  // .mgj.zst
    std::string name;         // in the folder

    friend bool operator==(const SegmentFile&, const SegmentFile&) = default;
};

std::string_view to_text(core::JournalStream stream);  // "inputs", "events"
// inputs-00000000000000000001.mgj
std::string segment_name(core::JournalStream stream, std::uint64_t first_sequence);
// The next segment, made ready before it is needed; it has no number yet.
std::string spare_name(core::JournalStream stream);

// The segments of a stream, oldest first. Where a segment lies both plain and compressed, the plain
// one: the other may be unfinished.
IoError list_segments(FileLayer& files, const std::string& folder, core::JournalStream stream,
                      std::vector<SegmentFile>& segments);

// Opens a listed segment's file to read. Beside a daemon that compresses a plain one may be gone by
// now: then its compressed twin is opened, and `segment` says so.
IoError open_segment_file(FileLayer& files, const std::string& folder, SegmentFile& segment,
                          std::unique_ptr<File>& file);

// The first number that each stream still has; what comes before it has been removed by retention.
// Zero: the stream has no segment.
struct JournalRange {
    std::uint64_t first_input = 0;
    std::uint64_t first_event = 0;
};
IoError journal_range(FileLayer& files, const std::string& folder, JournalRange& range);

}  // namespace margind::daemon
