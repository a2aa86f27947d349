// What is known of one price source.
#pragma once

#include <cstdint>

#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// One source as the market stage sees it; kept for explanations.
struct SourceStatus {
    Price price;  // last accepted, in the source's own quote; zero: none yet
    Price confidence;
    Timestamp receive_time;  // of that price
    Timestamp exchange_time;
    std::uint64_t sequence = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    bool in_merge = false;  // was fresh enough for the last merge
};

}  // namespace margind::core
