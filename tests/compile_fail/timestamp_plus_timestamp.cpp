// Two moments have a distance, but no sum.
// expect: no match for .operator\+.|invalid operands to binary expression
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr Timestamp later(Timestamp a, Timestamp b) {
#ifdef MUST_FAIL
    return a + b;
#else
    return a + (b - Timestamp());
#endif
}
