#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> dydx_v4_models() {
    return {};
}

}  // namespace margind::test
