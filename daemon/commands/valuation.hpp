// Accounts at given prices, through the engine itself: what `evaluate` and `generate` rest on.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/input.hpp"
#include "core/parameters.hpp"

namespace margind::daemon {

// A market as a file tells it.
struct GivenMarket {
    struct Statistic {
        core::StatisticInput input;
        std::size_t line = 0;  // where it was given
    };

    GivenMarket() = default;
    GivenMarket(std::vector<core::Price> given)  // NOLINT: prices alone are a market
        : prices(std::move(given)), confidences(prices.size()) {}

    std::vector<core::Price> prices;  // one per instrument, in its ticks; zero: none is given
    std::vector<core::Price> confidences;
    std::vector<Statistic> statistics;
};

// The lines of `file`. Bad ones go to `problems`.
GivenMarket read_market(const std::filesystem::path& file, const core::RiskParameters& parameters,
                        std::vector<std::string>& problems);

// An engine in which every instrument stands at the given price. Time stands still, so rates rest
// on each instrument's initial volatility, and slow prices are the prices.
class Valuation {
  public:
    // Requires: validate(parameters) is empty; one price per instrument.
    Valuation(core::RiskParameters parameters, const GivenMarket& market,
              std::uint32_t accounts_max);

    // What of the market the engine refused, and why.
    struct Refused {
        std::size_t line = 0;
        core::Refusal refusal = core::Refusal::none;
    };
    const std::vector<Refused>& refused() const { return refused_; }

    // Applies one update, all of its records. Returns why it was refused, or none.
    core::Refusal update(const std::vector<core::Input>& records);

    const core::Engine& engine() const { return engine_; }
    // Names of what the account holds that has no price.
    std::vector<std::string> unpriced(core::AccountSlot slot) const;

  private:
    core::Refusal apply(core::Input input);

    core::Engine engine_;
    std::uint64_t input_seq_ = 0;
    std::vector<Refused> refused_;
};

}  // namespace margind::daemon
