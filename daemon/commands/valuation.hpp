// Accounts at given prices, through the engine itself: what `evaluate` and `generate` rest on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/input.hpp"
#include "core/parameters.hpp"

namespace margind::daemon {

// One price per instrument, in its ticks; zero where there is none. Bad lines go to `problems`.
std::vector<core::Price> read_prices(const std::filesystem::path& file,
                                     const core::RiskParameters& parameters,
                                     std::vector<std::string>& problems);

// An engine in which every instrument stands at the given price. Time stands still, so rates rest
// on each instrument's initial volatility.
class Valuation {
  public:
    // Requires: validate(parameters) is empty; one price per instrument, zero: not priced.
    Valuation(core::RiskParameters parameters, const std::vector<core::Price>& prices,
              std::uint32_t accounts_max);

    // Applies one update, all of its records. Returns why it was refused, or none.
    core::Refusal update(const std::vector<core::Input>& records);

    const core::Engine& engine() const { return engine_; }
    // Names of what the account holds that has no price.
    std::vector<std::string> unpriced(core::AccountSlot slot) const;

  private:
    core::Refusal apply(core::Input input);

    core::Engine engine_;
    std::uint64_t input_seq_ = 0;
};

}  // namespace margind::daemon
