// A journal's inputs, applied again, for whoever tells of it: the past with names for what is said.
//
// Threads: one. Cost: an input costs what it cost the recorded engine, and a read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "daemon/gateway/event_json.hpp"
#include "daemon/journal/past.hpp"

namespace margind::daemon {

class Playback {
  public:
    Playback(FileLayer& files, std::string folder)
        : files_(files), folder_(std::move(folder)), past_(files, folder_) {}

    // To where the engine stood after input `sequence`; zero: before the first one. False:
    // problem().
    bool go_to(std::uint64_t sequence);
    // From the newest good snapshot on; without one, from the first input.
    bool go_to_the_end();
    // Before the first input; or, where retention has removed that one, where the oldest good
    // snapshot stands whose next input is there. input_seq() says which.
    bool go_to_the_beginning();

    enum class Step : std::uint8_t {
        input,
        end,      // the journal has no further input
        problem,  // problem() says what
    };
    Step step();

    // Of the last step.
    const core::Input& input() const { return past_.input(); }
    std::span<const core::Event> events() const { return past_.events(); }
    bool fresh_epoch() const { return fresh_epoch_; }  // a run of the daemon began with it

    // Requires of all these: go_to() succeeded.
    const core::Engine& engine() const { return *engine_; }
    const config::Settings& settings() const { return past_.settings(); }
    const EventEncoder& encoder() const { return *encoder_; }
    std::uint64_t input_seq() const { return past_.input_seq(); }  // of the last input applied
    core::Timestamp engine_time() const { return past_.engine_time(); }
    // "margind 0.1.0, run 3, configuration config/demo.yaml".
    std::string run_text() const;
    // The input whose snapshot was begun with; 0: none, all inputs were applied.
    std::uint64_t snapshot() const { return past_.snapshot(); }

    const std::string& problem() const { return problem_; }

  private:
    bool fail(std::string problem);
    void look();

    FileLayer& files_;
    const std::string folder_;
    Past past_;
    const core::Engine* engine_ = nullptr;
    std::optional<EventEncoder> encoder_;
    std::uint32_t epoch_ = 0;  // the encoder's
    bool fresh_epoch_ = false;
    std::string problem_;
};

}  // namespace margind::daemon
