// Whether the last segments of a journal are gone altogether, which no segment that is there says
// of itself: a full one names its successor, but a crash between the two leaves the same. What the
// other stream and the snapshots have is proof.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/review/chain.hpp"

namespace margind::daemon {

struct MissingEnd {
    std::vector<std::string> problems;  // something was there, and is not any more
    std::vector<std::string> notes;     // perhaps it was
};

// `inputs` and `events`: of read_chain(), whole streams, the events read first, so that beside a
// daemon that writes no event is seen before its input. `last_snapshot`: after which input the
// newest one is; 0: there is none.
MissingEnd find_missing_end(const std::string& folder, std::span<const SegmentSeen> inputs,
                            std::span<const SegmentSeen> events, std::uint64_t last_snapshot);

// Whether an event that was on disk is of an input that is not there, though its stream's end looks
// like that of a daemon that was killed: what a start would not go on from. Empty: there is none.
// False: `problem` says why that cannot be told. Reads the segments that are not compressed.
bool find_orphan_on_disk(FileLayer& files, const std::string& folder, std::string& orphan,
                         std::string& problem);

// Whether the run that wrote the stream's last segment ended as it should.
bool ends_closed(std::span<const SegmentSeen> stream);

}  // namespace margind::daemon
