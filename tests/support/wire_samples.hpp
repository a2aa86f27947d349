// Events for the encodings of the stream: the samples of every kind, then many drawn at random,
// with parameters whose names and scales reach their ends.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/name_limits.hpp"
#include "tests/support/random_records.hpp"
#include "tests/support/sample_events.hpp"

namespace margind::tests {

inline core::RiskParameters wire_parameters() {
    core::RiskParameters parameters = sample_parameters();
    core::Instrument longest;
    longest.name = std::string(core::kNameBytesMax, 'I');
    longest.price_decimals = 16;
    longest.quantity_decimals = 0;
    parameters.instruments.push_back(longest);
    core::Asset usd;
    usd.name = "USD";
    core::Asset coin;
    coin.name = std::string(core::kNameBytesMax, 'A');
    parameters.assets = {usd, coin};
    parameters.feeds.emplace_back(core::kNameBytesMax, 'F');
    core::Source source;
    source.instrument = core::InstrumentId(2);
    source.feed = core::FeedId(2);
    source.symbol = std::string(core::kSymbolBytesMax - 4, 'S') + "\"\\\xc3\xa9";
    source.channel = core::Channel::oracle;
    parameters.sources.push_back(source);
    return parameters;
}

// An id of one of `count` things, or none.
template <class Id>
Id some(test::RandomRecords& random, std::size_t count) {
    const std::uint64_t index = random.below(count + 1);
    return index == count ? Id::none() : Id(static_cast<std::uint32_t>(index));
}
template <class Id>
Id one(test::RandomRecords& random, std::size_t count) {
    return Id(static_cast<std::uint32_t>(random.below(count)));
}

// Every field at random, every id known or, where an event may lack it, none.
inline core::Event random_wire_event(test::RandomRecords& random, core::EventKind kind,
                                     const core::RiskParameters& parameters) {
    const std::size_t instruments = parameters.instruments.size();
    core::Event event = random.event(kind);
    if (!event.engine_time.stated()) event.engine_time = sample_time(0);
    if (core::is_account_event(kind)) {
        core::AccountEvent& account = event.account;
        account.cause.instrument = some<core::InstrumentId>(random, instruments);
        account.cause.source = some<core::SourceId>(random, parameters.sources.size());
        if (random.below(4) == 0) account.cause.mark = core::Price();
        if (random.below(4) == 0) account.health_factor = core::HealthFactor();
        for (core::PlanStep& step : account.plan) {
            step.instrument = one<core::InstrumentId>(random, instruments);
            step.debt = one<core::AssetId>(random, parameters.assets.size());
            step.collateral = one<core::AssetId>(random, parameters.assets.size());
            if (random.below(4) == 0) step.bankruptcy_price = core::Price();
        }
    } else if (kind == core::EventKind::threshold_changed) {
        event.threshold.instrument = one<core::InstrumentId>(random, instruments);
        if (random.below(4) == 0) {
            event.threshold.sigma_annual = std::numeric_limits<double>::infinity();
        }
    } else if (kind == core::EventKind::price_state) {
        event.price_state.instrument = one<core::InstrumentId>(random, instruments);
        if (random.below(4) == 0) event.price_state.index = core::Price();
    } else if (kind == core::EventKind::feed_state) {
        event.feed_state.feed = some<core::FeedId>(random, parameters.feeds.size());
    } else if (kind == core::EventKind::parameters_changed) {
        event.parameters.version = event.parameter_version;
    }
    return event;
}

// sample_events(), then `rounds` random events of each kind.
inline std::vector<core::Event> wire_events(const core::RiskParameters& parameters,
                                            std::uint64_t seed, int rounds) {
    std::vector<core::Event> events = sample_events();
    test::RandomRecords random(seed);
    for (int round = 0; round < rounds; ++round) {
        for (std::uint64_t kind = 0; kind < test::RandomRecords::kEventKinds; ++kind) {
            events.push_back(
                random_wire_event(random, static_cast<core::EventKind>(kind), parameters));
        }
    }
    return events;
}

}  // namespace margind::tests
