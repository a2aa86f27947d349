// A bare number names no account.
// expect: could not convert|no matching function|no viable conversion
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr bool first(AccountSlot slot) {
    return slot.index() == 0;
}
#ifdef MUST_FAIL
[[maybe_unused]] constexpr bool kFirst = first(0U);
#else
[[maybe_unused]] constexpr bool kFirst = first(AccountSlot(0));
#endif
