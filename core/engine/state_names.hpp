// What the numbers in a saved state stand for: assets, instruments, price sources and feeds by name
// and nature, so that the state can be restored where the config lists them in another order, has
// more of them, or fewer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/engine/state_stream.hpp"
#include "core/ids.hpp"
#include "core/journal/archive.hpp"
#include "core/parameters.hpp"

namespace margind::core {

using StateWriter = ArchiveWriter<StateSink>;
using StateReader = ArchiveReader<StateSource>;

// Saved ids in those of other parameters; none: there is no such thing any more, or another one of
// its name (an instrument with other decimals, say: its prices would be others).
struct StateNames {
    std::vector<std::string> asset_names;  // by saved id
    std::vector<std::string> instrument_names;
    std::vector<AssetId> assets;
    std::vector<InstrumentId> instruments;
    std::vector<SourceId> sources;
    std::vector<FeedId> feeds;
};

void save_names(StateWriter& writer, const RiskParameters& parameters);
// Reads what save_names() wrote. When that is not what it reads, `reader` is not ok() afterwards.
StateNames load_names(StateReader& reader, const RiskParameters& parameters);

}  // namespace margind::core
