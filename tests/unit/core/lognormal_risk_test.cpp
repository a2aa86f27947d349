#include "core/margin/lognormal_risk.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/math/normal.hpp"

using namespace margind::core;

namespace {

// The mean of the worst outcomes, summed up over their probabilities.
double shortfall_by_sum(double mu, double sigma, double share, PnlSign sign) {
    constexpr int kSteps = 2'000'000;
    double sum = 0;
    for (int i = 0; i < kSteps; ++i) {
        const double z = inverse_normal_cdf(share * (i + 0.5) / kSteps);
        sum += sign == PnlSign::positive ? -std::exp(mu + sigma * z) : std::exp(mu - sigma * z);
    }
    return sum / kSteps;
}

}  // namespace

TEST_CASE("log-normal tails are those of the published table") {
    struct Row {
        double mu, sigma, share, value_at_risk, expected_shortfall;
        PnlSign sign;
    };
    const Row rows[] = {
        {0, 0.1, 0.01, -0.79244293082, -0.76640460826, PnlSign::positive},
        {0, 1, 0.01, -0.09765173307, -0.072537170781, PnlSign::positive},
        {0, 0.1, 0.05, 1.1787863152, 1.2299511311, PnlSign::negative},
        {1, 2, 0.01, 285.05887791, 747.34383372, PnlSign::negative},
    };
    for (const Row& row : rows) {
        const TailRisk tail = lognormal_tail(row.mu, row.sigma, row.share, row.sign);
        CHECK(tail.value_at_risk == Approx(row.value_at_risk).epsilon(1e-9));
        CHECK(tail.expected_shortfall == Approx(row.expected_shortfall).epsilon(1e-9));
    }
}

TEST_CASE("the closed form is the mean of the worst outcomes") {
    for (const PnlSign sign : {PnlSign::positive, PnlSign::negative}) {
        CHECK(lognormal_tail(0.1, 0.3, 0.02, sign).expected_shortfall ==
              Approx(shortfall_by_sum(0.1, 0.3, 0.02, sign)).epsilon(2e-6));
    }
}

TEST_CASE("risk factors grow with volatility and vanish without it") {
    LognormalRule rule{.risk_aversion = 1e-6, .horizon_years = 0.001, .volatility = 1};
    const RiskFactors factors = lognormal_risk_factors(rule);
    CHECK(factors.short_side == Approx(0.168823688613152).epsilon(1e-9));
    CHECK(factors.long_side == Approx(0.145263949).margin(1e-5));
    rule.volatility = 2;
    CHECK(lognormal_risk_factors(rule).short_side == Approx(0.364832368677682).epsilon(1e-9));
    rule.volatility = 0;
    CHECK(lognormal_risk_factors(rule).long_side == Approx(0).margin(1e-14));
    CHECK(lognormal_risk_factors(rule).short_side == Approx(0).margin(1e-14));
}
