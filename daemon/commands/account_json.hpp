// One account as a line of JSON: what `evaluate` prints.
#pragma once

#include "core/engine/engine.hpp"
#include "core/market/price_scenario.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

// Cost: a few microseconds a position, most of it the search for its liquidation price.
class AccountJson {
  public:
    // `engine` must outlive it and take no input meanwhile.
    explicit AccountJson(const core::Engine& engine)
        : engine_(engine), scenario_(engine.market().rows()) {}

    // The line with its newline. Requires: the account is priced.
    void append(core::AccountSlot slot, TextBuffer& out);

  private:
    void append_positions(core::AccountSlot slot, TextBuffer& out);

    const core::Engine& engine_;
    core::PriceScenario scenario_;
};

}  // namespace margind::daemon
