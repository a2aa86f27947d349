// Whether a journal's inputs give its events: each event made again is compared with the one
// recorded, byte by byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/review/event_log.hpp"
#include "daemon/review/playback.hpp"

namespace margind::daemon {

// The first event that is not the same; as lines of JSON, empty where that side has none.
struct Divergence {
    std::uint64_t event_seq = 0;
    std::uint64_t input_seq = 0;
    std::string recorded;
    std::string replayed;
};

// One for a run over a journal. Call after each step of the playback.
class Proof {
  public:
    Proof(FileLayer& files, const std::string& folder) : log_(files, folder) {}

    // Compares what the playback's last step said. False: divergence() or problem() says why.
    bool check(const Playback& playback);
    // At the end of the inputs: whether the journal has events beyond them.
    bool finish(Playback& playback);

    std::uint64_t events() const { return events_; }              // compared
    std::uint64_t not_recorded() const { return not_recorded_; }  // made beyond the last recorded
    const core::Event& first_not_recorded() const { return first_not_recorded_; }  // if any
    // Such an event is of a run after which another one took inputs: that one had begun by
    // recording what was missing.
    bool later_run_took_inputs() const { return later_run_took_inputs_; }
    const std::optional<Divergence>& divergence() const { return divergence_; }
    // After finish(): the first event of an input that the journal does not have.
    const std::optional<core::Event>& beyond_inputs() const { return beyond_inputs_; }
    const std::string& problem() const { return problem_; }

  private:
    bool check(const core::Event& event, const Playback& playback);
    bool diverge(const Playback& playback, const core::Event* replayed);

    EventLog log_;
    bool begun_ = false;
    bool exhausted_ = false;
    std::uint64_t events_ = 0;
    std::uint64_t not_recorded_ = 0;
    core::Event first_not_recorded_;
    bool later_run_took_inputs_ = false;
    std::optional<Divergence> divergence_;
    std::optional<core::Event> beyond_inputs_;
    std::string problem_;
};

}  // namespace margind::daemon
