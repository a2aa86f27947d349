// An exact value becomes money only by a rounding that says its direction.
// expect: could not convert|no viable conversion
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr Money money_of(Value value) {
#ifdef MUST_FAIL
    return value;
#else
    return round_down(value);
#endif
}
