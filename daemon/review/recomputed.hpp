// One recorded event, made again from the journal's inputs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/review/decision.hpp"
#include "daemon/review/event_log.hpp"
#include "daemon/review/playback.hpp"

namespace margind::daemon {

class Recomputed {
  public:
    Recomputed(FileLayer& files, std::string folder);

    // False: problem() says why it cannot be done. Events in ascending order: a playback goes
    // forward only.
    bool make(std::uint64_t event_seq);

    const core::Event& recorded() const { return recorded_; }
    core::Timestamp recorded_at() const { return recorded_at_; }
    const std::string& segment() const { return segment_; }  // of the events it stands in
    const std::string& place() const { return place_; }
    // What the input made: nothing where it made no event of that number.
    const std::optional<core::Event>& replayed() const { return replayed_; }
    bool identical() const { return identical_; }
    std::size_t bytes() const { return bytes_; }  // of the event in the journal
    const Before& before() const { return *before_; }
    const Playback& playback() const { return playback_; }  // behind the event's input

    const std::string& problem() const { return problem_; }

  private:
    bool find(std::uint64_t event_seq);
    bool fail(std::string problem);

    FileLayer& files_;
    const std::string folder_;
    EventLog log_;
    Playback playback_;
    bool found_ = false;  // the log stands behind recorded_
    core::Event recorded_;
    core::Timestamp recorded_at_;
    std::string segment_;
    std::string place_;
    std::optional<core::Event> replayed_;
    std::vector<std::byte> payload_;
    bool identical_ = false;
    std::size_t bytes_ = 0;
    std::optional<Before> before_;
    std::string problem_;
};

}  // namespace margind::daemon
