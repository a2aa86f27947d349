#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> synthetix_perps_v3_models() {
    return {};
}

}  // namespace margind::test
