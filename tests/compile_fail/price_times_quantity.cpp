// Without its contract scale, price times quantity has no unit.
// expect: no match for .operator\*.|invalid operands to binary expression
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr Value worth(ContractScale scale, Price price, Quantity quantity) {
#ifdef MUST_FAIL
    static_cast<void>(scale);
    return price * quantity;
#else
    return scale.value(price, quantity);
#endif
}
