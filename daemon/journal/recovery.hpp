// What a journal is worth after the daemon has ended, however it ended: the longest part of it that
// is whole, and whether what lies behind that part is a torn tail or damage.
//
// A torn tail is what was being written when the daemon ended: nobody was told of it. Damage is
// anything else that is not as it was written; only somebody who says so may have it cut off.
//
// Threads: the caller has the folder's lock (FolderLock).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"

namespace margind::daemon {

// Where a stream goes on.
struct StreamEnd {
    std::uint64_t next_sequence = 1;
    Sha256 previous{};  // of its last segment; zeros: it has none
};

struct JournalState {
    StreamEnd inputs;
    StreamEnd events;
    std::uint32_t last_epoch = 0;  // 0: none: the journal is empty
    SessionId session{};           // of the last epoch
    bool closed = false;           // the last run ended as it should, the events before the inputs
    // Damage was accepted at the end: numbers beyond it were perhaps published, and come again.
    // Whoever goes on from here begins a new session.
    bool loss_accepted = false;
    // What was cut off, and how much, a line each; for the log.
    std::vector<std::string> notes;
    // Empty: the journal can be gone on with. Else what is damaged, where, and what to do.
    std::string problem;
    bool damaged = false;  // the problem is damage: it does not go away by itself
};

// Looks only, but at every byte of every segment (compressed ones give about 500 MB/s): that all
// sums are right, that no segment is missing, and that each names the SHA-256 of the one before it.
JournalState examine_journal(FileLayer& files, const std::string& folder);

// Makes the folder ready to be gone on with: torn tails are cut off, unfinished segments written
// anew and sealed (what the page cache says after a crash or a failed sync is no proof of what is
// on disk), files that were in the making removed. With a problem nothing is changed. May be
// interrupted and run again.
JournalState recover_journal(FileLayer& files, const std::string& folder);

// Like recover_journal, but looks at every byte, and cuts a journal off at damage too: `margind
// journal repair`. What is cut off stays in the folder, in files named lost-...: see the notes.
JournalState repair_journal(FileLayer& files, const std::string& folder);

}  // namespace margind::daemon
