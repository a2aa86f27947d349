// Time-weighted realised variance on irregular ticks: an exponentially weighted mean of squared log
// returns per second, each weighted by the time it covers.
//
//   w = 2^(-dt / half_life);   v <- w v + (1 - w) r^2 / dt,   r = ln(P / P_last), dt >=
//   sample_interval
//
// Unbiased for a diffusion at any spacing of the ticks. Returns are taken over at least
// sample_interval, so that bid-ask bounce is not read as volatility. Between prices nothing decays:
// silence is not calm. Source: RiskMetrics (1996) exponential weighting, with elapsed time in place
// of a fixed step.
#pragma once

#include "core/parameters.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

inline constexpr double kSecondsPerYear = 365.0 * 86'400.0;

class RealisedVolatility {
  public:
    RealisedVolatility() = default;
    explicit RealisedVolatility(const VolatilityRule& rule);

    // A price at `now`. True when it completed a sample, i.e. the estimate may have changed.
    // Requires: price > 0; `now` never decreases.
    bool observe(Price price, Timestamp now) noexcept;

    double sigma_per_root_second() const noexcept { return sigma_; }
    double sigma_annual() const noexcept;

    // What it has seen, under another rule.
    RealisedVolatility with_rule(const VolatilityRule& rule) const noexcept;
    // Whether these are numbers that prices come to.
    bool plausible() const noexcept;
    template <class Archive, class Self>
    static void fields(Archive& archive, Self& self) {
        archive.value(self.variance_per_second_);
        archive.value(self.last_);
        archive.value(self.last_time_);
    }

  private:
    VolatilityRule rule_;
    double variance_per_second_ = 0;
    double sigma_ = 0;
    Price last_;
    Timestamp last_time_;
};

}  // namespace margind::core
