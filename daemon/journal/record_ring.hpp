// Records on their way from the engine's thread to the journal's: encoded once, in order, in memory
// that may be a file on tmpfs. Such a file outlives the process that filled it: what a killed
// daemon had told and not yet written is found there (leftover_of()).
//
// Policy for "full": claim() refuses, and the engine takes no further input (engine_cycle.hpp).
// Nothing is overwritten and nothing dropped.
//
// Threads: one producer, one consumer. Cost of a record: the encoding, a copy of nothing, and a
// store; no system call.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "core/journal/record.hpp"
#include "core/limits.hpp"
#include "core/time.hpp"
#include "daemon/journal/journal_directory.hpp"

namespace margind::daemon {

struct RingRecord {
    core::RecordType type = core::RecordType::input;
    std::uint64_t sequence = 0;
    core::Timestamp time;
    std::span<const std::byte> payload;  // until release()
};

class RecordRing {
  public:
    // `bytes` is rounded up to a power of two, at least 64 KiB; all of it is touched here. Throws
    // std::system_error.
    explicit RecordRing(std::size_t bytes);
    // In a file, made or made anew.
    RecordRing(std::size_t bytes, const std::filesystem::path& file);
    // From now on another process finds what is in the file, if it asks for this session.
    void keep_for(const SessionId& session) noexcept;
    // What another process left in such a file: to be consumed, nothing is produced into it. Throws
    // std::system_error; not valid() where there is no such file or it is of another session.
    static RecordRing leftover_of(const std::filesystem::path& file, const SessionId& session);
    ~RecordRing();
    RecordRing(RecordRing&& other) noexcept;
    RecordRing& operator=(RecordRing&&) = delete;

    bool valid() const noexcept { return control_ != nullptr; }

    // Producer: room for the payload of the next record; empty when there is none. Requires:
    // payload_max <= core::kEventBytesMax.
    std::span<std::byte> claim(std::size_t payload_max) noexcept;
    // Producer: the record in the room claimed last is complete. Requires: payload > 0.
    void commit(core::RecordType type, std::uint64_t sequence, core::Timestamp time,
                std::size_t payload) noexcept;

    // Consumer: the oldest record; false when there is none.
    bool front(RingRecord& record) noexcept;
    // Consumer: the next one is front now; this one still has its place. Requires: front() said
    // true.
    void pop() noexcept { consumed_ += front_bytes_; }
    // Consumer: gives back the places of all that were popped: they have been written.
    void release() noexcept;

    // Any thread: bytes that wait, as of a moment ago.
    std::size_t depth() const noexcept;
    std::size_t capacity() const noexcept { return capacity_; }

  private:
    struct Control;
    struct Slot {  // before each payload
        std::uint32_t length = 0;
        core::RecordType type = core::RecordType::input;
        std::uint64_t sequence = 0;
        core::Timestamp time;
    };
    static_assert(sizeof(Slot) <= core::kRecordHeaderBytes);

    RecordRing() = default;
    void map(std::size_t bytes, int descriptor);
    std::byte* at(std::uint64_t position) noexcept { return data_ + (position & (capacity_ - 1)); }
    std::size_t to_end(std::uint64_t position) const noexcept {
        return capacity_ - (position & (capacity_ - 1));
    }

    // Constant after construction.
    void* mapping_ = nullptr;
    std::size_t mapped_ = 0;
    Control* control_ = nullptr;
    std::byte* data_ = nullptr;
    std::size_t capacity_ = 0;
    // Producer's.
    alignas(core::kCacheLine) std::uint64_t produced_ = 0;
    std::uint64_t seen_consumed_ = 0;  // the true room may be larger
    std::uint64_t claimed_ = 0;        // where the record being made begins
    // Consumer's.
    alignas(core::kCacheLine) std::uint64_t consumed_ = 0;
    std::size_t front_bytes_ = 0;
};

}  // namespace margind::daemon
