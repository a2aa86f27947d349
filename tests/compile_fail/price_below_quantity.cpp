// A price is neither more nor less than a quantity.
// expect: no match for .operator<.|invalid operands to binary expression
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr bool below(Price price, Quantity quantity) {
#ifdef MUST_FAIL
    return price < quantity;
#else
    return price.raw() < quantity.raw();
#endif
}
