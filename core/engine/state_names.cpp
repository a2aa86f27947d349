#include "core/engine/state_names.hpp"

#include <algorithm>
#include <string_view>

namespace margind::core {
namespace {

constexpr std::uint16_t kLongestName = 4'096;
constexpr std::uint32_t kMostNames = 1U << 20;

void save(StateWriter& writer, std::string_view text) {
    const std::string_view kept = text.substr(0, kLongestName);
    writer.value(static_cast<std::uint16_t>(kept.size()));
    writer.bytes(std::as_bytes(std::span(kept)));
}

std::string load_text(StateReader& reader) {
    std::uint16_t size = 0;
    reader.value(size);
    if (size > kLongestName) reader.fail();
    if (!reader.ok()) return {};
    std::string text(size, '\0');
    reader.bytes(std::as_writable_bytes(std::span(text)));
    return text;
}

std::uint32_t load_count(StateReader& reader) {
    std::uint32_t count = 0;
    reader.value(count);
    if (count > kMostNames) reader.fail();
    return reader.ok() ? count : 0;
}

template <class Id>
Id mapped(const std::vector<Id>& ids, std::uint32_t saved) {
    return saved < ids.size() ? ids[saved] : Id::none();
}

// Where it stood, if the same stands there: usually nothing has changed.
template <class List, class Same>
std::uint32_t place_of(const List& list, std::size_t stood, Same same) {
    if (stood < list.size() && same(list[stood])) return static_cast<std::uint32_t>(stood);
    const auto at = std::find_if(list.begin(), list.end(), same);
    return at == list.end() ? AssetId::none_index() : static_cast<std::uint32_t>(at - list.begin());
}

void load_assets(StateReader& reader, const RiskParameters& parameters, StateNames& names) {
    for (std::uint32_t n = load_count(reader); n > 0 && reader.ok(); --n) {
        names.asset_names.push_back(load_text(reader));
        names.assets.emplace_back(
            place_of(parameters.assets, names.assets.size(),
                     [&](const Asset& asset) { return asset.name == names.asset_names.back(); }));
    }
}

void load_feeds(StateReader& reader, const RiskParameters& parameters, StateNames& names) {
    for (std::uint32_t n = load_count(reader); n > 0 && reader.ok(); --n) {
        const std::string name = load_text(reader);
        names.feeds.emplace_back(place_of(parameters.feeds, names.feeds.size(),
                                          [&](const std::string& feed) { return feed == name; }));
    }
}

void load_instruments(StateReader& reader, const RiskParameters& parameters, StateNames& names) {
    for (std::uint32_t n = load_count(reader); n > 0 && reader.ok(); --n) {
        names.instrument_names.push_back(load_text(reader));
        InstrumentKind kind{};
        AssetId quote;
        AssetId settle;
        std::int32_t price_decimals = 0;
        std::int32_t quantity_decimals = 0;
        std::int64_t factor = 0;
        reader.value(kind, InstrumentKind::capped);
        reader.value(quote);
        reader.value(settle);
        reader.value(price_decimals);
        reader.value(quantity_decimals);
        reader.value(factor);
        const AssetId quoted_in = mapped(names.assets, quote.index());
        const AssetId settled_in = mapped(names.assets, settle.index());
        names.instruments.emplace_back(
            place_of(parameters.instruments, names.instruments.size(), [&](const Instrument& i) {
                return i.name == names.instrument_names.back() && i.kind == kind &&
                       i.quote == quoted_in && settlement_asset(i) == settled_in &&
                       i.price_decimals == price_decimals &&
                       i.quantity_decimals == quantity_decimals && i.scale.factor() == factor;
            }));
    }
}

void load_sources(StateReader& reader, const RiskParameters& parameters, StateNames& names) {
    for (std::uint32_t n = load_count(reader); n > 0 && reader.ok(); --n) {
        const std::string symbol = load_text(reader);
        FeedId feed;
        InstrumentId instrument;
        AssetId quote;
        Channel channel{};
        Role role{};
        reader.value(feed);
        reader.value(instrument);
        reader.value(quote);
        reader.value(channel, Channel::oracle);
        reader.value(role, Role::mark);
        const FeedId of = mapped(names.feeds, feed.index());
        const InstrumentId prices = mapped(names.instruments, instrument.index());
        const AssetId quoted_in = mapped(names.assets, quote.index());
        names.sources.emplace_back(
            place_of(parameters.sources, names.sources.size(), [&](const Source& s) {
                return s.symbol == symbol && s.feed == of && s.instrument == prices &&
                       s.quote == quoted_in && s.channel == channel && s.role == role;
            }));
    }
}

}  // namespace

void save_names(StateWriter& writer, const RiskParameters& parameters) {
    writer.value(static_cast<std::uint32_t>(parameters.assets.size()));
    for (const Asset& asset : parameters.assets) save(writer, asset.name);
    writer.value(static_cast<std::uint32_t>(parameters.feeds.size()));
    for (const std::string& feed : parameters.feeds) save(writer, feed);
    writer.value(static_cast<std::uint32_t>(parameters.instruments.size()));
    for (const Instrument& instrument : parameters.instruments) {
        save(writer, instrument.name);
        writer.value(instrument.kind, InstrumentKind::capped);
        writer.value(instrument.quote);
        writer.value(settlement_asset(instrument));
        writer.value(std::int32_t{instrument.price_decimals});
        writer.value(std::int32_t{instrument.quantity_decimals});
        writer.value(instrument.scale.factor());
    }
    writer.value(static_cast<std::uint32_t>(parameters.sources.size()));
    for (const Source& source : parameters.sources) {
        save(writer, source.symbol);
        writer.value(source.feed);
        writer.value(source.instrument);
        writer.value(source.quote);
        writer.value(source.channel, Channel::oracle);
        writer.value(source.role, Role::mark);
    }
}

StateNames load_names(StateReader& reader, const RiskParameters& parameters) {
    StateNames names;
    load_assets(reader, parameters, names);
    load_feeds(reader, parameters, names);
    load_instruments(reader, parameters, names);
    load_sources(reader, parameters, names);
    return names;
}

}  // namespace margind::core
