// A price and a quantity have no sum.
// expect: no match for .operator\+.|invalid operands to binary expression
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr Quantity sum(Price price, Quantity quantity) {
#ifdef MUST_FAIL
    return price + quantity;
#else
    return Quantity::from_raw(price.raw()) + quantity;
#endif
}
