// Prices as lines of JSON, for one-shot commands: {"instrument":"BTC-PERP","price":"60000"}
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/parameters.hpp"
#include "core/units.hpp"

namespace margind::daemon {

// Not thread-safe: one per reader.
class PriceLines {
  public:
    // Keeps a reference to `parameters`, which must outlive it.
    explicit PriceLines(const core::RiskParameters& parameters);
    ~PriceLines();

    // Returns what is wrong and what to do, naming the member; empty when both outputs are set.
    // A price is above zero and at most the instrument's price_max.
    std::string parse(std::string_view line, core::InstrumentId& instrument, core::Price& price);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
