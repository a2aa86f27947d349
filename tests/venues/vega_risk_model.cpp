#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> vega_risk_model_models() {
    return {};
}

}  // namespace margind::test
