// From a venue's tick to the engine's input: symbol and channel to sources, exact decimals to the
// instrument's ticks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/input.hpp"
#include "core/parameters.hpp"
#include "feeds/tick.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

enum class NormaliseError : std::uint8_t {
    none,
    no_source,    // nobody asked for this symbol and channel: dropped, counted
    too_precise,  // more digits than the instrument's price_decimals; raise them in the config
    too_large,    // does not fit 64 bits at the instrument's scale
};

// decimal * 10^decimals as an integer, exactly, or why not.
NormaliseError scale_exactly(Decimal decimal, int decimals, std::int64_t& scaled) noexcept;

// Lookup from (feed, symbol, channel) to the sources configured for it. Built once, read by the io
// thread; lookups allocate nothing. One symbol may feed several instruments.
class SourceMap {
  public:
    explicit SourceMap(const core::RiskParameters& parameters);

    struct Target {
        core::SourceId source;
        int price_decimals = core::kScaleDecimals;
    };
    std::span<const Target> find(core::FeedId feed, std::string_view symbol,
                                 core::Channel channel) const noexcept;

  private:
    struct Entry {
        core::FeedId feed;
        core::Channel channel;
        std::string_view symbol;  // of the parameters, which outlive the map
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    std::vector<Entry> table_;  // open addressing, a power of two
    std::vector<Target> targets_;
};

// The topics a feed must subscribe to, without repeats, in the order of the sources.
std::vector<Topic> topics_of(const core::RiskParameters& parameters, core::FeedId feed);

// Fills `input` (price and exchange time only) for one target of a tick.
NormaliseError to_price_input(const Tick& tick, const SourceMap::Target& target,
                              core::Input& input) noexcept;

}  // namespace margind::feeds
