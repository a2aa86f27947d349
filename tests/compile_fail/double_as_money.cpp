// Money is never made of a binary fraction.
// expect: is private within|private constructor|no matching
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

#ifdef MUST_FAIL
[[maybe_unused]] constexpr Money kMoney{0.1};
#else
[[maybe_unused]] constexpr Money kMoney = Money::from_raw(10'000'000);
#endif
