#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> exchange_liquidation_models() {
    return {};
}

}  // namespace margind::test
