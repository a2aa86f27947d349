// The events a journal holds, one after the other.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/event.hpp"
#include "daemon/journal/stream_reader.hpp"

namespace margind::daemon {

class EventLog {
  public:
    EventLog(FileLayer& files, const std::string& folder)
        : reader_(files, folder, core::JournalStream::events) {}

    // So that next() reads event `event_seq`.
    ReadStatus seek(std::uint64_t event_seq) { return reader_.seek(event_seq); }
    // Reads one event. After `record` payload() is its bytes, until the next call.
    ReadStatus next();

    std::uint64_t event_seq() const { return event_seq_; }
    std::span<const std::byte> payload() const { return payload_; }
    // When the daemon recorded it.
    core::Timestamp recorded() const { return recorded_; }
    // The event; false, with problem(), when these are not an event's bytes.
    bool decode(core::Event& event);

    // Segment and offset the event stands at.
    std::string place() const { return reader_.segment() + " at " + std::to_string(offset_); }
    const std::string& segment() const { return reader_.segment(); }
    const std::string& problem() const { return problem_.empty() ? reader_.problem() : problem_; }

  private:
    StreamReader reader_;
    std::uint64_t event_seq_ = 0;
    std::span<const std::byte> payload_;
    core::Timestamp recorded_;
    std::uint64_t offset_ = 0;
    std::string problem_;
};

}  // namespace margind::daemon
