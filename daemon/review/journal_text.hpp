// What lies in a journal's folder, for people.
#pragma once

#include <string>
#include <vector>

#include "daemon/gateway/event_json.hpp"
#include "daemon/review/chain.hpp"
#include "daemon/review/missing_end.hpp"

namespace margind::daemon {

struct JournalSeen {
    struct Other {
        std::string name;
        std::uint64_t bytes = 0;
    };
    struct Snapshot {
        std::string name;
        std::uint64_t bytes = 0;
        std::string problem;  // what is not as it was written; empty: nothing is
    };
    std::vector<SegmentSeen> inputs;
    std::vector<SegmentSeen> events;
    std::vector<Snapshot> snapshots;
    std::vector<Other> lost;  // side files of an accepted loss
    MissingEnd end;

    std::vector<std::string> problems() const;  // of segments, then of the end, then of snapshots
    std::vector<std::string> snapshot_problems() const;
    bool damaged() const;  // beyond a torn tail
};

// Reads all of it. False: `problem` says why it cannot be read.
bool read_journal(FileLayer& files, const std::string& folder, JournalSeen& seen,
                  std::string& problem);

void write_journal(const JournalSeen& seen, TextBuffer& out);

}  // namespace margind::daemon
