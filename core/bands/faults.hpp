// Deliberate faults, for the proof that the tests of the band index notice them. Compiled in only
// where MARGIND_BAND_FAULTS is defined (tests/property); in every other build each is the constant
// false.
#pragma once

#include <cstdint>

namespace margind::core {

enum class BandFault : std::uint8_t {
    none,
    wide_band,          // keys 1 % too far away, and no certificate
    late_fire,          // an entry fires two steps after its key
    lost_insert,        // the entries of one place in 2,000 are not inserted
    lost_in_split,      // a bucket that is split forgets its last chunk
    kept_after_update,  // guards are not set anew after a fill
    no_recovery,        // no guard towards a better state
    no_tier_limit,      // the price may leave the first tier unnoticed
    no_debt,            // what is owed is guarded like what is owned
    partial_forgets,    // a part re-band does not count what the other keys reserve,
                        // and no certificate
    corner_unchecked,   // ranges are taken without looking at their worst corner
    level_prices_kept,  // prices of the levels stay where they are in that corner
    count_,
};

#ifdef MARGIND_BAND_FAULTS
inline BandFault injected_fault = BandFault::none;
#define MARGIND_FAULT(name) (::margind::core::injected_fault == ::margind::core::BandFault::name)
#else
#define MARGIND_FAULT(name) false
#endif

}  // namespace margind::core
