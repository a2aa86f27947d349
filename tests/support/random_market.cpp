// The market's part of a random flow: prices, statistics, parameters, feeds.
#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/support/random_flow.hpp"

using namespace margind::core;

namespace margind::test {

// What one unit of an asset is worth.
double RandomFlow::dollars(AssetId asset) const {
    const InstrumentId by = books_.parameters.assets[asset.index()].priced_by;
    return by.valid() ? price_[by.index()] : 1;
}

// What a position of one is worth.
double RandomFlow::worth_of_one(std::uint32_t instrument) const {
    const Instrument& one = books_.parameters.instruments[instrument];
    const double settled = dollars(settlement_asset(one));
    return is_inverse(one.kind) ? settled / price_[instrument] : settled * price_[instrument];
}

void RandomFlow::move(std::uint32_t instrument, double factor) {
    const BookShape& shape = books_.shape;
    const double start = books_.start[instrument];
    const bool capped = books_.parameters.instruments[instrument].kind == InstrumentKind::capped;
    const double reach = shape.travel ? 150 : 12;
    const double highest = start * (capped ? 2.2 : reach);
    const double lowest = start / (capped ? 20 : reach);
    double& price = price_[instrument];
    price *= factor;
    if (price > highest || price < lowest) {
        price = std::clamp(price, lowest, highest);
        trend_[instrument] = -trend_[instrument];
    }
}

// A step that is drawn, and a part of it that goes one way for as long as the trend lasts.
void RandomFlow::walk(std::uint32_t instrument) {
    const BookShape& shape = books_.shape;
    const bool jumps = random_.chance(shape.jumps);
    const double size = jumps ? 0.05 : shape.bp * 1e-4;
    if (random_.chance(0.002)) {
        trend_[instrument] = static_cast<double>(random_.below(3)) - 1;
    }
    const double drift = jumps ? 0 : shape.trend * trend_[instrument] * size;
    move(instrument, 1 + (random_.unit() - 0.5) * 2 * size + drift);
    // Now and then further than any band: down by a third, or three times as high.
    if (shape.jumps > 0 && random_.chance(0.0005)) move(instrument, random_.chance(0.5) ? 0.7 : 3);
    tick(instrument);
}

// One of the instrument's sources, mostly each of them.
void RandomFlow::tick(std::uint32_t instrument) {
    for (const std::uint32_t source : sources_of_[instrument]) {
        if (random_.chance(0.9)) tick_source(source);
    }
}

void RandomFlow::tick_source(std::uint32_t source) {
    const core::Source& from = books_.parameters.sources[source];
    const Instrument& instrument = books_.parameters.instruments[from.instrument.index()];
    Source& state = sources_[source];
    if (random_.chance(0.05)) state.apart = 1 + (random_.unit() - 0.5) * 0.004;
    if (books_.shape.rules && random_.chance(0.02)) {
        state.confidence = random_.chance(0.5) ? 0 : random_.unit() * 0.005;
    }
    if (sources_of_[from.instrument.index()].size() == 1) state.apart = 1;
    const double quoted = price_[from.instrument.index()] * state.apart *
                          dollars(instrument.quote) / dollars(from.quote);
    PriceInput input;
    input.source = SourceId(source);
    input.price = ticks_of(instrument, quoted);
    if (state.confidence > 0) input.confidence = ticks_of(instrument, quoted * state.confidence);
    if (state.sequence > 0) input.sequence = random_.chance(0.99) ? ++state.sequence : 1;
    if (random_.chance(0.0005)) input.price = Price::from_raw(-1);  // refused
    apply(Input::of(input));
}

// Everything falls at once.
void RandomFlow::crash() {
    const double factor = 0.8 + random_.unit() * 0.15;
    for (std::uint32_t i = 0; i < price_.size(); ++i) {
        move(i, factor);
        tick(i);
    }
}

void RandomFlow::tell_statistic() {
    StatisticInput input;
    input.statistic =
        static_cast<Statistic>(random_.below(static_cast<std::uint64_t>(Statistic::count_)));
    if (input.statistic >= Statistic::total_deposits) {
        tell_of_asset(input);
    } else {
        tell_of_instrument(input);
    }
    apply(Input::of(input));
}

void RandomFlow::tell_of_instrument(StatisticInput& input) {
    input.target = static_cast<std::uint32_t>(random_.below(price_.size()));
    const Instrument& instrument = books_.parameters.instruments[input.target];
    const double price = price_[input.target];
    if (input.statistic == Statistic::open_interest) {
        input.value = money(random_.unit() * 1.2e7).raw();
    } else if (input.statistic == Statistic::expected_funding) {
        input.value = random_.chance(0.3) ? 0 : money((random_.unit() - 0.5) * price * 0.01).raw();
    } else if (random_.chance(0.4)) {
        input.value = 0;  // the auction is over; no slow price
    } else {
        input.value = ticks_of(instrument, price * (0.95 + random_.unit() * 0.1)).raw();
    }
}

void RandomFlow::tell_of_asset(StatisticInput& input) {
    input.target = static_cast<std::uint32_t>(random_.below(books_.parameters.assets.size()));
    const double unit = dollars(AssetId(input.target));
    input.value = input.statistic == Statistic::redemption_value
                      ? money(unit * (0.9 + random_.unit() * 0.2)).raw()
                      : money(random_.unit() * 2e6 / unit).raw();
}

// One to three at once; some are refused.
void RandomFlow::change_parameters() {
    const std::uint64_t changes = 1 + random_.below(3);
    for (std::uint64_t n = 0; n < changes; ++n) {
        ParameterInput input = parameter();
        input.last = n + 1 == changes ? Last::yes : Last::no;
        apply(Input::of(input));
    }
}

ParameterInput RandomFlow::parameter() {
    const double what = random_.unit();
    if (what < 0.6) return parameter_of_instrument();
    if (what < 0.8) return parameter_of_asset();
    const auto rung = static_cast<std::uint8_t>(random_.below(3));
    if (random_.chance(0.3)) {
        return {.parameter = Parameter::level_hysteresis,
                .tier = rung,
                .value = random_.chance(0.3) ? 0 : rate(random_.unit() * 0.05).raw()};
    }
    constexpr double kMultiplier[] = {1.3, 1.1, 0.97};
    return {.parameter = Parameter::level_multiplier,
            .tier = rung,
            .value = rate(kMultiplier[rung] + random_.unit() * 0.15).raw()};
}

ParameterInput RandomFlow::parameter_of_instrument() {
    ParameterInput input;
    input.target = static_cast<std::uint32_t>(random_.below(price_.size()));
    const Instrument& one = books_.parameters.instruments[input.target];
    const double scale = 0.7 + random_.unit() * 0.5;
    const auto scaled = [&](Rate of) {
        return static_cast<std::int64_t>(double(of.raw()) * scale);
    };
    input.tier = one.tiers.empty() ? std::uint8_t{0}
                                   : static_cast<std::uint8_t>(random_.below(one.tiers.size()));
    switch (random_.below(5)) {
        case 0:
            input.parameter = Parameter::tier_initial_rate;
            if (!one.tiers.empty()) input.value = scaled(one.tiers[input.tier].initial_rate);
            break;
        case 1:
            input.parameter = Parameter::volatility_multiplier_maintenance;
            input.value = rate(2 * scale).raw();
            break;
        case 2:
            input.parameter = Parameter::horizon;
            input.value = Duration::from_seconds(30 + 20 * static_cast<int>(random_.below(4))).ns();
            break;
        default:
            input.parameter = Parameter::tier_maintenance_rate;
            if (!one.tiers.empty()) input.value = scaled(one.tiers[input.tier].maintenance_rate);
            break;
    }
    return input;
}

ParameterInput RandomFlow::parameter_of_asset() {
    ParameterInput input;
    input.parameter = random_.chance(0.5) ? Parameter::haircut : Parameter::liability_weight;
    input.target = static_cast<std::uint32_t>(random_.below(books_.parameters.assets.size()));
    input.tier = static_cast<std::uint8_t>(random_.below(3));
    const double by = random_.unit() * 0.12;
    input.value = rate(input.parameter == Parameter::haircut ? by : 1 + by).raw();
    return input;
}

// What is not restored is restarted, or degraded once more.
void RandomFlow::restart_daemon_or_so() {
    constexpr DaemonInput kNotices[] = {{DaemonNotice::restarted, DaemonReason::restarted},
                                        {DaemonNotice::degraded, DaemonReason::event_queue_full},
                                        {DaemonNotice::degraded, DaemonReason::disk_low},
                                        {DaemonNotice::restored, DaemonReason::none}};
    apply(Input::of(kNotices[random_.below(std::size(kNotices))]));
}

void RandomFlow::restart_feed() {
    FeedStateInput input;
    input.feed = FeedId(static_cast<std::uint32_t>(random_.below(2)));
    constexpr std::pair<FeedState, FeedReason> kStates[] = {
        {FeedState::down, FeedReason::network_error},
        {FeedState::connecting, FeedReason::started},
        {FeedState::live, FeedReason::subscribed}};
    for (const auto& [state, reason] : kStates) {
        input.state = state;
        input.reason = reason;
        apply(Input::of(input));
    }
    for (std::uint32_t s = 0; s < sources_.size(); ++s) {
        if (books_.parameters.sources[s].feed == input.feed && sources_[s].sequence > 0) {
            sources_[s].sequence = 1;
        }
    }
}

}  // namespace margind::test
