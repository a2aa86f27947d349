// Whether an answer is what the source says, by the case's own tolerance (tests/data/reference/
// README.md, section 1). Compared as fractions: the comparison itself rounds nothing.
#pragma once

#include <string>
#include <vector>

#include "tests/venues/answer.hpp"
#include "tests/venues/json.hpp"

namespace margind::test {

// What differs, one line each: empty if `answers` holds every field of `expected` within the
// tolerance. Throws std::runtime_error for a tolerance that is none.
std::vector<std::string> differences(const Json& expected, const Answers& answers,
                                     const Json& tolerance);

}  // namespace margind::test
