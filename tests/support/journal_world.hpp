// A journal on a disk that misbehaves, and beside it what was written, what was reported to be on
// disk, and what anybody may have been told: so that what comes back can be judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/journal/record.hpp"
#include "daemon/journal/journal_keeper.hpp"
#include "daemon/journal/journal_writer.hpp"
#include "daemon/journal/recovery.hpp"
#include "daemon/journal/stream_reader.hpp"
#include "tests/support/fault_files.hpp"
#include "tests/support/random_records.hpp"

namespace margind::test {

struct JournalWorld {
    using Bytes = std::vector<std::byte>;
    // Number -> payload.
    using Payloads = std::map<std::uint64_t, Bytes>;

    static constexpr const char* kFolder = "journal";

    explicit JournalWorld(std::uint64_t seed, std::uint64_t segment_size = 8192);

    // A new run: recovers, and begins an epoch. Empty: it may go on; else the problem. Checks that
    // what was reported is there and that what is there was written.
    std::string begin_run();
    // Some inputs and events, commits now and then, background work now and then. False: the writer
    // has failed.
    bool work(std::size_t steps);
    bool commit();

    // What stands in a stream, read record by record. `problem`: why reading stopped.
    Payloads read(core::JournalStream stream, std::string& problem);
    // Both streams hold exactly what was written, up to the recovered end. Empty: so it is.
    std::string compare();

    // Lets go of the writer and the keeper, as the end of a process does.
    void end_run();

    FaultFiles files;
    RandomRecords random;
    std::uint64_t segment_bytes;
    daemon::JournalState state;
    std::unique_ptr<daemon::JournalWriter> writer;
    std::unique_ptr<daemon::JournalKeeper> keeper;
    std::uint64_t clock = 1'760'130'903'120'000'000;
    std::uint64_t no_space = 0;  // appends that found none

    Payloads inputs;  // as written last under each number
    Payloads events;
    std::uint64_t reported_inputs = 0;  // to be on disk
    std::uint64_t reported_events = 0;
    // The same before the last commit that had some: for what no checksum can prove.
    std::uint64_t reported_inputs_before = 0;
    std::uint64_t reported_events_before = 0;
    Payloads published;  // events that a subscriber has had

  private:
    void step();
    void append_one();
    core::Timestamp now() {
        clock += 1'000'000;
        return core::Timestamp::from_ns(static_cast<std::int64_t>(clock));
    }
};

}  // namespace margind::test
