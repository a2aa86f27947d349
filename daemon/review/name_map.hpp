// Inputs recorded under one configuration, turned into inputs for another: what they speak of is
// found there by its name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/input.hpp"
#include "core/parameters.hpp"

namespace margind::daemon {

// What became of an input.
enum class Heard : std::uint8_t {
    yes,
    // It became a timer: the other configuration has no such source or feed, or it is a change of
    // parameters, which are what the other configuration is about.
    source_missing,
    feed_missing,
    parameter_left_out,
    impossible,  // the other configuration lacks something without which it is another venue
};

class NameMap {
  public:
    // Both are only read during construction.
    NameMap(const core::RiskParameters& from, const core::RiskParameters& to);

    // Changes the numbers in `input` to those of the other configuration.
    Heard translate(core::Input& input);
    // What `impossible` was about, and what to do.
    const std::string& problem() const { return problem_; }

  private:
    Heard translate(core::AccountInput& account);
    Heard translate(core::StatisticInput& statistic);
    Heard instrument(std::uint32_t& id);
    Heard asset(std::uint32_t& id);

    struct Name {
        std::string text;
        std::uint32_t to = 0;  // none_index(): not there
        std::string problem;   // why it cannot be used though it is there
    };
    std::vector<Name> assets_;
    std::vector<Name> instruments_;
    std::vector<std::uint32_t> sources_;
    std::vector<std::uint32_t> source_instruments_;  // of each source recorded
    std::vector<std::uint32_t> feeds_;
    std::string problem_;
};

}  // namespace margind::daemon
