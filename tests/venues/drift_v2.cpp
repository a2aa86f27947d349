// Drift v2: amounts in whole tokens, prices and margins in dollars.
#include <array>
#include <optional>
#include <string>

#include "core/margin/liquidation_fee.hpp"
#include "core/margin/liquidation_size.hpp"
#include "core/margin/loss_sharing.hpp"
#include "core/margin/shortage_cover.hpp"
#include "tests/venues/drift_account.hpp"
#include "tests/venues/registry.hpp"

namespace margind::test {
namespace {

using CollateralSwap = core::CollateralSwap<Extended>;
using SwapPrices = core::SwapPrices<Extended>;

const Quantity kOne = Quantity::from_raw(Extended::scale());
const Money kDollar = Money::from_raw(Extended::scale());

Answers base_to_cover(const Case& test) {
    const core::PerpetualCover<Extended> rule{
        .margin_ratio = test.inputs.rate("margin_ratio"),
        .liquidation_fee = test.inputs.rate("liquidation_fee", "0"),
        .insurance_fee = test.inputs.rate("insurance_fee", "0")};
    return {{"base", core::quantity_to_cover(rule, test.inputs.money("margin_shortage"),
                                             test.inputs.price("oracle"), kPlainContract,
                                             test.inputs.unit_price("quote_oracle", "1"))}};
}

CollateralSwap swap_of(const Field& inputs) {
    return {.asset_weight = inputs.rate("asset_weight", "0"),
            .asset_multiplier = inputs.rate("asset_multiplier", "1"),
            .liability_weight = inputs.rate("liability_weight", "0"),
            .liability_multiplier = inputs.rate("liability_multiplier", "1")};
}
SwapPrices prices_of(const Field& inputs) {
    return {.asset = inputs.unit_price("asset_price"),
            .liability = inputs.unit_price("liability_price")};
}

Answers liability_to_cover(const Case& test) {
    return {{"amount",
             core::liability_to_cover(swap_of(test.inputs), test.inputs.rate("insurance_fee", "0"),
                                      test.inputs.money("margin_shortage"),
                                      test.inputs.unit_price("liability_price"))}};
}

Answers implied_liability(const Case& test) {
    return {{"amount", core::implied_liability(swap_of(test.inputs), prices_of(test.inputs),
                                               test.inputs.money("asset_amount"))}};
}

Answers asset_transfer(const Case& test) {
    return {{"amount", core::asset_transfer(swap_of(test.inputs), prices_of(test.inputs),
                                            test.inputs.money("asset_amount"),
                                            test.inputs.money("liability_amount"), kDollar)}};
}

Answers swap_check(const Case& test) {
    const Money asset = test.inputs.money("asset_transfer");
    const Money liability = test.inputs.money("liability_transfer");
    bool enough = true;
    if (test.inputs.has("asset_price")) {
        enough = core::swap_returns_enough(swap_of(test.inputs), prices_of(test.inputs), asset,
                                           liability);
    }
    if (const auto limit = test.inputs.find("limit_price")) {
        enough = core::within_limit(limit->unit_price(), asset, liability) && enough;
    }
    return {{"ok", enough}};
}

Answers bankruptcy_funding(const Case& test) {
    return {{"funding_delta",
             core::loss_per_unit(test.inputs.money("loss"), test.inputs.quantity("base_long"),
                                 test.inputs.quantity("base_short"), kOne)}};
}

Answers bankruptcy_interest(const Case& test) {
    test.inputs.ignore("cumulative_interest");
    return {{"interest_delta", core::interest_index_drop(test.inputs.money("loss"),
                                                         test.inputs.money("deposit_balance"))}};
}

Answers perp_insurance_fee(const Case& test) {
    const core::PerpetualInsuranceFee<Extended> rule{
        .margin_ratio = test.inputs.rate("margin_ratio"),
        .liquidator_fee = test.inputs.rate("liquidator_fee", "0"),
        .max_fee = test.inputs.rate("max_fee")};
    const Money in_quote = core::round_down(
        kPlainContract.value(test.inputs.price("oracle"), test.inputs.quantity("base")));
    const auto value = in_quote * test.inputs.unit_price("quote_oracle", "1");
    return {{"fee", core::perpetual_insurance_fee(rule, test.inputs.money("margin_shortage"),
                                                  core::magnitude(value))}};
}

Answers spot_insurance_fee(const Case& test) {
    const auto value = test.inputs.money("amount") * test.inputs.unit_price("oracle");
    return {{"fee", core::debt_insurance_fee(swap_of(test.inputs), test.inputs.rate("max_fee"),
                                             test.inputs.money("margin_shortage"),
                                             core::magnitude(value))}};
}

Answers liquidation_fee(const Case& test) {
    const core::FeeRamp<Extended> ramp{.base = test.params.rate("base_fee"),
                                       .max = test.params.rate("max_fee"),
                                       .grace = test.params.whole("grace_slots", 0),
                                       .increase = test.params.rate("increase_per_slot", "0")};
    return {{"fee", core::fee_after(ramp, test.inputs.whole("slots_elapsed"))}};
}

Answers max_share(const Case& test) {
    const core::LiquidationRamp<Extended> ramp{.initial_share = test.params.rate("initial_share"),
                                               .duration = test.params.whole("duration_slots")};
    return {{"share", core::liquidation_share(ramp, test.inputs.money("margin_shortage"),
                                              test.inputs.money("margin_freed", "0"),
                                              test.inputs.whole("slots_elapsed"))}};
}

constexpr std::array kModels = {
    Model{"drift_spot_weight", drift_spot_weight, drift_spot_weight_production},
    Model{"drift_pnl_weight", drift_pnl_weight, drift_pnl_weight_production},
    Model{"drift_margin_ratio", drift_margin_ratio, drift_margin_ratio_production},
    Model{"drift_perp_position", drift_perp_position, drift_perp_position_production},
    Model{"drift_perp_worst_case", drift_perp_worst_case, drift_perp_worst_case_production},
    Model{"drift_spot_worst_case", drift_spot_worst_case, drift_spot_worst_case_production},
    Model{"drift_account", drift_account, drift_account_production},
    Model{"drift_equity", drift_equity, drift_equity_production},
    Model{"drift_max_withdraw", drift_max_withdraw, drift_max_withdraw_production},
    Model{"drift_base_to_cover", base_to_cover},
    Model{"drift_liability_to_cover", liability_to_cover},
    Model{"drift_implied_liability", implied_liability},
    Model{"drift_asset_transfer", asset_transfer},
    Model{"drift_swap_check", swap_check},
    Model{"drift_bankruptcy_funding", bankruptcy_funding},
    Model{"drift_bankruptcy_interest", bankruptcy_interest},
    Model{"drift_perp_insurance_fee", perp_insurance_fee},
    Model{"drift_spot_insurance_fee", spot_insurance_fee},
    Model{"drift_liquidation_fee", liquidation_fee},
    Model{"drift_max_share", max_share},
};

}  // namespace

std::span<const Model> drift_v2_models() {
    return kModels;
}

}  // namespace margind::test
