#include "core/margin/lognormal_risk.hpp"

#include "core/math/elementary.hpp"
#include "core/math/normal.hpp"

namespace margind::core {

TailRisk lognormal_tail(double mu, double sigma, double share, PnlSign sign) noexcept {
    const double q = inverse_normal_cdf(share);
    const double mean_over_share = exponential(mu + 0.5 * sigma * sigma) / share;
    if (sign == PnlSign::positive) {
        return {.value_at_risk = -exponential(mu + sigma * q),
                .expected_shortfall = -mean_over_share * normal_cdf(q - sigma)};
    }
    return {.value_at_risk = exponential(mu - sigma * q),
            .expected_shortfall = mean_over_share * normal_cdf(q + sigma)};
}

RiskFactors lognormal_risk_factors(const LognormalRule& rule) noexcept {
    const double mu = (rule.drift - 0.5 * rule.volatility * rule.volatility) * rule.horizon_years;
    const double sigma = rule.volatility * square_root(rule.horizon_years);
    const double share = rule.risk_aversion;
    return {
        .long_side = 1.0 + lognormal_tail(mu, sigma, share, PnlSign::positive).expected_shortfall,
        .short_side = lognormal_tail(mu, sigma, share, PnlSign::negative).expected_shortfall - 1.0};
}

}  // namespace margind::core
