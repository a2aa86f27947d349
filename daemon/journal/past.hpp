// The venue as a journal has it: an engine that stands where the recorded one stood, and goes on
// from there, input by input, through restarts and changed configurations. Recovery, the shadow,
// replays and explanations all look at the past through this.
//
//   Past past(files, folder);
//   if (past.go_to(from) == PastStatus::problem) tell past.problem();
//   while (past.step(to) == PastStatus::stepped) look at past.input(), past.events(), past.engine()
//
// Thread: one owns it. Cost: an input costs what it cost the recorded engine, and a read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "core/input.hpp"
#include "core/journal/epoch.hpp"
#include "daemon/journal/file_layer.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "daemon/journal/stream_reader.hpp"

namespace margind::daemon {

enum class PastStatus : std::uint8_t {
    stepped,  // one input further
    end,      // for now: the next input is not there yet, or is beyond the limit
    problem,  // problem() says what; the engine stays where it is
};

class Past {
  public:
    // `search`: how its engine finds whom an input can have changed; the events are the same.
    Past(FileLayer& files, std::string folder, core::Search search = core::Search::bands);
    ~Past();
    Past(const Past&) = delete;
    Past& operator=(const Past&) = delete;

    // To where the engine stood after input `sequence`; 0: at the first epoch, before any input.
    // From the nearest good snapshot at or before it, or from the first epoch.
    PastStatus go_to(std::uint64_t sequence);
    // To where the newest good snapshot stands; without one, to the first epoch.
    PastStatus go_to_newest_snapshot();
    // Applies the next input, if its number is at most `limit`. An epoch that begins before it is
    // gone through first: a changed configuration takes the state over by names.
    PastStatus step(std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());

    // As if this epoch began here, which a journal about to be gone on with does not say yet.
    PastStatus begin_epoch(core::EpochRecord epoch);

    const std::string& problem() const noexcept { return problem_; }
    // Snapshots that were passed over for an older one, and why: a line each, for the log.
    std::span<const std::string> notices() const noexcept { return notices_; }
    // The one that was begun with; 0: none.
    std::uint64_t snapshot() const noexcept { return snapshot_; }
    // Of the last step.
    const core::Input& input() const noexcept { return input_; }
    core::Refusal verdict() const noexcept { return verdict_; }
    std::span<const core::Event> events() const noexcept { return events_; }

    // Requires of all these: go_to() did not end in a problem.
    core::Engine& engine() noexcept { return *engine_; }
    // Of the epoch in force.
    const config::Settings& settings() const noexcept { return settings_; }
    const core::EpochRecord& epoch() const noexcept { return epoch_; }
    std::uint64_t input_seq() const noexcept { return input_seq_; }  // of the last input applied
    std::uint64_t event_seq() const noexcept { return event_seq_; }  // of the last event made
    core::Timestamp engine_time() const noexcept { return engine_time_; }

    // The engine, to be gone on with elsewhere. Nothing more can be stepped.
    std::unique_ptr<core::Engine> release_engine() noexcept { return std::move(engine_); }

  private:
    PastStatus begin_at_or_before(std::uint64_t sequence);
    PastStatus begin_with_snapshot(std::uint64_t sequence);
    PastStatus begin();
    bool use_config(const core::EpochRecord& epoch);
    core::EngineOptions engine_options() const;
    bool carry_over();
    PastStatus read_epoch(const JournalRecord& record);
    PastStatus apply(const JournalRecord& record);
    PastStatus fail(std::string problem);

    FileLayer& files_;
    const std::string folder_;
    const core::Search search_;
    std::unique_ptr<StreamReader> inputs_;
    std::unique_ptr<core::Engine> engine_;
    config::Settings settings_;
    core::EpochRecord epoch_;
    std::string config_text_;  // that `settings_` were read from
    core::Input input_;
    core::Refusal verdict_ = core::Refusal::none;
    std::vector<core::Event> events_;
    std::uint64_t input_seq_ = 0;
    std::uint64_t event_seq_ = 0;
    core::Timestamp engine_time_;
    std::string problem_;
    std::vector<std::string> notices_;
    std::uint64_t snapshot_ = 0;
};

// The hash an engine is given of the text its parameters come from: the first eight bytes of its
// SHA-256.
std::uint64_t config_hash(const std::string& config_text);

}  // namespace margind::daemon
