#include "tests/venues/registry.hpp"

namespace margind::test {

std::span<const Model> lending_models() {
    return {};
}

}  // namespace margind::test
