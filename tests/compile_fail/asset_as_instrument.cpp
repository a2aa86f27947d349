// An asset is not an instrument, though both are numbered from zero.
// expect: could not convert|no matching function|no viable conversion
#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

using namespace margind::core;

[[maybe_unused]] constexpr bool first(InstrumentId instrument) {
    return instrument.index() == 0;
}
#ifdef MUST_FAIL
[[maybe_unused]] constexpr bool kFirst = first(AssetId(0));
#else
[[maybe_unused]] constexpr bool kFirst = first(InstrumentId(0));
#endif
