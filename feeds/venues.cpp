#include <algorithm>

#include "feeds/binance_spot/subscription.hpp"
#include "feeds/binance_usdm/subscription.hpp"
#include "feeds/coinbase_advanced/subscription.hpp"
#include "feeds/coinbase_exchange/subscription.hpp"
#include "feeds/pyth/subscription.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

const std::vector<const Venue*>& venues() {
    static const std::vector<const Venue*> kAll{
        &binance_spot::venue(),      &binance_usdm::venue(), &coinbase_advanced::venue(),
        &coinbase_exchange::venue(), &pyth::venue(),
    };
    return kAll;
}

const Venue* find_venue(std::string_view name) {
    const auto& all = venues();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Venue* v) { return v->name() == name; });
    return found == all.end() ? nullptr : *found;
}

}  // namespace margind::feeds
