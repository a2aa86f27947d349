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

RealisedVolatility RealisedVolatility::with_rule(const VolatilityRule& rule) const noexcept {
    RealisedVolatility other = *this;
    other.rule_ = rule;
    other.sigma_ = square_root(variance_per_second_);
    return other;
}

bool RealisedVolatility::plausible() const noexcept {
    constexpr double kHighest = 1e12;  // a price that doubles a million times a second
    return variance_per_second_ >= 0 && variance_per_second_ <= kHighest && last_.raw() >= 0 &&
           last_time_.ns() >= 0;
}

double RealisedVolatility::sigma_annual() const noexcept {
    return square_root(variance_per_second_ * kSecondsPerYear);
}

}  // namespace margind::core
