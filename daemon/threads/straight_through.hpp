// Layout `inline`: feeds, engine and gateway on one thread, no queue in between.
#pragma once

#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/feed_inputs.hpp"

namespace margind::daemon {

// Inputs go straight through the engine; there is no "full".
class StraightDelivery final : public Delivery {
  public:
    explicit StraightDelivery(EngineCycle& cycle) : cycle_(cycle) {}

    bool has_room(std::size_t) noexcept override { return true; }
    bool conflates(core::SourceId) const noexcept override { return false; }
    void price(const core::Input& input) noexcept override { accept(input); }
    void feed_state(const core::Input& input) noexcept override { accept(input); }
    void update(std::span<const core::Input> records) noexcept override {
        for (const core::Input& record : records) accept(record);
    }

  private:
    void accept(core::Input input) noexcept { cycle_.accept(input); }

    EngineCycle& cycle_;
};

}  // namespace margind::daemon
