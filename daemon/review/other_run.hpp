// The inputs of a journal under another configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "core/engine/engine.hpp"
#include "daemon/review/name_map.hpp"
#include "daemon/review/outcomes.hpp"

namespace margind::daemon {

class OtherRun {
  public:
    // Requires: `settings` loaded without problems.
    explicit OtherRun(const config::Settings& settings);

    // Inputs from here on speak of `recorded`.
    void recorded_under(const core::RiskParameters& recorded);
    // Applies one input and notes its outcomes. False: problem() says what the other configuration
    // lacks.
    bool apply(const core::Input& input);

    const Outcomes& outcomes() const { return outcomes_; }
    const std::string& problem() const { return problem_; }
    // What of the inputs this configuration did not hear, a sentence each.
    std::vector<std::string> notes() const;

  private:
    core::Engine engine_;
    std::optional<NameMap> names_;
    Outcomes outcomes_;
    std::array<std::uint64_t, 4> unheard_{};  // by Heard, but `impossible`
    std::string problem_;
};

}  // namespace margind::daemon
