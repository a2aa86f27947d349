// What the band index does, as running totals for metrics and benchmarks.
#pragma once

#include <cstdint>

namespace margind::core {

struct BandStatistics {
    std::uint32_t banded = 0;      // accounts behind guards
    std::uint32_t tracked = 0;     // accounts whose distance is kept up to date with every tick
    std::uint32_t watched = 0;     // accounts named on every tick of what they hold
    std::uint32_t general = 0;     // accounts whose rules are not additive
    std::uint32_t uncovered = 0;   // of those, accounts that are always watched
    std::uint32_t distrusted = 0;  // of those, accounts whose audit failed
    std::uint64_t fired = 0;       // entries reached by a coordinate
    std::uint64_t unwanted = 0;    // of those, entries whose owner had other keys by then
    std::uint64_t guards_set = 0;
    std::uint64_t keys_set = 0;
    std::uint64_t uncertified = 0;  // guards refused by the certificate; never expected
    std::uint64_t put_off = 0;      // repairs left for later ticks
    std::uint64_t swept = 0;        // entries taken out because nobody wanted them
    std::uint64_t no_memory = 0;    // keys and distances without room; their accounts are watched
    std::uint64_t touched = 0;      // distances brought up to date
    std::uint64_t anchored = 0;     // wheels laid anew around a price that had gone far
    std::uint64_t bytes = 0;        // in use, of the index alone
};

// Of several indexes together.
inline void add(BandStatistics& sum, const BandStatistics& other) {
    sum.banded += other.banded;
    sum.tracked += other.tracked;
    sum.watched += other.watched;
    sum.general += other.general;
    sum.uncovered += other.uncovered;
    sum.distrusted += other.distrusted;
    sum.fired += other.fired;
    sum.unwanted += other.unwanted;
    sum.guards_set += other.guards_set;
    sum.keys_set += other.keys_set;
    sum.uncertified += other.uncertified;
    sum.put_off += other.put_off;
    sum.swept += other.swept;
    sum.no_memory += other.no_memory;
    sum.touched += other.touched;
    sum.anchored += other.anchored;
    sum.bytes += other.bytes;
}

}  // namespace margind::core
