// Makes a stream's folder what its scan says it should be.
//
// Threads: one; the caller has the folder's lock. Each step leaves something that can be scanned
// and mended again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/stream_scan.hpp"

namespace margind::daemon {

enum class Mending : std::uint8_t {
    torn_tails,  // what is cut off is of no use to anybody
    damage,      // what is cut off is kept, and the seal says that something is missing
};

// Cuts the stream where its scan says, finishes its last segment, and says in `end` where it goes
// on.
IoError mend_stream(FileLayer& files, const std::string& folder, const StreamScan& scan,
                    Mending mending, StreamEnd& end, std::vector<std::string>& notes);

// Files of segments that were in the making: nothing in them was told to anybody.
IoError remove_leftovers(FileLayer& files, const std::string& folder);

}  // namespace margind::daemon
