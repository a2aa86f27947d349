// An engine's whole state after an input, in a file: what a restart goes on from instead of the
// first input. docs/snapshots.md shows every byte.
//
//   128 bytes of header, the epoch in force (an epoch record's payload and its CRC-32C), blocks of
//   up to 1 MiB (length, CRC-32C, bytes), a block of length zero, SHA-256 of all before it.
//
// A file has its name only once it is whole and on disk. Nothing in it is trusted before its sums
// were right, and the engine that was read from it is not before the last one was.
//
// Threads: one for each object. Blocks on reads and writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/state_stream.hpp"
#include "core/journal/epoch.hpp"
#include "core/time.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/journal_directory.hpp"
#include "daemon/journal/sha256.hpp"

namespace margind::daemon {

inline constexpr std::uint32_t kSnapshotVersion = 1;

// What a snapshot is of.
struct SnapshotAbout {
    SessionId session{};
    std::uint64_t input_seq = 0;  // the last one applied
    std::uint64_t event_seq = 0;  // the last one made
    core::Timestamp engine_time;  // of that input
    core::Timestamp created;      // by the machine's clock
    core::EpochRecord epoch;      // in force
};

std::string snapshot_name(std::uint64_t input_seq);  // snapshot-00000000000000000007.mgs

// The input numbers of the folder's snapshots, newest first.
IoError list_snapshots(FileLayer& files, const std::string& folder,
                       std::vector<std::uint64_t>& snapshots);

// Writes the engine's state under its input's number: to another name first, then synced, renamed,
// and the folder synced. Requires: engine.can_save(). `bytes`: of the file.
IoError write_snapshot(FileLayer& files, const std::string& folder, const SnapshotAbout& about,
                       const core::Engine& engine, std::uint64_t& bytes);

// Removes all but the newest `count`, and what was left half written.
IoError keep_snapshots(FileLayer& files, const std::string& folder, std::size_t count);

// A snapshot being read: its state as blocks, each checked before it is given out.
class SnapshotReader final : public core::StateSource {
  public:
    // Reads header and epoch. Not usable where problem() is not empty.
    SnapshotReader(FileLayer& files, const std::string& path);

    const SnapshotAbout& about() const noexcept { return about_; }
    // Reads on to the end: whether every byte of the file is as it was written.
    bool whole();
    // What is wrong, and where; empty: nothing so far.
    const std::string& problem() const noexcept { return problem_; }

  protected:
    std::span<const std::byte> next_block() noexcept override;

  private:
    bool read(std::span<std::byte> bytes);
    void read_header();
    void read_end();
    void damaged(const std::string& what);

    const std::string path_;
    std::unique_ptr<File> file_;
    std::uint64_t offset_ = 0;
    Sha256Sum sum_;
    std::vector<std::byte> block_;
    SnapshotAbout about_;
    std::string problem_;
    bool ended_ = false;
};

}  // namespace margind::daemon
