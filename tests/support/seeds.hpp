// How many seeds a property is tried with: MARGIND_SEEDS, and MARGIND_FIRST_SEED for others than
// the first ones.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace margind::test {

inline std::uint64_t number_in_environment(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): one thread
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::uint64_t first_seed() {
    return number_in_environment("MARGIND_FIRST_SEED", 1);
}
inline std::uint64_t seeds_or(std::uint64_t otherwise) {
    return number_in_environment("MARGIND_SEEDS", otherwise);
}

}  // namespace margind::test
