#include "tests/venues/registry.hpp"

#include <algorithm>
#include <array>

namespace margind::test {
namespace {

constexpr std::string_view kOptions = "options";
constexpr std::string_view kPortfolio = "portfolio margin";
constexpr std::string_view kSeries = "measures of return and trade series";
constexpr std::string_view kInterest =
    "interest curves: the daemon is given balances with the interest in them";

constexpr std::array kExemptions = {
    Exemption{"derive_*", kPortfolio, true},
    Exemption{"forward_scenario_pnl", kPortfolio, true},
    Exemption{"option_premium_cost", kOptions, true},
    Exemption{"deribit_option_margin", kOptions, true},
    Exemption{"bybit_option_margin", kOptions, true},
    Exemption{"paradex_option_margin", kOptions, true},
    Exemption{"naked_option_margin", kOptions, true},
    Exemption{"black_scholes", kOptions, true},
    Exemption{"black76", kOptions, true},
    Exemption{"var_es", kSeries, true},
    Exemption{"standard_deviation", kSeries, true},
    Exemption{"drawdowns", kSeries, true},
    Exemption{"var_backtest", kSeries, true},
    Exemption{"portfolio_modified_es", kSeries, true},
    Exemption{"rolling_gaussian_var", kSeries, true},
    Exemption{"garch11", kSeries, true},
    Exemption{"vpin_trades", kSeries, true},
    Exemption{"order_flow", kSeries, true},
    Exemption{"bar_statistics", kSeries, true},
    Exemption{"aave_rates", kInterest, false},
    Exemption{"comet_rates", kInterest, false},
    Exemption{"mango_interest_rate", kInterest, false},
    Exemption{"mango_interest_index", kInterest, false},
    Exemption{"mango_average_utilization", kInterest, false},
};

}  // namespace

const Model* find_model(std::string_view model) {
    for (const auto models :
         {dydx_v4_models(), drift_v2_models(), mango_v4_models(), synthetix_perps_v3_models(),
          vega_margin_models(), vega_risk_model_models(), lending_models(),
          exchange_liquidation_models(), venue_examples_models()}) {
        if (const auto found = std::ranges::find(models, model, &Model::name);
            found != models.end()) {
            return &*found;
        }
    }
    return nullptr;
}

const Exemption* find_exemption(std::string_view model) {
    const auto found = std::ranges::find_if(kExemptions, [&](const Exemption& one) {
        return one.model.ends_with('*')
                   ? model.starts_with(one.model.substr(0, one.model.size() - 1))
                   : model == one.model;
    });
    return found == kExemptions.end() ? nullptr : &*found;
}

}  // namespace margind::test
