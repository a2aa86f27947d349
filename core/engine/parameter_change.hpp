// Changing risk parameters while running: a batch is checked as a whole against a copy and then
// adopted as a whole, so that parameters that belong together are never apart.
#pragma once

#include <span>

#include "core/input.hpp"
#include "core/parameters.hpp"

namespace margind::core {

// Applies the changes in order to a copy, validates it, and only then replaces `parameters`.
// Allocates; not for the hot path.
Refusal change_parameters(RiskParameters& parameters, std::span<const ParameterInput> changes);

}  // namespace margind::core
