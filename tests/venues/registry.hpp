// Which function answers which model. One file per family, named like its data file; a model may be
// used by cases of any family.
#pragma once

#include <span>
#include <string_view>

#include "tests/venues/answer.hpp"
#include "tests/venues/case.hpp"

namespace margind::test {

// Turns a case into rules and rows, lets core compute, and names the results. Holds no formula.
using Adapter = Answers (*)(const Case&);

struct Model {
    std::string_view name;
    Adapter answer;  // in numbers of any size
    // The same through profile, config loader and engine (production.hpp); throws BeyondLedger
    // where a number does not fit. None: the model is a formula by itself, not an account.
    Adapter production = nullptr;
};

std::span<const Model> dydx_v4_models();
std::span<const Model> drift_v2_models();
std::span<const Model> mango_v4_models();
std::span<const Model> synthetix_perps_v3_models();
std::span<const Model> vega_margin_models();
std::span<const Model> vega_risk_model_models();
std::span<const Model> lending_models();
std::span<const Model> exchange_liquidation_models();
std::span<const Model> venue_examples_models();

// nullptr if nobody answers it.
const Model* find_model(std::string_view model);

// Why a model is not here; nullptr if it should have one. A name that ends in * stands for
// all models that begin so.
struct Exemption {
    std::string_view model;
    std::string_view reason;
    bool yet;  // it will come; otherwise it is no business of a risk daemon
};
const Exemption* find_exemption(std::string_view model);

}  // namespace margind::test
