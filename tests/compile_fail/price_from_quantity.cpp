// A quantity does not turn into a price by itself.
// expect: could not convert|no viable conversion
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr Price price_of(Quantity quantity) {
#ifdef MUST_FAIL
    return quantity;
#else
    return Price::from_raw(quantity.raw());
#endif
}
