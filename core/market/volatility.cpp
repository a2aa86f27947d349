#include "core/market/volatility.hpp"

#include "core/math/elementary.hpp"

namespace margind::core {
namespace {
constexpr double kLn2 = 0x1.62e42fefa39efp-1;
}

RealisedVolatility::RealisedVolatility(const VolatilityRule& rule)
    : rule_(rule),
      variance_per_second_(rule.initial_annual * rule.initial_annual / kSecondsPerYear),
      sigma_(square_root(variance_per_second_)) {}

bool RealisedVolatility::observe(Price price, Timestamp now) noexcept {
    if (last_.raw() == 0) {
        last_ = price;
        last_time_ = now;
        return false;
    }
    const Duration elapsed = now - last_time_;
    if (elapsed < rule_.sample_interval || elapsed.ns() <= 0) return false;
    const double dt = elapsed.seconds();
    const double r = logarithm(static_cast<double>(price.raw()) / static_cast<double>(last_.raw()));
    const double w = exponential(-kLn2 * dt / rule_.half_life.seconds());
    variance_per_second_ = w * variance_per_second_ + (1.0 - w) * (r * r / dt);
    sigma_ = square_root(variance_per_second_);
    last_ = price;
    last_time_ = now;
    return true;
}

double RealisedVolatility::sigma_annual() const noexcept {
    return square_root(variance_per_second_ * kSecondsPerYear);
}

}  // namespace margind::core
