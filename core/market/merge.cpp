#include "core/market/merge.hpp"

#include <algorithm>

namespace margind::core {

Price weighted_median(std::span<WeightedPrice> prices) noexcept {
    std::sort(prices.begin(), prices.end(),
              [](const WeightedPrice& a, const WeightedPrice& b) { return a.price < b.price; });
    std::uint64_t total = 0;
    for (const WeightedPrice& p : prices) total += p.weight;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < prices.size(); ++i) {
        below += prices[i].weight;
        if (2 * below > total) return prices[i].price;
        if (2 * below == total) {
            const std::int64_t a = prices[i].price.raw();
            return Price::from_raw(a + (prices[i + 1].price.raw() - a) / 2);
        }
    }
    return prices.back().price;
}

}  // namespace margind::core
