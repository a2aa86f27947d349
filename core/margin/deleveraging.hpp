// Who is closed first when a bankrupt position finds no taker: those who gain most, with the most
// leverage.
//
//   score = pnl_share leverage    if the position gains
//         = pnl_share / leverage  otherwise
//
// Rounded down. Source: Zubr, "Auto-deleveraging"; the same rule at BitMEX ("ADL ranking").
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "core/units.hpp"

namespace margind::core {

// Requires: leverage > 0.
template <class N>
constexpr RateOf<N> deleveraging_score(const RateOf<N>& pnl_share, const RateOf<N>& leverage) {
    return pnl_share.raw() > 0 ? product(pnl_share, leverage, Rounding::down)
                               : quotient(pnl_share, leverage, Rounding::down);
}

// The place of each score in the queue: 1 is closed first. Equal scores keep their order.
template <class N>
std::vector<std::size_t> deleveraging_queue(std::span<const RateOf<N>> scores) {
    std::vector<std::size_t> by_score(scores.size());
    std::iota(by_score.begin(), by_score.end(), std::size_t{0});
    std::ranges::stable_sort(by_score,
                             [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    std::vector<std::size_t> place(scores.size());
    for (std::size_t i = 0; i < by_score.size(); ++i) {
        place[by_score[i]] = i + 1;
    }
    return place;
}

}  // namespace margind::core
