#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> venue_examples_models() {
    return {};
}

}  // namespace margind::test
