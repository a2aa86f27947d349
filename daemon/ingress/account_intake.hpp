// The listener for account updates with what it stands on: the verdicts' way back.
//
// Thread: built on the main thread; then the io thread's, but for what says otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "daemon/ingress/account_listener.hpp"
#include "daemon/threads/input_cycle.hpp"

namespace margind::daemon {

class AccountIntake {
  public:
    // Requires: settings.accounts.listen.listens(); `cycle` stands where the run before ended, and
    // does not run yet. `to_io` is rung after each verdict when the io
    // thread parks while others judge, and null when not. The rest as AccountListener's.
    AccountIntake(boost::asio::io_context& io, const config::Settings& settings, Delivery& delivery,
                  InputCycle& cycle, const Durability& durability, feeds::Clock& clock,
                  Doorbell* to_io, std::string session_id)
        : verdicts_(settings.engine.shards, verdicts_max(settings.accounts.listen), to_io),
          listener_(io, settings.accounts.listen, {settings.risk, delivery, verdicts_, durability},
                    clock, std::move(session_id),
                    numbers_taken(cycle, settings.accounts.listen.sources.size())) {
        cycle.answer_to(verdicts_);
    }

    std::uint16_t port() const { return listener_.port(); }
    AccountListener& listener() noexcept { return listener_; }
    const AccountListener& listener() const noexcept { return listener_; }

  private:
    // By the engine, in an earlier run.
    static std::vector<std::uint64_t> numbers_taken(const InputCycle& cycle, std::size_t sources) {
        std::vector<std::uint64_t> numbers;
        numbers.reserve(sources);
        for (std::size_t i = 0; i < sources; ++i) {
            numbers.push_back(
                cycle.source_number(static_cast<std::uint8_t>(config::kFirstListenedOrigin + i)));
        }
        return numbers;
    }

    UpdateVerdicts verdicts_;
    AccountListener listener_;
};

}  // namespace margind::daemon
