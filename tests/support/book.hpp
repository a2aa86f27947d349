// A small venue for tests: assets, instruments with one or more sources, and a driver that stamps
// inputs the way the sequencer does.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/event.hpp"
#include "core/input.hpp"
#include "core/parameters.hpp"

namespace margind::test {

inline constexpr std::int64_t kUnit = core::kScale;  // one unit of money, price or quantity

constexpr core::Rate rate(double fraction) {
    return core::Rate::from_raw(static_cast<std::int64_t>(fraction * 1e8 + 0.5));
}
constexpr core::Money money(double units) {
    return core::Money::from_raw(static_cast<std::int64_t>(units * 1e8 + (units < 0 ? -0.5 : 0.5)));
}
constexpr core::Price price(double units) {
    return core::Price::from_raw(static_cast<std::int64_t>(units * 1e8 + 0.5));
}
constexpr core::Quantity quantity(double units) {
    return core::Quantity::from_raw(
        static_cast<std::int64_t>(units * 1e8 + (units < 0 ? -0.5 : 0.5)));
}
constexpr core::Value notional(double units) {
    return core::Value::from_raw(core::Int128{static_cast<std::int64_t>(units)} * core::kScale *
                                 core::kScale);
}

// Prices and quantities at 1e-8, one tier of 10 % / 5 %, static rates, quorum 1.
inline core::Instrument instrument(const std::string& name, core::AssetId quote) {
    core::Instrument i;
    i.name = name;
    i.quote = quote;
    i.scale = core::ContractScale::from_factor(1);
    i.price_max = price(10'000'000);
    i.tiers = {{notional(0), rate(0.10), rate(0.05)}};
    i.hold_max = core::Duration::from_seconds(60);
    i.liquidation_fee = rate(0.005);
    i.lot = core::Quantity::from_raw(1);
    return i;
}

// Adds a price source (of trades) with a symbol of its own; returns its number.
inline std::uint32_t add_source(core::RiskParameters& p, std::uint32_t instrument,
                                core::AssetId quote, core::Role role = core::Role::index) {
    core::Source s;
    s.instrument = core::InstrumentId(instrument);
    s.feed = core::FeedId(0);
    s.symbol = "S" + std::to_string(p.sources.size());
    s.channel = core::Channel::trade;
    s.role = role;
    s.quote = quote;
    s.stale_after = core::Duration::from_seconds(10);
    p.sources.push_back(s);
    return static_cast<std::uint32_t>(p.sources.size() - 1);
}

inline core::AccountKey key(const std::string& owner, const std::string& sub = "") {
    return {core::FixedText<48>(owner), core::FixedText<16>(sub)};
}

// USD at par; BTC and ETH perpetuals in USD with one index source each (source id = instrument id);
// BTC as collateral, valued at the BTC perpetual's index, 10 % haircut.
inline core::RiskParameters small_venue() {
    core::RiskParameters p;
    const core::AssetId usd(0);
    p.assets.push_back({.name = "USD", .haircut = {}});
    p.assets.push_back({.name = "BTC", .priced_by = core::InstrumentId(0), .haircut = rate(0.10)});
    p.instruments.push_back(instrument("BTC-PERP", usd));
    p.instruments.push_back(instrument("ETH-PERP", usd));
    p.feeds = {"feed"};
    add_source(p, 0, usd);
    add_source(p, 1, usd);
    p.max_accounts = 64;
    return p;
}

// Drives an engine: stamps inputs, collects events.
class Driver {
  public:
    explicit Driver(core::RiskParameters parameters, core::Search search = core::Search::reference,
                    const core::BandLimits& limits = {})
        : engine(std::move(parameters), {.search = search, .limits = limits}) {}

    core::Refusal apply(core::Input input) {
        input.input_seq = ++input_seq;
        input.engine_time = now;
        input.receive_time = now;
        const core::Refusal refusal = engine.apply(input);
        collect();
        return refusal;
    }
    core::Refusal set_price(std::uint32_t source, core::Price value) {
        core::PriceInput p;
        p.source = core::SourceId(source);
        p.price = value;
        return apply(core::Input::of(p));
    }
    core::Refusal set_balance(const core::AccountKey& account, std::uint32_t asset,
                              core::Money amount, core::Last last = core::Last::yes) {
        core::AccountInput a;
        a.key = account;
        a.record = core::AccountRecord::balance;
        a.id = asset;
        a.amount = amount.raw();
        a.last = last;
        return apply(core::Input::of(a));
    }
    core::Refusal set_position(const core::AccountKey& account, std::uint32_t instrument,
                               core::Quantity size, core::Price entry,
                               core::Last last = core::Last::yes) {
        core::AccountInput a;
        a.key = account;
        a.record = core::AccountRecord::position;
        a.id = instrument;
        a.amount = size.raw();
        a.price = entry.raw();
        a.last = last;
        return apply(core::Input::of(a));
    }
    core::Refusal set_statistic(core::Statistic statistic, std::uint32_t target,
                                std::int64_t value) {
        core::StatisticInput s;
        s.statistic = statistic;
        s.target = target;
        s.value = value;
        return apply(core::Input::of(s));
    }
    core::Evaluation figures(const core::AccountKey& account) const {
        return engine.report(*engine.find(account)).evaluation;
    }
    core::Refusal tick() { return apply(core::Input::of(core::TimerInput{})); }
    void wait(core::Duration duration) { now = now + duration; }

    // Account events only, in order.
    std::vector<core::Event> account_events() const {
        std::vector<core::Event> out;
        for (const core::Event& event : events) {
            if (core::is_account_event(event.kind)) out.push_back(event);
        }
        return out;
    }
    std::vector<core::Event> events_of(core::EventKind kind) const {
        std::vector<core::Event> out;
        for (const core::Event& event : events) {
            if (event.kind == kind) out.push_back(event);
        }
        return out;
    }

    core::Engine engine;
    std::vector<core::Event> events;
    std::uint64_t input_seq = 0;
    core::Timestamp now = core::Timestamp::from_ns(1'760'130'000'000'000'000);

  private:
    void collect() {
        core::Event event;
        while (engine.next_event(event)) events.push_back(event);
    }
};

// The tests' own random numbers: the same on every machine (SplitMix64).
class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t n) { return next() % n; }
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    bool chance(double p) { return unit() < p; }

  private:
    std::uint64_t state_;
};

}  // namespace margind::test
