// The only place that reads a clock. UTC, never decreasing: the wall clock is read once at start
// and the monotonic clock carries on from there, so a step of the wall clock moves nothing.
#pragma once

#include "core/time.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class SystemClock final : public feeds::Clock {
  public:
    SystemClock() noexcept;
    core::Timestamp now() noexcept override;

  private:
    std::int64_t offset_ns_ = 0;  // UTC minus monotonic, at start
};

}  // namespace margind::daemon
