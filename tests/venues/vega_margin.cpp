#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> vega_margin_models() {
    return {};
}

}  // namespace margind::test
