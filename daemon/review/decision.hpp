// The arithmetic of one decision: the input that made it, what it moved, why each price was what it
// was, and the account as it was judged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "daemon/gateway/event_json.hpp"

namespace margind::daemon {

// What has to be kept of the engine before the input, because the input changes it.
class Before {
  public:
    // `event`: what is to be explained. Copies; `engine` may go on.
    Before(const core::Engine& engine, const core::Event& event);

    // By name: between the input before and this one the configuration may have changed.
    const core::InstrumentStatus& status(std::string_view instrument) const;
    // The account of the event: nothing where it was not there, or not priced.
    const std::optional<core::AccountReport>& account() const { return account_; }
    // What it held; told apart by name, too.
    const core::BalanceRow* balance(std::string_view asset) const;
    const core::PositionRow* position(std::string_view instrument) const;
    const core::RiskParameters& parameters() const { return parameters_; }

  private:
    std::vector<core::InstrumentStatus> instruments_;
    std::optional<core::AccountReport> account_;
    std::vector<core::BalanceRow> balances_;
    std::vector<core::PositionRow> positions_;
    core::RiskParameters parameters_;
};

struct Decision {
    const core::Event& event;
    const core::Input& input;
    const Before& before;
    const core::Engine& after;   // stands behind the input
    std::string run;             // program, epoch and configuration it ran with
    std::uint64_t snapshot = 0;  // after which input the snapshot is that was begun with; 0: none
};

// Appends lines of text, in the columns of daemon/explain.
void explain_decision(const Decision& decision, TextBuffer& out);

// The instruments an account's evaluation reads, each once, in the order of its rows.
std::vector<core::InstrumentId> instruments_of(const core::Engine& engine, core::AccountSlot slot);

}  // namespace margind::daemon
