#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> mango_v4_models() {
    return {};
}

}  // namespace margind::test
