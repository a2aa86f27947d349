#include "core/engine/parameter_change.hpp"

#include <iterator>
#include <utility>

namespace margind::core {
namespace {

// z and other real numbers travel as 1e-8.
double real_of(std::int64_t value) {
    return static_cast<double>(value) / static_cast<double>(kScale);
}

Refusal change_instrument(RiskParameters& parameters, const ParameterInput& change) {
    if (change.target >= parameters.instruments.size()) return Refusal::unknown_instrument;
    Instrument& instrument = parameters.instruments[change.target];
    const bool of_tier = change.parameter == Parameter::tier_initial_rate ||
                         change.parameter == Parameter::tier_maintenance_rate;
    if (of_tier && change.tier >= instrument.tiers.size()) return Refusal::parameter_out_of_range;
    switch (change.parameter) {
        case Parameter::tier_initial_rate:
            instrument.tiers[change.tier].initial_rate = Rate::from_raw(change.value);
            break;
        case Parameter::tier_maintenance_rate:
            instrument.tiers[change.tier].maintenance_rate = Rate::from_raw(change.value);
            break;
        case Parameter::rate_cap:
            instrument.rate.cap = Rate::from_raw(change.value);
            break;
        case Parameter::volatility_multiplier_initial:
            instrument.rate.z_initial = real_of(change.value);
            break;
        case Parameter::volatility_multiplier_maintenance:
            instrument.rate.z_maintenance = real_of(change.value);
            break;
        case Parameter::horizon:
            instrument.rate.horizon = Duration::from_ns(change.value);
            break;
        case Parameter::liquidation_fee:
            instrument.liquidation_fee = Rate::from_raw(change.value);
            break;
        case Parameter::haircut:
        case Parameter::liability_weight:
        case Parameter::level_multiplier:
        case Parameter::level_hysteresis:
        case Parameter::count_:
            return Refusal::unknown_parameter;
    }
    return Refusal::none;
}

Refusal change_asset(RiskParameters& parameters, const ParameterInput& change) {
    if (change.target >= parameters.assets.size()) return Refusal::unknown_asset;
    Asset& asset = parameters.assets[change.target];
    if (change.tier >= kMarginLevels) return Refusal::parameter_out_of_range;
    (change.parameter == Parameter::haircut
         ? asset.haircut
         : asset.liability_weight)[kAllMarginLevels[change.tier]] = Rate::from_raw(change.value);
    return Refusal::none;
}

Refusal change_ladder(RiskParameters& parameters, const ParameterInput& change) {
    Ladder& ladder = parameters.ladder;
    Level* const levels[] = {&ladder.warning, &ladder.margin_call, &ladder.liquidation};
    if (change.tier >= std::size(levels)) return Refusal::parameter_out_of_range;
    Level& level = *levels[change.tier];
    (change.parameter == Parameter::level_multiplier ? level.multiplier : level.hysteresis) =
        Rate::from_raw(change.value);
    return Refusal::none;
}

Refusal change_one(RiskParameters& parameters, const ParameterInput& change) {
    switch (change.parameter) {
        case Parameter::haircut:
        case Parameter::liability_weight:
            return change_asset(parameters, change);
        case Parameter::level_multiplier:
        case Parameter::level_hysteresis:
            return change_ladder(parameters, change);
        case Parameter::tier_initial_rate:
        case Parameter::tier_maintenance_rate:
        case Parameter::rate_cap:
        case Parameter::volatility_multiplier_initial:
        case Parameter::volatility_multiplier_maintenance:
        case Parameter::horizon:
        case Parameter::liquidation_fee:
            return change_instrument(parameters, change);
        case Parameter::count_:
            break;
    }
    return Refusal::unknown_parameter;
}

}  // namespace

Refusal change_parameters(RiskParameters& parameters, std::span<const ParameterInput> changes) {
    RiskParameters changed = parameters;
    for (const ParameterInput& change : changes) {
        const Refusal refusal = change_one(changed, change);
        if (refusal != Refusal::none) return refusal;
    }
    if (!validate(changed).empty()) return Refusal::parameter_out_of_range;
    parameters = std::move(changed);
    return Refusal::none;
}

}  // namespace margind::core
