// Expected shortfall of a price that is log-normal, in closed form: what one contract may cost its
// holder in the worst share of outcomes.
//
// X = exp(mu + sigma Z), Z standard normal, L the share of outcomes looked at (risk aversion),
// q = N^-1(L):
//
//   long, P&L X      VaR = -exp(mu + sigma q)    ES = -exp(mu + sigma^2/2) N(q - sigma) / L
//   short, P&L -X    VaR =  exp(mu - sigma q)    ES =  exp(mu + sigma^2/2) N(q + sigma) / L
//
// (1 - N(N^-1(1 - L) - sigma) is N(q + sigma), which keeps its digits for small L.) A risk factor
// is the shortfall of one unit of money held over the horizon: long 1 + ES, short ES - 1 with mu =
// (drift - volatility^2/2) horizon and sigma = volatility sqrt(horizon).
//
// Doubles in a fixed order; relative errors below 1e-14. Source: Vega, protocol specs 0018-RSKM
// ("log-normal risk model"); vegaprotocol/quant, riskmeasures and riskmodelbs with their tests.
#pragma once

#include <cstdint>

namespace margind::core {

enum class PnlSign : std::uint8_t { positive, negative };  // of what is held: X, or owes: -X

// A loss is positive.
struct TailRisk {
    double value_at_risk = 0;
    double expected_shortfall = 0;
};

// Requires: sigma >= 0, 0 < share < 1.
TailRisk lognormal_tail(double mu, double sigma, double share, PnlSign sign) noexcept;

struct LognormalRule {
    double risk_aversion = 0.01;  // share of outcomes, 0 to 1
    double horizon_years = 0;
    double drift = 0;       // per year
    double volatility = 0;  // per root year
};

// Fractions of the notional.
struct RiskFactors {
    double long_side = 0;
    double short_side = 0;
};

RiskFactors lognormal_risk_factors(const LognormalRule& rule) noexcept;

}  // namespace margind::core
