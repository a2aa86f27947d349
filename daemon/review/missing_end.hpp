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

// Whether the run that wrote the stream's last segment ended as it should.
bool ends_closed(std::span<const SegmentSeen> stream);

}  // namespace margind::daemon
