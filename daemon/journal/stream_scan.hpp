// How far one stream of a journal is whole: what recovery and repair decide from.
//
// Threads: one. Changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/record.hpp"
#include "core/time.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/segment_reader.hpp"

namespace margind::daemon {

// A place in a stream: what comes from there on is not part of it.
struct Cut {
    std::size_t segment = 0;  // in StreamScan::segments
    std::uint64_t offset = 0;
    std::uint64_t next_sequence = 0;  // of the stream, if it goes on from there
    std::uint64_t records = 0;        // before it in its segment
    std::uint32_t crc = 0;            // of the last of them
    core::Timestamp time;             // of the last of them
};

struct StreamScan {
    core::JournalStream stream = core::JournalStream::inputs;
    std::vector<SegmentFile> segments;
    std::vector<Sha256> sums;  // of the finished ones, as far as they were looked at
    Sha256 first_previous{};   // what the first of them says of the one before it
    std::uint64_t next_sequence = 1;
    std::uint32_t epoch = 0;  // of the last segment's header
    SessionId session{};
    // How the last segment ends. Nothing: it is not finished, and `cut` says where it ends.
    std::optional<core::RecordHeader> end;
    std::uint64_t end_offset = 0;  // behind it
    std::optional<Cut> cut;
    std::string damage;   // of the place of `cut`: why it is no torn tail
    std::string failure;  // a file could not be read: nothing can be said
};

enum class ScanDepth : std::uint8_t {
    quick,  // of compressed segments but the last only the index: they are summed when they are
            // read
    whole,  // every byte
};

StreamScan scan_stream(FileLayer& files, const std::string& folder, core::JournalStream stream,
                       ScanDepth depth);

// Cuts `events` where the first event stands whose input is not among `inputs`.
void cut_orphans(FileLayer& files, const std::string& folder, const StreamScan& inputs,
                 StreamScan& events);

// SHA-256 of a segment's bytes up to an offset.
IoError sum_of(SegmentBytes& bytes, std::uint64_t end, Sha256& sum);

}  // namespace margind::daemon
