// Money times money is nothing that an account can hold.
// expect: no match for .operator\*.|invalid operands to binary expression
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr Value square(Money money) {
#ifdef MUST_FAIL
    return money * money;
#else
    return money * kUnitPriceOne;
#endif
}
