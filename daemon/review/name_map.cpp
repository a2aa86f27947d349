#include "daemon/review/name_map.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

constexpr std::uint32_t kMissing = core::InstrumentId::none_index();
// What no configuration has, and what does not mean "none" either: refused there as it was here.
constexpr std::uint32_t kUnknown = kMissing - 1;

template <class List, class Same>
std::uint32_t position(const List& list, const Same& same) {
    const auto found = std::find_if(list.begin(), list.end(), same);
    return found == list.end() ? kMissing : static_cast<std::uint32_t>(found - list.begin());
}

// Prices and sizes are recorded in steps; they mean the same only where the steps are the same.
std::string scale_problem(const core::Instrument& from, const core::Instrument& to) {
    if (from.price_decimals == to.price_decimals &&
        from.quantity_decimals == to.quantity_decimals &&
        from.scale.factor() == to.scale.factor()) {
        return {};
    }
    return fmt::format(
        "instrument {} has price_decimals {}, quantity_decimals {} in the journal and {}, {} in "
        "the "
        "other configuration, or another multiplier; make them equal",
        from.name, from.price_decimals, from.quantity_decimals, to.price_decimals,
        to.quantity_decimals);
}

std::string feed_of(const core::RiskParameters& parameters, const core::Source& source) {
    return source.feed.valid() ? parameters.feeds[source.feed.index()] : std::string();
}

}  // namespace

NameMap::NameMap(const core::RiskParameters& from, const core::RiskParameters& to) {
    for (const core::Asset& asset : from.assets) {
        const auto same = [&](const core::Asset& other) { return other.name == asset.name; };
        assets_.push_back({asset.name, position(to.assets, same), {}});
    }
    for (const core::Instrument& instrument : from.instruments) {
        const auto same = [&](const core::Instrument& o) { return o.name == instrument.name; };
        const std::uint32_t at = position(to.instruments, same);
        instruments_.push_back(
            {instrument.name, at,
             at == kMissing ? std::string() : scale_problem(instrument, to.instruments[at])});
    }
    for (const core::Source& source : from.sources) {
        const std::string& instrument = from.instruments[source.instrument.index()].name;
        const std::string feed = feed_of(from, source);
        sources_.push_back(position(to.sources, [&](const core::Source& other) {
            return other.symbol == source.symbol && other.channel == source.channel &&
                   other.role == source.role &&
                   to.instruments[other.instrument.index()].name == instrument &&
                   feed_of(to, other) == feed;
        }));
        source_instruments_.push_back(source.instrument.index());
    }
    for (const std::string& feed : from.feeds) {
        feeds_.push_back(position(to.feeds, [&](const std::string& o) { return o == feed; }));
    }
}

Heard NameMap::translate(core::Input& input) {
    Heard heard = Heard::yes;
    switch (input.kind) {
        case core::InputKind::price: {
            const std::uint32_t source = input.price.source.index();
            if (source >= sources_.size()) {
                input.price.source = core::SourceId(kUnknown);
                return Heard::yes;
            }
            std::uint32_t instrument_id = source_instruments_[source];
            if (instrument(instrument_id) == Heard::impossible) return Heard::impossible;
            if (sources_[source] == kMissing) heard = Heard::source_missing;
            input.price.source = core::SourceId(sources_[source]);
            break;
        }
        case core::InputKind::account:
            return translate(input.account);
        case core::InputKind::parameter:
            heard = Heard::parameter_left_out;
            break;
        case core::InputKind::feed_state: {
            const std::uint32_t feed = input.feed_state.feed.index();
            if (feed >= feeds_.size()) {
                input.feed_state.feed = core::FeedId(kUnknown);
                return Heard::yes;
            }
            if (feeds_[feed] == kMissing) heard = Heard::feed_missing;
            input.feed_state.feed = core::FeedId(feeds_[feed]);
            break;
        }
        case core::InputKind::statistic:
            return translate(input.statistic);
        case core::InputKind::timer:
        case core::InputKind::daemon:
        case core::InputKind::count_:
            break;
    }
    if (heard != Heard::yes) {
        input.kind = core::InputKind::timer;
        input.timer = {};
    }
    return heard;
}

Heard NameMap::translate(core::AccountInput& account) {
    switch (account.record) {
        case core::AccountRecord::balance:
        case core::AccountRecord::transfer_from:
        case core::AccountRecord::transfer_to:
            return asset(account.id);
        case core::AccountRecord::isolated:
            if (account.id == core::kCross) return Heard::yes;
            return instrument(account.id);
        case core::AccountRecord::position:
        case core::AccountRecord::order:
        case core::AccountRecord::accrued:
        case core::AccountRecord::leverage:
            return instrument(account.id);
        case core::AccountRecord::nothing:
        case core::AccountRecord::source_number:
        case core::AccountRecord::refused:
        case core::AccountRecord::count_:
            break;
    }
    return Heard::yes;
}

Heard NameMap::translate(core::StatisticInput& statistic) {
    return statistic.statistic >= core::Statistic::total_deposits ? asset(statistic.target)
                                                                  : instrument(statistic.target);
}

Heard NameMap::instrument(std::uint32_t& id) {
    if (id >= instruments_.size()) {
        id = kUnknown;
        return Heard::yes;
    }
    const Name& name = instruments_[id];
    id = name.to;
    if (name.to != kMissing && name.problem.empty()) return Heard::yes;
    problem_ = name.problem.empty() ? fmt::format(
                                          "the journal's inputs use instrument {}, which the other "
                                          "configuration does not have; add it there",
                                          name.text)
                                    : name.problem;
    return Heard::impossible;
}

Heard NameMap::asset(std::uint32_t& id) {
    if (id >= assets_.size()) {
        id = kUnknown;
        return Heard::yes;
    }
    const Name& name = assets_[id];
    id = name.to;
    if (name.to != kMissing) return Heard::yes;
    problem_ = fmt::format(
        "the journal's inputs use asset {}, which the other configuration does not have; add it "
        "there",
        name.text);
    return Heard::impossible;
}

}  // namespace margind::daemon
