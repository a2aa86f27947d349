#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> drift_v2_models() {
    return {};
}

}  // namespace margind::test
