// What the market says, as lines of JSON, for one-shot commands. Of an instrument:
//
//   {"instrument":"BTC-PERP","price":"60000","confidence":"15",
//    "open_interest":"25000000","expected_funding":"1.5","auction_price":"0",
//    "slow_price":"59000"}
//
// and of an asset:
//
//   {"asset":"SOL","total_deposits":"125000","total_borrows":"40000","redemption_value":"1.02"}
//
// A line says any of these; docs/configuration.md has units and ranges.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.hpp"
#include "core/input.hpp"
#include "core/parameters.hpp"
#include "core/units.hpp"

namespace margind::daemon {

struct PriceLine {
    core::InstrumentId instrument;  // none: the line is about an asset
    core::Price price;              // zero: not given
    core::Price confidence;         // half width of the interval; zero: not given
    std::vector<core::StatisticInput> statistics;
};

// Not thread-safe: one per reader.
class PriceLines {
  public:
    // Keeps a reference to `parameters`, which must outlive it.
    explicit PriceLines(const core::RiskParameters& parameters);
    ~PriceLines();

    // Returns what is wrong and what to do, naming the member; empty when `out` is the line's.
    // A price is above zero and at most the instrument's price_max.
    std::string parse(std::string_view line, PriceLine& out);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
