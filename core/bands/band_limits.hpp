// Sizes of the band index that tests make small, to see what happens at their ends.
#pragma once

#include <cstddef>
#include <cstdint>

namespace margind::core {

// Zero: chosen from the parameters.
struct BandLimits {
    std::size_t chunks = 0;        // of the wheels' memory; without more an account is watched
    std::size_t fine_blocks = 0;   // split buckets; without more a bucket stays a list
    std::size_t tracked = 0;       // accounts; without more an account is watched
    std::size_t repairs = 0;       // accounts guarded anew after one tick; the rest is put off
    std::uint32_t first_call = 0;  // where the numbers of market changes begin
    // Entries that nobody wants that may lie in the wheels before they are swept.
    std::uint64_t unwanted_entries = 1'024;
};

}  // namespace margind::core
