// Deliberate faults, for the proof that the tests of the band index notice them, and whom its
// guards led to, for the proof that they meet every rule. Compiled in only where
// MARGIND_BAND_FAULTS is defined (tests/property); in every other build a fault is the constant
// false, and nobody is noted.
#pragma once

#include <cstdint>
#include <vector>

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
    rates_kept,         // rates stay where they are in that corner
    rates_unseen,       // entries that say how far rates may rise are not inserted
    lost_on_unwatch,    // who leaves a list of watched accounts takes those behind it along
    lost_when_put_off,  // an account whose repair is put off is forgotten meanwhile
    old_cover,          // what covers an account is not asked again when rules come to be
    old_parameters,     // coordinates stay where they are when parameters change
    swept_wanted,       // the sweep takes out one wanted entry in 50
    lost_in_anchoring,  // wheels that are laid anew forget their entries
    tiers_untracked,    // what tiers after the first require of tracked accounts is not followed
    untouched,          // a tick leaves out one tracked entry in 50
    count_,
};

#ifdef MARGIND_BAND_FAULTS
inline BandFault injected_fault = BandFault::none;
inline std::vector<std::uint32_t> found_by_guards;  // accounts, since a test cleared it
#define MARGIND_FOUND(account) ::margind::core::found_by_guards.push_back(account)
#define MARGIND_FAULT(name) (::margind::core::injected_fault == ::margind::core::BandFault::name)
#else
#define MARGIND_FOUND(account) static_cast<void>(0)
#define MARGIND_FAULT(name) false
#endif

}  // namespace margind::core
