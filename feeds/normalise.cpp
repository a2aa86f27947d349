#include "feeds/normalise.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/units.hpp"

namespace margind::feeds {
namespace {

constexpr std::int32_t kPowersMax = 18;  // 10^18 is the largest power of ten in 64 bits

constexpr auto kPowersOfTen = [] {
    std::array<std::int64_t, kPowersMax + 1> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

std::int64_t power_of_ten(std::int32_t exponent) {
    return kPowersOfTen[static_cast<std::size_t>(exponent)];
}

// FNV-1a.
std::size_t hash_of(core::FeedId feed, std::string_view symbol, core::Channel channel) {
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&hash](std::uint64_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
    for (const char c : symbol) mix(static_cast<unsigned char>(c));
    mix(feed.index());
    mix(static_cast<std::uint64_t>(channel));
    return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

NormaliseError scale_exactly(Decimal decimal, int decimals, std::int64_t& scaled) noexcept {
    if (decimal.mantissa == 0) {
        scaled = 0;
        return NormaliseError::none;
    }
    const std::int32_t shift = decimal.exponent + decimals;
    if (shift > kPowersMax) return NormaliseError::too_large;
    if (shift >= 0) {
        const bool overflow =
            __builtin_mul_overflow(decimal.mantissa, power_of_ten(shift), &scaled);
        return overflow ? NormaliseError::too_large : NormaliseError::none;
    }
    if (shift < -kPowersMax) return NormaliseError::too_precise;
    const std::int64_t divisor = power_of_ten(-shift);
    if (decimal.mantissa % divisor != 0) return NormaliseError::too_precise;
    scaled = decimal.mantissa / divisor;
    return NormaliseError::none;
}

SourceMap::SourceMap(const core::RiskParameters& parameters) {
    const std::vector<core::Source>& sources = parameters.sources;
    table_.resize(std::bit_ceil(2 * sources.size() + 2));  // at most half full
    const std::size_t mask = table_.size() - 1;

    for (const core::Source& source : sources) {
        std::size_t slot = hash_of(source.feed, source.symbol, source.channel) & mask;
        const auto same = [&](const Entry& entry) {
            return entry.feed == source.feed && entry.channel == source.channel &&
                   entry.symbol == source.symbol;
        };
        while (table_[slot].count != 0 && !same(table_[slot])) slot = (slot + 1) & mask;
        if (table_[slot].count != 0) continue;  // its targets are listed already

        Entry& entry = table_[slot];
        entry = {source.feed, source.channel, source.symbol,
                 static_cast<std::uint32_t>(targets_.size()), 0};
        for (std::size_t i = 0; i < sources.size(); ++i) {
            const core::Source& other = sources[i];
            if (other.feed != source.feed || other.channel != source.channel ||
                other.symbol != source.symbol) {
                continue;
            }
            const core::Instrument& instrument = parameters.instruments[other.instrument.index()];
            targets_.push_back(
                {core::SourceId(static_cast<std::uint32_t>(i)), instrument.price_decimals});
            ++entry.count;
        }
    }
}

std::span<const SourceMap::Target> SourceMap::find(core::FeedId feed, std::string_view symbol,
                                                   core::Channel channel) const noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = hash_of(feed, symbol, channel) & mask;
    for (; table_[slot].count != 0; slot = (slot + 1) & mask) {
        const Entry& entry = table_[slot];
        if (entry.feed == feed && entry.channel == channel && entry.symbol == symbol) {
            return {targets_.data() + entry.first, entry.count};
        }
    }
    return {};
}

std::vector<Topic> topics_of(const core::RiskParameters& parameters, core::FeedId feed) {
    std::vector<Topic> topics;
    for (const core::Source& source : parameters.sources) {
        if (source.feed != feed) continue;
        const auto same = [&](const Topic& topic) {
            return topic.symbol == source.symbol && topic.channel == source.channel;
        };
        if (std::none_of(topics.begin(), topics.end(), same)) {
            topics.push_back({source.symbol, source.channel});
        }
    }
    return topics;
}

NormaliseError to_price_input(const Tick& tick, const SourceMap::Target& target,
                              core::Input& input) noexcept {
    const int decimals = target.price_decimals;
    std::int64_t price = 0, bid = 0, ask = 0, confidence = 0;
    NormaliseError error = NormaliseError::none;
    if (tick.channel == core::Channel::book_top) {
        error = scale_exactly(tick.bid, decimals, bid);
        if (error == NormaliseError::none) error = scale_exactly(tick.ask, decimals, ask);
        // The middle, rounded down; bid + ask itself could overflow.
        price = bid + (ask - bid) / 2;
    } else {
        error = scale_exactly(tick.price, decimals, price);
        if (error == NormaliseError::none && tick.channel == core::Channel::oracle) {
            error = scale_exactly(tick.confidence, decimals, confidence);
        }
    }
    if (error != NormaliseError::none) return error;

    core::PriceInput filled;
    filled.source = target.source;
    filled.channel = tick.channel;
    filled.price = core::Price::from_raw(price);
    filled.bid = core::Price::from_raw(bid);
    filled.ask = core::Price::from_raw(ask);
    filled.confidence = core::Price::from_raw(confidence);
    filled.sequence = tick.sequence;
    input.kind = core::InputKind::price;
    input.price = filled;
    input.exchange_time = tick.exchange_time;
    return NormaliseError::none;
}

}  // namespace margind::feeds
