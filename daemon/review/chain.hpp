// The segments of a journal as proof: every byte is in some record's sum or in its padding, every
// finished segment's SHA-256 stands in the header of the one after it, and behind a compressed one.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/journal/epoch.hpp"
#include "core/journal/record.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"

namespace margind::daemon {

// A run of the daemon, as its epoch record has it.
struct EpochSeen {
    std::uint64_t first_input = 0;  // the first it took, if it took one
    core::Timestamp time;
    core::EpochRecord record;
};

struct SegmentSeen {
    SegmentFile file;
    core::SegmentHeader header;
    std::uint64_t bytes = 0;       // uncompressed
    std::uint64_t file_bytes = 0;  // on disk
    std::uint64_t records = 0;     // inputs, events, epochs
    std::uint64_t next_sequence = 0;
    core::Timestamp first_time;  // of its first and last input or event; not stated: none
    core::Timestamp last_time;
    std::uint64_t last_input = 0;  // of events: that of the last one
    bool timer = false;            // of inputs: one of them is a timer
    bool finished = false;         // by a close or seal record; else it is the one being written
    bool closed = false;           // the run ended as it should
    std::uint16_t seal_flags = 0;
    std::vector<EpochSeen> epochs;
    Sha256 sum{};  // of a finished one
    // What is not as it was written: where and what. Empty: nothing is.
    std::string problem;
    // The problem may be a torn tail, which the daemon's next start cuts off by itself.
    bool torn = false;
};

// Reads every segment of the stream up to the one that has `sequence`, whole, and of the one after
// it the header, which has that one's SHA-256. Goes on behind damage with the next segment. Returns
// false, with `problem`, when the folder cannot be read. Cost: about a second a GB.
bool read_chain(FileLayer& files, const std::string& folder, core::JournalStream stream,
                std::uint64_t sequence, std::vector<SegmentSeen>& segments, std::string& problem);

inline constexpr std::uint64_t kWholeStream = std::numeric_limits<std::uint64_t>::max();

}  // namespace margind::daemon
